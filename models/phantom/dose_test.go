package phantom_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/models/phantom"
)

// find walks the content tree for a concept; path is a concept per level.
func find(t *testing.T, ds dataset.Dataset, path ...string) []dataset.Dataset {
	t.Helper()
	here := []dataset.Dataset{ds}
	for _, code := range path {
		var next []dataset.Dataset
		for _, d := range here {
			items, _ := d.Items(dataset.TagContentSequence)
			for _, i := range items {
				name, _ := i.Item(dataset.TagConceptNameCodeSequence)
				if v, _ := name.Text(dataset.TagCodeValue); v == code {
					next = append(next, i)
				}
			}
		}
		here = next
	}
	return here
}

// value is what the only item at a path says.
func value(t *testing.T, ds dataset.Dataset, path ...string) float64 {
	t.Helper()
	got := find(t, ds, path...)
	if len(got) != 1 {
		t.Fatalf("%v: %d items, want 1", path, len(got))
	}
	m, _ := got[0].Item(dataset.TagMeasuredValueSequence)
	v, ok := m.Float(dataset.TagNumericValue)
	if !ok {
		t.Fatalf("%v: no number", path)
	}
	return v
}

// TestDoseReport reads the report back and holds it against the rows of TID 10011 to
// 10013 that are mandatory.
func TestDoseReport(t *testing.T) {
	t.Parallel()
	c := small(8)
	c.Matrix, c.MaxSlices = 64, 40
	c.Form.Series = []phantom.SeriesKind{phantom.DoseReport, phantom.Localizer}
	s := generate(t, c)
	dir := t.TempDir()
	if err := s.WriteDICOM(dir, acquired); err != nil {
		t.Fatalf("WriteDICOM: %v", err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "dose-report-0001.dcm"))
	if err != nil {
		t.Fatal(err)
	}
	meta, r, err := dataset.ReadPart10(bytes.NewReader(b), dataset.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	ds, err := r.ReadDataset()
	if err != nil {
		t.Fatal(err)
	}
	if meta.SOPClassUID != dataset.XRayRadiationDoseSRStorage {
		t.Errorf("class %s", meta.SOPClassUID)
	}
	for i := 1; i < len(ds); i++ {
		if ds[i].Tag <= ds[i-1].Tag {
			t.Errorf("tag %v comes after %v", ds[i].Tag, ds[i-1].Tag)
		}
	}
	_, image := s.Instance(0, acquired)
	for _, tag := range []dataset.Tag{dataset.TagStudyInstanceUID, dataset.TagPatientID, dataset.TagIssuerOfPatientID, dataset.TagAccessionNumber} {
		a, _ := ds.Text(tag)
		if b, _ := image.Text(tag); a != b || a == "" {
			t.Errorf("%v is %q, want %q as in the images", tag, a, b)
		}
	}
	if tpl, _ := ds.Item(dataset.TagContentTemplateSequence); tpl == nil {
		t.Error("no template")
	} else if id, _ := tpl.Text(dataset.TagTemplateIdentifier); id != "10011" {
		t.Errorf("template %q, want 10011", id)
	}
	for _, path := range [][]string{{"121058"}, {"121058", "363703001"}, {"121005"}, {"121012"}, {"113809"}, {"113810"}, {"113705"}, {"113705", "110180"}, {"113811"}, {"113854"}} {
		if n := len(find(t, ds, path...)); n != 1 {
			t.Errorf("%v: %d items, want 1", path, n)
		}
	}
	events := find(t, ds, "113819")
	if n := value(t, ds, "113811", "113812"); int(n) != len(events) || len(events) != 3 {
		t.Errorf("%v events, %d items, want 3", n, len(events))
	}
	for i, e := range events {
		for _, path := range [][]string{{"123014"}, {"113820"}, {"113769"}, {"113822", "113824"}, {"113822", "113825"}, {"113822", "113826"},
			{"113822", "113827"}, {"113822", "113823"}, {"113822", "113831", "113832"}, {"113822", "113831", "113733"}, {"113822", "113831", "113833"}, {"113822", "113831", "113734"}} {
			if n := len(find(t, e, path...)); n != 1 {
				t.Errorf("event %d, %v: %d items, want 1", i, path, n)
			}
		}
	}
	spiral := events[2]
	ctdi, dlp := value(t, spiral, "113829", "113830"), value(t, spiral, "113829", "113838")
	if length := value(t, spiral, "113822", "113825"); math.Abs(dlp-ctdi*length/10) > 0.01*dlp || ctdi < 5 || ctdi > 90 {
		t.Errorf("CTDIvol %v mGy over %v mm makes DLP %v mGy.cm", ctdi, length, dlp)
	}
	if total := value(t, ds, "113811", "113813"); total != dlp {
		t.Errorf("total DLP %v, want %v", total, dlp)
	}
}
