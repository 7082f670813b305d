package dataset_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// mutator makes damaged objects out of whole ones, each of a seed.
type mutator struct {
	bases []base
}

// base is a whole object: its file meta header, the pieces of its data set, one a top
// level element, and where in a piece lengths stand.
type base struct {
	name, uid string
	meta      []byte
	pieces    [][]byte
}

func newMutator(t testing.TB) *mutator {
	t.Helper()
	m := &mutator{}
	for _, uid := range []string{
		dataset.ExplicitVRLittleEndian, dataset.ImplicitVRLittleEndian, dataset.ExplicitVRBigEndian,
		dataset.DeflatedExplicitVRLittleEndian, dataset.JPEG2000Lossless,
	} {
		ts, _ := dataset.LookupTransferSyntax(uid)
		b := base{name: ts.Name, uid: uid}
		var meta bytes.Buffer
		err := dataset.WriteMeta(&meta, dataset.Meta{TransferSyntaxUID: uid, SOPClassUID: dataset.CTImageStorage, SOPInstanceUID: "1.2.3.4", ImplementationClassUID: "1.2.3"})
		if err != nil {
			t.Fatal(err)
		}
		b.meta = meta.Bytes()
		plain := ts
		if ts.Deflated {
			plain, _ = dataset.LookupTransferSyntax(dataset.ExplicitVRLittleEndian)
		}
		for _, e := range mutated(uid) {
			if ts.BigEndian {
				b.pieces = append(b.pieces, bigEndian(e))
				continue
			}
			var piece bytes.Buffer
			if err := dataset.Encode(&piece, plain, dataset.Dataset{e}); err != nil {
				t.Fatalf("%s: %v: %v", b.name, e.Tag, err)
			}
			b.pieces = append(b.pieces, piece.Bytes())
		}
		m.bases = append(m.bases, b)
	}
	return m
}

// bigEndian encodes an element as no writer here does: explicit VR big endian, sequences
// and items of undefined length.
func bigEndian(e dataset.Element) []byte {
	order := binary.BigEndian
	header := func(tag dataset.Tag) []byte {
		return order.AppendUint16(order.AppendUint16(nil, tag.Group()), tag.Element())
	}
	b := append(header(e.Tag), e.VR...)
	if e.VR == dataset.SQ {
		b = append(b, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF)
		for _, item := range e.Items {
			b = append(append(b, header(dataset.NewTag(0xFFFE, 0xE000))...), 0xFF, 0xFF, 0xFF, 0xFF)
			for _, in := range item {
				b = append(b, bigEndian(in)...)
			}
			b = append(append(b, header(dataset.NewTag(0xFFFE, 0xE00D))...), 0, 0, 0, 0)
		}
		return append(append(b, header(dataset.NewTag(0xFFFE, 0xE0DD))...), 0, 0, 0, 0)
	}
	value := slices.Clone(e.Value)
	if e.VR == dataset.US || e.VR == dataset.OW {
		for i := 0; i+1 < len(value); i += 2 {
			value[i], value[i+1] = value[i+1], value[i]
		}
	}
	if slices.Contains([]string{"OB", "OW", "UN", "UT"}, string(e.VR)) {
		b = order.AppendUint32(append(b, 0, 0), uint32(len(value)))
	} else {
		b = order.AppendUint16(b, uint16(len(value)))
	}
	return append(b, value...)
}

// mutated is a data set with one of each kind of element.
func mutated(uid string) dataset.Dataset {
	code := dataset.Dataset{dataset.NewText(dataset.TagCodeValue, "C5"), dataset.NewText(dataset.TagCodingSchemeDesignator, "SCT"), dataset.NewText(dataset.TagCodeMeaning, "Fifth")}
	nested := dataset.Dataset{dataset.NewSequence(dataset.TagConceptNameCodeSequence, code), dataset.NewText(dataset.TagSOPInstanceUID, "1.2.3")}
	private := dataset.NewTag(0x0009, 0x1001)
	unknown := dataset.NewBytes(dataset.NewTag(0x0009, 0x1002), dataset.UN, []byte("whatever"))
	ds := dataset.Dataset{
		dataset.NewText(dataset.TagSpecificCharacterSet, "ISO_IR 100"),
		dataset.NewText(dataset.TagImageType, "ORIGINAL", "PRIMARY"),
		dataset.NewText(dataset.TagSOPClassUID, dataset.CTImageStorage),
		dataset.NewText(dataset.TagSOPInstanceUID, "1.2.3.4"),
		dataset.NewText(dataset.TagStudyDate, "20260301"),
		dataset.NewSequence(dataset.TagProcedureCodeSequence, code, code),
		dataset.NewText(dataset.NewTag(0x0009, 0x0010), "ACME"),
		{Tag: private, VR: dataset.LO, Value: []byte("PRIVATE ")}, unknown,
		dataset.NewText(dataset.TagPatientName, "Doe^Jane"),
		dataset.NewText(dataset.TagPatientID, "1"),
		dataset.NewText(dataset.TagStudyInstanceUID, "1.2"),
		dataset.NewText(dataset.TagSeriesInstanceUID, "1.2.3"),
		dataset.NewInt(dataset.TagRows, 2), dataset.NewInt(dataset.TagColumns, 2), dataset.NewInt(dataset.TagBitsAllocated, 16),
		dataset.NewText(dataset.TagRescaleSlope, "1"),
		dataset.NewSequence(dataset.TagContentSequence, nested, nested),
	}
	pixels := dataset.NewBytes(dataset.TagPixelData, dataset.OW, []byte("12345678"))
	if uid == dataset.JPEG2000Lossless {
		pixels = dataset.Element{Tag: dataset.TagPixelData, VR: dataset.OB, Fragments: [][]byte{{}, []byte("\xff\x4f\xff\x51abcd"), []byte("efgh")}}
	}
	return append(ds, pixels)
}

// make is mutant n: of a few damages, most often one.
func (m *mutator) make(seed, n uint64) []byte {
	r := rand.New(rand.NewPCG(seed, n))
	b := m.bases[n%uint64(len(m.bases))]
	pieces := make([][]byte, len(b.pieces))
	for i := range pieces {
		pieces[i] = slices.Clone(b.pieces[i])
	}
	for range 1 + r.IntN(5)/3 {
		pieces = b.damage(r, pieces)
	}
	body := bytes.Join(pieces, nil)
	if r.IntN(8) == 0 {
		body = body[:r.IntN(len(body)+1)]
	}
	if b.uid == dataset.DeflatedExplicitVRLittleEndian {
		var z bytes.Buffer
		w, _ := flate.NewWriter(&z, flate.BestSpeed)
		w.Write(body)
		w.Close()
		body = z.Bytes()
	}
	return append(slices.Clone(b.meta), body...)
}

// damage does one thing to the pieces of a data set.
func (b base) damage(r *rand.Rand, pieces [][]byte) [][]byte {
	i := r.IntN(len(pieces))
	p := pieces[i]
	order := binary.ByteOrder(binary.LittleEndian)
	if b.uid == dataset.ExplicitVRBigEndian {
		order = binary.BigEndian
	}
	at := r.IntN(len(p))
	switch r.IntN(12) {
	case 0: // a bit
		p[at] ^= 1 << r.IntN(8)
	case 1: // a byte
		p[at] = byte(r.IntN(256))
	case 2: // the length of the element
		b.setLength(p, order, length(r, uint32(len(p))))
	case 3: // something like a length within it
		if len(p) >= at+4 {
			order.PutUint32(p[at:], length(r, uint32(len(p))))
		}
	case 4: // its VR
		if b.uid != dataset.ImplicitVRLittleEndian {
			copy(p[4:6], vrs[r.IntN(len(vrs))])
		}
	case 5: // its tag
		order.PutUint16(p[2*r.IntN(2):], tagHalves[r.IntN(len(tagHalves))])
	case 6: // gone
		return slices.Delete(pieces, i, i+1)
	case 7: // there twice
		return slices.Insert(pieces, i, slices.Clone(p))
	case 8: // in another place
		j := r.IntN(len(pieces))
		pieces[i], pieces[j] = pieces[j], pieces[i]
	case 9: // a delimiter or an item where none belongs
		return slices.Insert(pieces, i, delimiter(r, order))
	case 10: // bytes more, or fewer
		if r.IntN(2) == 0 {
			pieces[i] = slices.Insert(p, at, make([]byte, 1+r.IntN(4))...)
		} else {
			pieces[i] = slices.Delete(p, at, min(len(p), at+1+r.IntN(4)))
		}
	case 11: // undefined, with or without an end
		b.setLength(p, order, 0xFFFFFFFF)
		if r.IntN(2) == 0 {
			end := make([]byte, 8)
			order.PutUint16(end, 0xFFFE)
			order.PutUint16(end[2:], 0xE0DD)
			return slices.Insert(pieces, i+1, end)
		}
	}
	if len(pieces[i]) == 0 {
		return slices.Delete(pieces, i, i+1)
	}
	return pieces
}

// setLength writes the length field of a whole element.
func (b base) setLength(p []byte, order binary.ByteOrder, n uint32) {
	switch {
	case len(p) < 8:
	case b.uid == dataset.ImplicitVRLittleEndian:
		order.PutUint32(p[4:], n)
	case slices.Contains([]string{"OB", "OW", "SQ", "UN", "UT"}, string(p[4:6])):
		if len(p) >= 12 {
			order.PutUint32(p[8:], n)
		}
	default:
		order.PutUint16(p[6:], uint16(n))
	}
}

// length is one that is right for nothing.
func length(r *rand.Rand, near uint32) uint32 {
	all := []uint32{0, 1, 2, 3, 4, near - 1, near + 1, near + 2, 0xFFFE, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF}
	return all[r.IntN(len(all))]
}

var (
	vrs       = []string{"AE", "OB", "OW", "OV", "SQ", "UN", "UT", "UC", "US", "UI", "PN", "FD", "AT", "ZZ", "zz", "\x00\x00", "O ", "  "}
	tagHalves = []uint16{0x0000, 0x0001, 0x0002, 0x0008, 0x0009, 0x0010, 0x0028, 0x7FE0, 0xFFFE, 0xFFFF, 0xE000, 0xE00D, 0xE0DD}
)

func delimiter(r *rand.Rand, order binary.ByteOrder) []byte {
	d := make([]byte, 8)
	order.PutUint16(d, 0xFFFE)
	order.PutUint16(d[2:], []uint16{0xE000, 0xE00D, 0xE0DD}[r.IntN(3)])
	if r.IntN(3) == 0 {
		order.PutUint32(d[4:], length(r, 8))
	}
	return d
}

// TestMutantsFollowFromTheirSeed also wants most of them to differ from their base.
func TestMutantsFollowFromTheirSeed(t *testing.T) {
	t.Parallel()
	a, b := newMutator(t), newMutator(t)
	seen := map[string]bool{}
	for n := range uint64(500) {
		one := a.make(1, n)
		if !bytes.Equal(one, b.make(1, n)) {
			t.Fatalf("mutant %d differs from itself", n)
		}
		seen[fmt.Sprintf("%x", one)] = true
	}
	if len(seen) < 400 {
		t.Errorf("%d of 500 mutants differ", len(seen))
	}
}
