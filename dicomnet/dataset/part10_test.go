package dataset_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

func meta(ts string) dataset.Meta {
	return dataset.Meta{
		TransferSyntaxUID: ts, SOPClassUID: dataset.CTImageStorage, SOPInstanceUID: "1.2.3.4",
		ImplementationClassUID: "1.2.3", ImplementationVersionName: "TEST_1", SourceAETitle: "CT1",
	}
}

func file(t testing.TB, ts string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := dataset.EncodePart10(&b, meta(ts), slice()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPart10(t *testing.T) {
	t.Parallel()
	for _, uid := range []string{dataset.ExplicitVRLittleEndian, dataset.ImplicitVRLittleEndian} {
		f := file(t, uid)
		body := encode(t, uid, slice())
		if n := int(binary.LittleEndian.Uint32(f[140:])); 144+n+len(body) != len(f) {
			t.Errorf("group length %d, file %d, body %d", n, len(f), len(body))
		}
		inputs := map[string][]byte{"with preamble": f, "without preamble": f[128:], "without magic": f[132:], "bare": body}
		for name, in := range inputs {
			m, r, err := dataset.ReadPart10(bytes.NewReader(in), dataset.Limits{})
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if m.TransferSyntaxUID != uid || m.Bare != (name == "bare") {
				t.Errorf("%s: meta = %+v", name, m)
			}
			if !m.Bare && (m.SOPInstanceUID != "1.2.3.4" || m.SourceAETitle != "CT1") {
				t.Errorf("%s: meta = %+v", name, m)
			}
			ds, px, err := r.ReadHeader()
			if err != nil || px.Offset != int64(len(in)-8) || len(ds) != len(slice())-1 {
				t.Errorf("%s: %d elements, %+v, %v; want pixels at %d", name, len(ds), px, err, len(in)-8)
			}
		}
	}
}

func TestPart10Refuses(t *testing.T) {
	t.Parallel()
	unknown := strings.Replace(string(file(t, dataset.RLELossless[:17]+".1")), dataset.ExplicitVRLittleEndian, "1.2.840.10008.9.9.9", 1)
	tests := []struct {
		name, in string
		want     error
	}{
		{"empty", "", dataset.ErrTruncated},
		{"text", "hello, this is not DICOM", dataset.ErrSyntax},
		{"no meta behind the preamble", string(make([]byte, 128)) + "DICM\x08\x00\x16\x00UI\x02\x001\x00", dataset.ErrSyntax},
		{"unknown syntax", unknown, dataset.ErrUnsupported},
		{"sequence in meta", "DICM\x02\x00\x01\x00SQ\x00\x00\xFF\xFF\xFF\xFF", dataset.ErrSyntax},
		{"huge meta value", "DICM\x02\x00\x01\x00OB\x00\x00\xFE\xFF\xFF\xFF", dataset.ErrLimit},
	}
	for _, tt := range tests {
		if _, _, err := dataset.ReadPart10(strings.NewReader(tt.in), dataset.Limits{}); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	bad := meta(dataset.ExplicitVRLittleEndian)
	bad.SOPInstanceUID = ".."
	if err := dataset.EncodePart10(&bytes.Buffer{}, bad, nil); !errors.Is(err, dataset.ErrSyntax) {
		t.Errorf("bad UID: %v", err)
	}
}

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	deep := dataset.Dataset{}
	for range 65 {
		deep = dataset.Dataset{dataset.NewSequence(dataset.TagContentSequence, deep)}
	}
	tests := []struct {
		name string
		uid  string
		ds   dataset.Dataset
		want error
	}{
		{"duplicate", dataset.ExplicitVRLittleEndian, dataset.Dataset{dataset.NewText(dataset.TagModality, "CT"), dataset.NewText(dataset.TagModality, "CT")}, dataset.ErrSyntax},
		{"too long for 16 bits", dataset.ExplicitVRLittleEndian, dataset.Dataset{dataset.NewText(dataset.TagPatientComments, strings.Repeat("x", 65536))}, dataset.ErrLimit},
		{"big endian", dataset.ExplicitVRBigEndian, nil, dataset.ErrUnsupported},
		{"depth", dataset.ExplicitVRLittleEndian, deep, dataset.ErrLimit},
		{"no VR", dataset.ExplicitVRLittleEndian, dataset.Dataset{{Tag: dataset.TagModality}}, dataset.ErrSyntax},
	}
	for _, tt := range tests {
		if err := dataset.Encode(&bytes.Buffer{}, syntax(t, tt.uid), tt.ds); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

// oddFiles are those of the shared collection that break a rule on purpose, and
// the verdict each must get.
var oddFiles = map[string]error{
	"2026-05-06-Deeply-Nested-Sequence.dcm": dataset.ErrLimit,
	"MR_truncated.dcm":                      dataset.ErrTruncated,
	"meta_missing_tsyntax.dcm":              dataset.ErrSyntax, // data set of group 0001
	"no_meta.dcm":                           dataset.ErrSyntax, // a stray byte in front
	"rtplan_truncated.dcm":                  dataset.ErrTruncated,
}

// Real scanners' files read whole, and their headers survive a round trip.
func TestRealFiles(t *testing.T) {
	t.Parallel()
	shared := os.Getenv("NECKFRAC_SHARED")
	if shared == "" {
		t.Skip("NECKFRAC_SHARED is not set: no real CT files here")
	}
	files := 0
	err := filepath.WalkDir(filepath.Join(shared, "data", "real-ct"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".dcm" {
			return err
		}
		files++
		want := oddFiles[filepath.Base(path)]
		if err := roundTripFile(path); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", filepath.Base(path), err, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 100 {
		t.Errorf("only %d .dcm files found", files)
	}
}

func roundTripFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, r, err := dataset.ReadPart10(f, dataset.Limits{})
	if err != nil {
		return err
	}
	ds, px, err := r.ReadHeader()
	if err != nil {
		return err
	}
	if px.Present && !px.Encapsulated() {
		if _, err := r.ReadPixels(); err != nil {
			return err
		}
	}
	explicit, _ := dataset.LookupTransferSyntax(dataset.ExplicitVRLittleEndian)
	var b bytes.Buffer
	if err := dataset.Encode(&b, explicit, ds); err != nil {
		return err
	}
	er, err := dataset.NewReader(&b, explicit, dataset.Limits{})
	if err != nil {
		return err
	}
	again, err := er.ReadDataset()
	if err != nil {
		return err
	}
	for _, e := range again {
		was, _ := ds.Find(e.Tag)
		if len(e.Value)-len(was.Value) > 1 || !bytes.HasPrefix(e.Value, was.Value) || len(e.Items) != len(was.Items) {
			return fmt.Errorf("round trip: %v differs", e.Tag)
		}
	}
	return nil
}
