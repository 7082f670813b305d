package dicomweb_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomweb"
)

func TestJSONOfEachVR(t *testing.T) {
	t.Parallel()
	tag := dataset.NewTag(0x0011, 0x1010)
	for _, c := range []struct {
		e    dataset.Element
		want string
	}{
		{dataset.NewText(dataset.TagPatientName, "A^B=I^J=P"), `"00100010":{"vr":"PN","Value":[{"Alphabetic":"A^B","Ideographic":"I^J","Phonetic":"P"}]}`},
		{dataset.NewText(dataset.TagPatientName, "=I"), `"00100010":{"vr":"PN","Value":[{"Ideographic":"I"}]}`},
		{dataset.NewText(dataset.TagPatientName, ""), `"00100010":{"vr":"PN"}`},
		{dataset.NewText(dataset.TagImageType, "ORIGINAL", "", "AXIAL"), `"00080008":{"vr":"CS","Value":["ORIGINAL",null,"AXIAL"]}`},
		{dataset.NewBytes(tag, dataset.DS, []byte(`1.50\+2\.5\5.\007\-0.5\1e3\x\1E999`)), `"00111010":{"vr":"DS","Value":[1.50,2,0.5,5,7,-0.5,1e3,"x",1E999]}`},
		{dataset.NewBytes(tag, dataset.IS, []byte("12 ")), `"00111010":{"vr":"IS","Value":[12]}`},
		{dataset.NewBytes(tag, dataset.SS, []byte{0xff, 0xff, 1}), `"00111010":{"vr":"SS","Value":[-1]}`},
		{dataset.NewBytes(tag, dataset.UV, []byte{255, 255, 255, 255, 255, 255, 255, 255}), `"00111010":{"vr":"UV","Value":["18446744073709551615"]}`},
		{dataset.NewBytes(tag, dataset.FL, []byte{0, 0, 0xc0, 0x7f, 0, 0, 0x80, 0xff, 0, 0, 0, 0x3f}), `"00111010":{"vr":"FL","Value":["NaN","-inf",0.5]}`},
		{dataset.NewTags(tag, dataset.TagPixelData), `"00111010":{"vr":"AT","Value":["7FE00010"]}`},
		{dataset.NewBytes(tag, dataset.UN, []byte{1, 2, 3}), `"00111010":{"vr":"UN","InlineBinary":"AQID"}`},
		{dataset.NewBytes(tag, dataset.OB, nil), `"00111010":{"vr":"OB"}`},
		{dataset.NewBytes(tag, dataset.LT, []byte("a\\b\r\n ")), `"00111010":{"vr":"LT","Value":["a\\b\r\n"]}`},
		{dataset.NewSequence(dataset.TagReferencedImageSequence, dataset.Dataset{}, dataset.Dataset{dataset.NewText(dataset.TagModality, "CT")}),
			`"00081140":{"vr":"SQ","Value":[{},{"00080060":{"vr":"CS","Value":["CT"]}}]}`},
		{dataset.NewText(dataset.TagSpecificCharacterSet, "ISO_IR 100"), `"00080005":{"vr":"CS","Value":["ISO_IR 192"]}`},
		{dataset.NewBytes(dataset.TagPixelData, dataset.OW, []byte{1, 2}), ``},
		{dataset.NewInt(dataset.NewTag(0x0008, 0), 7), ``},
		{dataset.NewText(dataset.TagTransferSyntaxUID, "1.2"), ``},
		{dataset.NewBytes(tag, "ZZ", []byte{1}), `"00111010":{"vr":"ZZ","InlineBinary":"AQ=="}`},
	} {
		got := string(dicomweb.AppendJSON(nil, dataset.Dataset{c.e}, dicomweb.JSONOptions{}))
		if got != "{"+c.want+"}" {
			t.Errorf("%v %s:\n got %s\nwant {%s}", c.e.Tag, c.e.VR, got, c.want)
		}
	}
}

func TestDecodeJSONRefuses(t *testing.T) {
	t.Parallel()
	small := dicomweb.JSONLimits{Bytes: 200, Elements: 4, Depth: 2}
	seq := func(n int) string {
		return strings.Repeat(`{"00081140":{"vr":"SQ","Value":[`, n) + strings.Repeat(`]}}`, n)
	}
	for _, c := range []struct {
		in   string
		want error
	}{
		{`{}`, nil},
		{`[]`, nil},
		{`[{},{}]`, nil},
		{`{"00100020":{"Value":["1"],"vr":"LO"}}`, nil},
		{`{"00100010":{"Value":[{"Alphabetic":"A"}],"vr":"PN"}}`, nil},
		{``, dicomweb.ErrJSON},
		{`null`, dicomweb.ErrJSON},
		{`[1]`, dicomweb.ErrJSON},
		{`{} {}`, dicomweb.ErrJSON},
		{`[{}`, dicomweb.ErrJSON},
		{`{"0010002":{"vr":"LO"}}`, dicomweb.ErrJSON},
		{`{"00100020":{"vr":"LO"},"00100020":{"vr":"LO"}}`, dicomweb.ErrJSON},
		{`{"00100020":{"vr":"LO"},"00100020":{"vr":"LO","vr":"LO"}}`, dicomweb.ErrJSON},
		{`{"00100020":{"Value":["1"]}}`, dicomweb.ErrJSON},
		{`{"00100020":{"vr":"lo"}}`, dicomweb.ErrJSON},
		{`{"00100020":{"vr":"LO","Value":["a\\b"]}}`, dicomweb.ErrJSON},
		{`{"00100020":{"vr":"LO","Value":[1]}}`, dicomweb.ErrJSON},
		{`{"00100020":{"vr":"LO","Value":[{}]}}`, dicomweb.ErrJSON},
		{`{"00100020":{"vr":"LO","more":1}}`, dicomweb.ErrJSON},
		{`{"00100010":{"vr":"PN","Value":[{"Alphabetic":"a","Alphabetic":"b"}]}}`, dicomweb.ErrJSON},
		{`{"00280010":{"vr":"US","Value":[65536]}}`, dicomweb.ErrJSON},
		{`{"00280010":{"vr":"US","Value":[-1]}}`, dicomweb.ErrJSON},
		{`{"00280010":{"vr":"US","Value":[true]}}`, dicomweb.ErrJSON},
		{`{"00111010":{"vr":"OB","InlineBinary":"*"}}`, dicomweb.ErrJSON},
		{`{"00111010":{"vr":"LO","InlineBinary":"AQ=="}}`, dicomweb.ErrJSON},
		{`{"00081140":{"vr":"SQ","Value":["x"]}}`, dicomweb.ErrJSON},
		{seq(2), nil},
		{seq(3), dicomweb.ErrLimit},
		{`{"00080008":{"vr":"CS","Value":["A","B","C"]}}`, nil},
		{`{"00080008":{"vr":"CS","Value":["A","B","C","D"]}}`, dicomweb.ErrLimit},
		{`{}` + strings.Repeat(" ", 198), nil},
		{`{}` + strings.Repeat(" ", 199), dicomweb.ErrLimit},
	} {
		err := dicomweb.DecodeJSON(strings.NewReader(c.in), small, func(dicomweb.Object) error { return nil })
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%.80s: got %v, want %v", c.in, err, c.want)
		}
	}
	stop := errors.New("stop")
	if err := dicomweb.DecodeJSON(strings.NewReader(`[{},{}]`), small, func(dicomweb.Object) error { return stop }); err != stop {
		t.Errorf("got %v, want the callback's error", err)
	}
}

// FuzzDICOMJSON: what decodes, encodes to something that decodes to the same.
func FuzzDICOMJSON(f *testing.F) {
	f.Add(`[{"00100010":{"vr":"PN","Value":[{"Alphabetic":"A^B"}]},"00280010":{"vr":"US","Value":[512]}}]`)
	f.Add(`{"00081140":{"vr":"SQ","Value":[{"00111010":{"vr":"OB","InlineBinary":"AQID"}}]},"7FE00010":{"vr":"OW","BulkDataURI":"http://x/y"}}`)
	f.Add(`{"00111010":{"vr":"FD","Value":[1e3,"NaN",-0.0]},"00111011":{"vr":"DS","Value":[1.50,"x",null]},"00111012":{"vr":"AT","Value":["00100010"]}}`)
	f.Add(strings.Repeat(`{"00081140":{"vr":"SQ","Value":[`, 40))
	f.Fuzz(func(t *testing.T, doc string) {
		lim := dicomweb.JSONLimits{Bytes: 1 << 16, Elements: 500, Depth: 8}
		dicomweb.DecodeJSON(strings.NewReader(doc), lim, func(o dicomweb.Object) error {
			bulk := dicomweb.JSONOptions{InlineBytes: 1 << 20, BulkDataURI: func(string) string { return "x" }}
			once := dicomweb.AppendJSON(nil, o.Dataset, bulk)
			if !json.Valid(once) {
				t.Fatalf("not JSON: %s", once)
			}
			err := dicomweb.DecodeJSON(bytes.NewReader(once), dicomweb.JSONLimits{}, func(again dicomweb.Object) error {
				if twice := dicomweb.AppendJSON(nil, again.Dataset, bulk); !bytes.Equal(once, twice) {
					t.Fatalf("differs:\n%s\n%s", once, twice)
				}
				return nil
			})
			if err != nil {
				t.Fatalf("own output does not decode: %v: %s", err, once)
			}
			return nil
		})
	})
}

// FuzzJSONOfDataset: any data set becomes JSON that decodes.
func FuzzJSONOfDataset(f *testing.F) {
	var b bytes.Buffer
	explicit, _ := dataset.LookupTransferSyntax(dataset.ExplicitVRLittleEndian)
	if err := dataset.Encode(&b, explicit, ct("1.2.3.1.1", dataset.NewFloat(dataset.TagPixelSpacing, 0.5, math.Pi))); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := dataset.NewReader(bytes.NewReader(raw), explicit, dataset.Limits{MaxElementBytes: 1 << 16, MaxTotalBytes: 1 << 18, MaxElements: 1000, MaxDepth: 8})
		if err != nil {
			t.Fatal(err)
		}
		ds, err := r.ReadDataset()
		if err != nil {
			return
		}
		out := dicomweb.AppendJSON(nil, ds, dicomweb.JSONOptions{})
		if !json.Valid(out) {
			t.Fatalf("not JSON: %s", out)
		}
	})
}
