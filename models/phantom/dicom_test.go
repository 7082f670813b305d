package phantom_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/models/nifti"
	"github.com/neckfrac/neckfrac/models/phantom"
)

var acquired = time.Date(2026, 3, 1, 21, 40, 0, 0, time.FixedZone("", 3600))

func TestInstanceHasTheTestPatient(t *testing.T) {
	t.Parallel()
	s := generate(t, small(12))
	meta, ds := s.Instance(0, acquired)
	var b bytes.Buffer
	if err := dataset.EncodePart10(&b, meta, ds); err != nil {
		t.Fatalf("EncodePart10: %v", err)
	}
	for tag, want := range map[dataset.Tag]string{
		dataset.TagPatientName: "TEST^SYNTHETIC", dataset.TagPatientID: "NF-TEST-12", dataset.TagIssuerOfPatientID: "NECKFRAC-PHANTOM",
		dataset.TagSeriesDescription: "TEST – SYNTHETIC", dataset.TagStudyDate: "20260301", dataset.TagStudyTime: "214000.000000",
		dataset.TagTimezoneOffsetFromUTC: "+0100", dataset.TagBodyPartExamined: "CSPINE", dataset.TagModality: "CT",
	} {
		if got, _ := ds.Text(tag); got != want {
			t.Errorf("%v = %q, want %q", tag, got, want)
		}
	}
	for i := 1; i < len(ds); i++ {
		if ds[i].Tag <= ds[i-1].Tag {
			t.Errorf("tag %v comes after %v", ds[i].Tag, ds[i-1].Tag)
		}
	}
	later, _ := s.Instance(0, acquired.Add(time.Hour))
	if later.SOPInstanceUID == meta.SOPInstanceUID || !dataset.ValidUID(meta.SOPInstanceUID) {
		t.Error("the time of acquisition does not change the instance's UID, or it is none")
	}
	_, other := s.Instance(1, acquired)
	a, _ := ds.UID(dataset.TagStudyInstanceUID)
	c, _ := other.UID(dataset.TagStudyInstanceUID)
	if a != c {
		t.Error("two slices have two studies")
	}
}

// A voxel keeps its value and its place in the patient through DICOM: left stays left.
func TestDICOMKeepsSides(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{20, 21} {
		s := generate(t, small(seed))
		v := &s.Volume
		i, j, k := v.Dims[0]/2+9, v.Dims[1]/2-4, v.Dims[2]/3
		_, ds := s.Instance(k, acquired)
		pos, _ := ds.Floats(dataset.TagImagePositionPatient)
		dir, _ := ds.Floats(dataset.TagImageOrientationPatient)
		px, _ := ds.Floats(dataset.TagPixelSpacing)
		if len(pos) != 3 || len(dir) != 6 || len(px) != 2 {
			t.Fatalf("geometry: %v %v %v", pos, dir, px)
		}
		want := v.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)})
		for a := range 3 {
			got := pos[a] + dir[a]*px[1]*float64(i) + dir[3+a]*px[0]*float64(j)
			if d := got - want[a]; d > 1e-3 || d < -1e-3 {
				t.Errorf("seed %d: axis %d at %.3f, want %.3f", seed, a, got, want[a])
			}
		}
		if x0, x1 := v.ToMM(neckfrac.Vec3{0, 0, 0})[0], v.ToMM(neckfrac.Vec3{1, 0, 0})[0]; x1 <= x0 {
			t.Error("columns do not run to the patient's left")
		}
		raw, _ := ds.Bytes(dataset.TagPixelData)
		intercept, _ := ds.Float(dataset.TagRescaleIntercept)
		stored := binary.LittleEndian.Uint16(raw[2*(j*v.Dims[0]+i):])
		hu := float64(stored) + intercept
		if rep, _ := ds.Uint16(dataset.TagPixelRepresentation); rep == 1 {
			hu = float64(int16(stored)) + intercept
		}
		if hu != float64(v.HU[v.Index(i, j, k)]) {
			t.Errorf("seed %d: %v HU, want %d", seed, hu, v.HU[v.Index(i, j, k)])
		}
	}
}

// A fracture of one side is on the same side in picture, mask and truth, for both sides.
func TestSidesOfFractures(t *testing.T) {
	t.Parallel()
	seen := map[bool]bool{}
	for seed := uint64(0); seed < 12 && len(seen) < 2; seed++ {
		c := small(900 + seed)
		c.Mode, c.Fractures = phantom.Forced, []phantom.FractureSpec{{Level: neckfrac.C7, Type: phantom.TransverseProcess}}
		s := generate(t, c)
		if s.Truth.Levels[neckfrac.C7].Label == 0 {
			continue
		}
		box := s.Truth.Levels[neckfrac.C7].BoxMM
		mid := (box[0] + box[3]) / 2
		var left, right int
		for k := range s.Volume.Dims[2] {
			for j := range s.Volume.Dims[1] {
				for i := range s.Volume.Dims[0] {
					if s.Fracture[s.Volume.Index(i, j, k)] == 0 {
						continue
					}
					if s.Volume.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)})[0] > mid {
						left++
					} else {
						right++
					}
				}
			}
		}
		if min(left, right) > 0 {
			t.Errorf("seed %d: a fracture of one side has %d voxels left and %d right", 900+seed, left, right)
		}
		seen[left > right] = true
	}
	if len(seen) < 2 {
		t.Error("only one side was ever broken")
	}
}

func TestSetIsCompleteAndResumes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := small(40)
	c.Matrix, c.MaxSlices, c.Mode = 64, 40, phantom.Enriched
	set := phantom.Set{First: c, Count: 2, Acquired: acquired}
	ix, err := set.Write(context.Background(), dir)
	if err != nil {
		t.Fatalf("Write: %v", err)
	}
	for _, e := range ix.Studies {
		files, err := filepath.Glob(filepath.Join(dir, e.ID, "dicom", "*.dcm"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d instances, %v", e.ID, len(files), err)
		}
		m, err := nifti.ReadFile(filepath.Join(dir, e.ID, "labels.nii.gz"), nifti.Limits{})
		if err != nil || m.Dims[2] != len(files) {
			t.Errorf("%s: labels of %v for %d slices, %v", e.ID, m.Dims, len(files), err)
		}
		if _, err := nifti.ReadFile(filepath.Join(dir, e.ID, "fracture.nii.gz"), nifti.Limits{}); err != nil {
			t.Errorf("%s: %v", e.ID, err)
		}
		b, err := os.ReadFile(filepath.Join(dir, e.ID, "truth.json"))
		if err != nil {
			t.Fatal(err)
		}
		var truth phantom.Truth
		if err := json.Unmarshal(b, &truth); err != nil || len(truth.Levels) != 7 || truth.Digest != e.Digest {
			t.Errorf("%s: truth %+v, %v", e.ID, truth, err)
		}
	}
	var again []int
	set.Progress = func(done, _ int) { again = append(again, done) }
	second, err := set.Write(context.Background(), dir)
	if err != nil || second.Digest != ix.Digest || len(again) != 2 {
		t.Errorf("second run: %v, progress %v", err, again)
	}
	set.First.Mode = phantom.Natural
	if _, err := set.Write(context.Background(), dir); neckfrac.KindOf(err) != neckfrac.Conflict {
		t.Errorf("other recipe: %v, want conflict", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := set.Write(ctx, dir); err == nil {
		t.Error("a cancelled context is ignored")
	}
}
