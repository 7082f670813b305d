package dataset_test

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

func syntax(t testing.TB, uid string) dataset.TransferSyntax {
	t.Helper()
	ts, ok := dataset.LookupTransferSyntax(uid)
	if !ok {
		t.Fatalf("transfer syntax %s unknown", uid)
	}
	return ts
}

func encode(t testing.TB, uid string, ds dataset.Dataset) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := dataset.Encode(&b, syntax(t, uid), ds); err != nil {
		t.Fatalf("encode: %v", err)
	}
	return b.Bytes()
}

func read(t testing.TB, uid string, b []byte, lim dataset.Limits) (dataset.Dataset, error) {
	t.Helper()
	r, err := dataset.NewReader(bytes.NewReader(b), syntax(t, uid), lim)
	if err != nil {
		t.Fatalf("new reader: %v", err)
	}
	return r.ReadDataset()
}

// slice is a small CT slice with a nested sequence.
func slice() dataset.Dataset {
	return dataset.Dataset{
		dataset.NewText(dataset.TagSpecificCharacterSet, "ISO_IR 100"),
		dataset.NewText(dataset.TagSOPClassUID, dataset.CTImageStorage),
		dataset.NewText(dataset.TagSOPInstanceUID, "1.2.3.4"),
		dataset.NewSequence(dataset.TagProcedureCodeSequence, dataset.Dataset{
			dataset.NewText(dataset.TagCodeValue, "CTNECK"),
			dataset.NewSequence(dataset.TagEquivalentCodeSequence, dataset.Dataset{}),
		}, dataset.Dataset{}),
		dataset.NewText(dataset.TagPatientName, "M\xfcller^Eva"),
		dataset.NewFloat(dataset.TagRevolutionTime, 0.5),
		dataset.NewInt(dataset.TagInstanceNumber, 42),
		dataset.NewFloat(dataset.TagImagePositionPatient, -120.5, 0.1, 1.0/3),
		dataset.NewInt(dataset.TagRows, 2),
		dataset.NewInt(dataset.TagColumns, 2),
		dataset.NewBytes(dataset.TagPixelData, dataset.OW, []byte{1, 0, 2, 0, 3, 0, 4, 0}),
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, uid := range []string{dataset.ImplicitVRLittleEndian, dataset.ExplicitVRLittleEndian} {
		b := encode(t, uid, slice())
		got, err := read(t, uid, b, dataset.Limits{})
		if err != nil {
			t.Fatalf("%s: %v", uid, err)
		}
		if again := encode(t, uid, got); !bytes.Equal(again, b) {
			t.Errorf("%s: second encoding differs:\n got %x\nwant %x", uid, again, b)
		}
		if len(b)&1 != 0 {
			t.Errorf("%s: odd length %d", uid, len(b))
		}
	}
}

func TestAccessors(t *testing.T) {
	t.Parallel()
	ds, err := read(t, dataset.ExplicitVRLittleEndian, encode(t, dataset.ExplicitVRLittleEndian, slice()), dataset.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := ds.UID(dataset.TagSOPInstanceUID); !ok || v != "1.2.3.4" {
		t.Errorf("UID = %q, %v", v, ok)
	}
	if v, ok := ds.Text(dataset.TagPatientName); !ok || v != "Müller^Eva" {
		t.Errorf("Text = %q, %v", v, ok)
	}
	if v, ok := ds.Int(dataset.TagInstanceNumber); !ok || v != 42 {
		t.Errorf("Int(IS) = %d, %v", v, ok)
	}
	if v, ok := ds.Uint16(dataset.TagRows); !ok || v != 2 {
		t.Errorf("Uint16 = %d, %v", v, ok)
	}
	if v, ok := ds.Floats(dataset.TagImagePositionPatient); !ok || len(v) != 3 || v[0] != -120.5 || v[1] != 0.1 {
		t.Errorf("Floats(DS) = %v, %v", v, ok)
	}
	if v, ok := ds.Float(dataset.TagRevolutionTime); !ok || v != 0.5 {
		t.Errorf("Float(FD) = %v, %v", v, ok)
	}
	item, ok := ds.Item(dataset.TagProcedureCodeSequence)
	if v, _ := item.String(dataset.TagCodeValue); !ok || v != "CTNECK" {
		t.Errorf("code value = %q, %v", v, ok)
	}
	if _, ok := ds.String(dataset.TagStudyID); ok {
		t.Error("an absent element is ok")
	}
}

func TestAccessorsRefuse(t *testing.T) {
	t.Parallel()
	text := func(tag dataset.Tag, s string) dataset.Dataset { return dataset.Dataset{dataset.NewText(tag, s)} }
	for _, s := range []string{"", " ", "NaN", "inf", "0x10", "1_0", "1,5", "--1", "1e999", `1\x`} {
		if v, ok := text(dataset.TagSliceThickness, s).Floats(dataset.TagSliceThickness); ok {
			t.Errorf("Floats(%q) = %v, want not ok", s, v)
		}
	}
	for _, s := range []string{"", "1.5", "x", "99999999999999999999"} {
		if v, ok := text(dataset.TagInstanceNumber, s).Int(dataset.TagInstanceNumber); ok {
			t.Errorf("Int(%q) = %v, want not ok", s, v)
		}
	}
	short := dataset.Dataset{dataset.NewBytes(dataset.TagRows, dataset.US, []byte{1})}
	if _, ok := short.Uint16(dataset.TagRows); ok {
		t.Error("Uint16 of one byte is ok")
	}
	nan := dataset.Dataset{dataset.NewBytes(dataset.TagRevolutionTime, dataset.FD, []byte{0, 0, 0, 0, 0, 0, 0xF8, 0x7F})}
	if _, ok := nan.Float(dataset.TagRevolutionTime); ok {
		t.Error("Float of NaN is ok")
	}
}

func TestReadHeaderStopsAtPixels(t *testing.T) {
	t.Parallel()
	b := encode(t, dataset.ExplicitVRLittleEndian, slice())
	r, err := dataset.NewReader(bytes.NewReader(b), syntax(t, dataset.ExplicitVRLittleEndian), dataset.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	ds, px, err := r.ReadHeader()
	if err != nil {
		t.Fatal(err)
	}
	if ds.Has(dataset.TagPixelData) || !px.Present || px.Length != 8 || px.Offset != int64(len(b)-8) || px.Encapsulated() {
		t.Errorf("pixel data = %+v of %d bytes", px, len(b))
	}
	v, err := r.ReadPixels()
	if err != nil || !bytes.Equal(v, []byte{1, 0, 2, 0, 3, 0, 4, 0}) {
		t.Errorf("pixels = %x, %v", v, err)
	}
	if _, err := r.ReadPixels(); !errors.Is(err, dataset.ErrSyntax) {
		t.Errorf("second ReadPixels = %v", err)
	}
}

func TestFragments(t *testing.T) {
	t.Parallel()
	frags := [][]byte{{}, {1, 2, 3, 4}, {5, 6}}
	in := dataset.Dataset{
		dataset.NewText(dataset.TagSOPInstanceUID, "1.2"),
		{Tag: dataset.TagPixelData, VR: dataset.OB, Fragments: frags},
		dataset.NewBytes(dataset.TagDataSetTrailingPadding, dataset.OB, []byte{0, 0}),
	}
	b := encode(t, dataset.JPEGLosslessSV1, in)
	got, err := read(t, dataset.JPEGLosslessSV1, b, dataset.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got[1].Fragments, frags) || len(got) != 3 {
		t.Errorf("fragments = %v", got)
	}
	r, err := dataset.NewReader(bytes.NewReader(b), syntax(t, dataset.JPEGLosslessSV1), dataset.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, px, err := r.ReadHeader(); err != nil || !px.Encapsulated() {
		t.Fatalf("header: %+v, %v", px, err)
	}
	for i, want := range frags {
		if f, err := r.ReadFragment(); err != nil || !bytes.Equal(f, want) {
			t.Errorf("fragment %d = %x, %v; want %x", i, f, err, want)
		}
	}
	if _, err := r.ReadFragment(); err != io.EOF {
		t.Errorf("after the last fragment: %v, want io.EOF", err)
	}
}

// No prefix of a data set may read as a whole one, unless it ends between two
// top-level elements.
func TestTruncationSweep(t *testing.T) {
	t.Parallel()
	for _, uid := range []string{dataset.ImplicitVRLittleEndian, dataset.ExplicitVRLittleEndian} {
		ds := slice()
		whole := encode(t, uid, ds)
		borders := map[int]bool{}
		for i := range ds {
			borders[len(encode(t, uid, ds[:i]))] = true
		}
		for n := range whole {
			_, err := read(t, uid, whole[:n], dataset.Limits{})
			if borders[n] != (err == nil) {
				t.Fatalf("%s: %d of %d bytes: %v", uid, n, len(whole), err)
			}
			if err != nil && !errors.Is(err, dataset.ErrTruncated) {
				t.Fatalf("%s: %d bytes: %v, want ErrTruncated", uid, n, err)
			}
		}
	}
}
