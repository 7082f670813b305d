package dicomweb

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// JSONOptions rule how a data set becomes DICOM JSON. The zero value puts every value
// inline.
type JSONOptions struct {
	// InlineBytes is the longest binary value that stays inline; longer ones become
	// bulk data if BulkDataURI is set. Defaults to 0.
	InlineBytes int
	// BulkDataURI returns the address of a binary value by its path, such as
	// "7FE00010" or "00081140/0/00091002".
	BulkDataURI func(path string) string
}

// AppendJSON appends ds in the DICOM JSON Model (PS3.18 Annex F) as one object. Text is
// converted to UTF-8 and Specific Character Set says so. Group lengths and group 0002 are
// left out, of duplicate tags all but the first. Pixel data are never inlined: without a
// BulkDataURI they are left out.
func AppendJSON(dst []byte, ds dataset.Dataset, opt JSONOptions) []byte {
	e := jsonEncoder{opt: opt}
	return e.dataset(dst, ds, ds.CharacterSet(), "")
}

type jsonEncoder struct{ opt JSONOptions }

func (e *jsonEncoder) dataset(dst []byte, ds dataset.Dataset, charset, path string) []byte {
	if own := ds.CharacterSet(); own != "" {
		charset = own // PS3.5 §7.5.3: an item may state its own
	}
	ds = slices.Clone(ds)
	slices.SortStableFunc(ds, func(a, b dataset.Element) int { return int(int64(a.Tag) - int64(b.Tag)) })
	dst = append(dst, '{')
	first := true
	for i, x := range ds {
		if x.Tag.Element() == 0 || x.Tag.Group() <= 0x0002 || i > 0 && ds[i-1].Tag == x.Tag {
			continue
		}
		at := len(dst)
		if !first {
			dst = append(dst, ',')
		}
		key := tagKey(x.Tag)
		dst = append(append(append(dst, '"'), key...), `":`...)
		var ok bool
		if dst, ok = e.element(dst, x, charset, path+key); !ok {
			dst = dst[:at]
			continue
		}
		first = false
	}
	return append(dst, '}')
}

// element appends {"vr":…,…}; false leaves the attribute out.
func (e *jsonEncoder) element(dst []byte, x dataset.Element, charset, path string) ([]byte, bool) {
	vr := x.VR
	if len(vr) != 2 {
		vr = dataset.UN
	}
	dst = append(append(append(dst, `{"vr":"`...), vr...), '"')
	pixels := x.Fragments != nil || x.Tag == dataset.TagPixelData
	switch {
	case vr == dataset.SQ:
		if len(x.Items) > 0 {
			dst = append(dst, `,"Value":[`...)
			for i, item := range x.Items {
				if i > 0 {
					dst = append(dst, ',')
				}
				dst = e.dataset(dst, item, charset, path+"/"+strconv.Itoa(i)+"/")
			}
			dst = append(dst, ']')
		}
	case pixels, binaryVR(vr):
		return e.binary(dst, x, path, pixels)
	case len(x.Value) == 0:
	case vr == dataset.AT || numberVR(vr):
		dst = numbers(dst, x)
	default:
		dst = texts(dst, x, vr, charset)
	}
	return append(dst, '}'), true
}

func (e *jsonEncoder) binary(dst []byte, x dataset.Element, path string, pixels bool) ([]byte, bool) {
	switch {
	case e.opt.BulkDataURI != nil && (pixels || len(x.Value) > e.opt.InlineBytes):
		dst = append(dst, `,"BulkDataURI":`...)
		dst = appendString(dst, e.opt.BulkDataURI(path))
	case pixels:
		return dst, false
	case len(x.Value) > 0:
		dst = append(dst, `,"InlineBinary":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, x.Value)
		dst = append(dst, '"')
	}
	return append(dst, '}'), true
}

// texts appends the values of a character string VR. An empty value among others is
// null (PS3.18 §F.2.5).
func texts(dst []byte, x dataset.Element, vr dataset.VR, charset string) []byte {
	if x.Tag == dataset.TagSpecificCharacterSet {
		return append(dst, `,"Value":["ISO_IR 192"]`...)
	}
	values, ok := dataset.Element{Tag: x.Tag, VR: vr, Value: x.Value}.Strings()
	if !ok {
		return dst
	}
	dst = append(dst, `,"Value":[`...)
	for i, v := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		switch {
		case v == "":
			dst = append(dst, "null"...)
		case vr == dataset.PN:
			dst = personName(dst, dataset.DecodeText(charset, v))
		case vr == dataset.DS || vr == dataset.IS:
			dst = appendNumber(dst, v)
		default:
			dst = appendString(dst, dataset.DecodeText(charset, v))
		}
	}
	return append(dst, ']')
}

// personName appends the component groups of PS3.5 §6.2 (PN).
func personName(dst []byte, v string) []byte {
	dst = append(dst, '{')
	first := true
	for i, group := range strings.SplitN(v, "=", 3) {
		if group == "" {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(append(append(dst, '"'), personGroups[i]...), `":`...)
		dst = appendString(dst, group)
	}
	return append(dst, '}')
}

var personGroups = [...]string{"Alphabetic", "Ideographic", "Phonetic"}

// numbers appends binary numbers, and tags of AT as eight hexadecimal digits. A length
// that is no multiple of the word's is cut.
func numbers(dst []byte, x dataset.Element) []byte {
	dst = append(dst, `,"Value":[`...)
	w := wordOf(x.VR)
	for b, n := x.Value, 0; len(b) >= w; b, n = b[w:], n+1 {
		if n > 0 {
			dst = append(dst, ',')
		}
		le := binary.LittleEndian
		switch x.VR {
		case dataset.AT:
			dst = append(dst, '"')
			dst = append(dst, tagKey(dataset.NewTag(le.Uint16(b), le.Uint16(b[2:])))...)
			dst = append(dst, '"')
		case dataset.US:
			dst = strconv.AppendUint(dst, uint64(le.Uint16(b)), 10)
		case dataset.SS:
			dst = strconv.AppendInt(dst, int64(int16(le.Uint16(b))), 10)
		case dataset.UL:
			dst = strconv.AppendUint(dst, uint64(le.Uint32(b)), 10)
		case dataset.SL:
			dst = strconv.AppendInt(dst, int64(int32(le.Uint32(b))), 10)
		case dataset.UV:
			dst = appendBig(dst, strconv.FormatUint(le.Uint64(b), 10))
		case dataset.SV:
			dst = appendBig(dst, strconv.FormatInt(int64(le.Uint64(b)), 10))
		case dataset.FL:
			dst = appendFloat(dst, float64(math.Float32frombits(le.Uint32(b))), 32)
		case dataset.FD:
			dst = appendFloat(dst, math.Float64frombits(le.Uint64(b)), 64)
		}
	}
	return append(dst, ']')
}

// appendBig writes a 64-bit integer, as a string where a JSON reader would round it.
func appendBig(dst []byte, s string) []byte {
	if len(s) > 15 {
		return appendString(dst, s)
	}
	return append(dst, s...)
}

// appendFloat writes what JSON numbers can't say as strings.
func appendFloat(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(dst, `"inf"`...)
	case math.IsInf(f, -1):
		return append(dst, `"-inf"`...)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, bits)
}

// appendNumber writes a DS or IS as the number it is, digits unchanged where JSON allows
// them, and anything else as a string.
func appendNumber(dst []byte, s string) []byte {
	t := strings.TrimPrefix(s, "+")
	sign := ""
	if strings.HasPrefix(t, "-") {
		sign, t = "-", t[1:]
	}
	for len(t) > 1 && t[0] == '0' && t[1] >= '0' && t[1] <= '9' {
		t = t[1:]
	}
	if strings.HasPrefix(t, ".") {
		t = "0" + t
	}
	t = strings.TrimSuffix(t, ".")
	if t = sign + t; strings.Trim(t, "0123456789+-.eE") == "" && json.Valid([]byte(t)) {
		return append(dst, t...)
	}
	return appendString(dst, s)
}

// appendString writes a JSON string without HTML escapes of its own; control characters
// are escaped, invalid UTF-8 is replaced.
func appendString(dst []byte, s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		return append(dst, `""`...)
	}
	return append(dst, b...)
}

const hexDigits = "0123456789ABCDEF"

// tagKey is the tag as eight upper-case hexadecimal digits.
func tagKey(t dataset.Tag) string {
	var b [8]byte
	for i := range b {
		b[i] = hexDigits[t>>(28-4*i)&0xF]
	}
	return string(b[:])
}

func binaryVR(vr dataset.VR) bool {
	switch vr {
	case dataset.OB, dataset.OD, dataset.OF, dataset.OL, dataset.OV, dataset.OW, dataset.UN:
		return true
	}
	return !numberVR(vr) && !textVR(vr) && vr != dataset.AT && vr != dataset.SQ
}

func numberVR(vr dataset.VR) bool {
	switch vr {
	case dataset.US, dataset.SS, dataset.UL, dataset.SL, dataset.UV, dataset.SV, dataset.FL, dataset.FD:
		return true
	}
	return false
}

func textVR(vr dataset.VR) bool {
	switch vr {
	case dataset.AE, dataset.AS, dataset.CS, dataset.DA, dataset.DS, dataset.DT, dataset.IS, dataset.LO, dataset.LT,
		dataset.PN, dataset.SH, dataset.ST, dataset.TM, dataset.UC, dataset.UI, dataset.UR, dataset.UT:
		return true
	}
	return false
}

// wordOf is the size of one value of a number VR or AT.
func wordOf(vr dataset.VR) int {
	switch vr {
	case dataset.US, dataset.SS:
		return 2
	case dataset.UV, dataset.SV, dataset.FD:
		return 8
	}
	return 4
}
