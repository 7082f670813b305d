package volume_test

import (
	"encoding/binary"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// position is how a patient lies in the scanner, PS3.3 §C.7.3.1.1.2: (0018,5100) and what
// the direction cosines then are. The table moves from the first slice on.
type position struct {
	code     string
	row, col neckfrac.Vec3
	stepSign float64
}

var positions = []position{
	{"HFS", neckfrac.Vec3{1, 0, 0}, neckfrac.Vec3{0, 1, 0}, 1},
	{"HFP", neckfrac.Vec3{-1, 0, 0}, neckfrac.Vec3{0, -1, 0}, 1},
	{"HFDR", neckfrac.Vec3{0, 1, 0}, neckfrac.Vec3{-1, 0, 0}, 1},
	{"HFDL", neckfrac.Vec3{0, -1, 0}, neckfrac.Vec3{1, 0, 0}, 1},
	{"FFS", neckfrac.Vec3{-1, 0, 0}, neckfrac.Vec3{0, 1, 0}, -1},
	{"FFP", neckfrac.Vec3{1, 0, 0}, neckfrac.Vec3{0, -1, 0}, -1},
	{"FFDR", neckfrac.Vec3{0, -1, 0}, neckfrac.Vec3{-1, 0, 0}, -1},
	{"FFDL", neckfrac.Vec3{0, 1, 0}, neckfrac.Vec3{1, 0, 0}, -1},
}

// lying is the scan of a patient in a position.
func (p position) lying() scan {
	s := neck()
	s.row, s.col, s.stepMM = p.row, p.col, p.stepSign
	s.extra = texts(dataset.TagPatientPosition, p.code)
	return s
}

// paint gives each pixel the value that the patient has where the header says it lies.
func paint(hu func(neckfrac.Vec3) float64) func(int, dataset.Dataset) dataset.Dataset {
	return func(_ int, ds dataset.Dataset) dataset.Dataset {
		pos, _ := ds.Floats(dataset.TagImagePositionPatient)
		dir, _ := ds.Floats(dataset.TagImageOrientationPatient)
		mm, _ := ds.Floats(dataset.TagPixelSpacing)
		rows, _ := ds.Uint16(dataset.TagRows)
		cols, _ := ds.Uint16(dataset.TagColumns)
		var px []byte
		for r := range int(rows) {
			for c := range int(cols) {
				var p neckfrac.Vec3
				for a := range 3 {
					p[a] = pos[a] + dir[a]*mm[1]*float64(c) + dir[3+a]*mm[0]*float64(r)
				}
				px = binary.LittleEndian.AppendUint16(px, uint16(int(hu(p)+1024.5)))
			}
		}
		return ds.Put(dataset.NewBytes(dataset.TagPixelData, dataset.OW, px))
	}
}

// markedPatient is asymmetric on every axis: what is left of the middle is 100 HU more
// than what is right of it, what is posterior 200, what is nearer to the head 400.
func markedPatient(middleMM float64) func(neckfrac.Vec3) float64 {
	return func(p neckfrac.Vec3) float64 {
		v := 0.0
		for a, at := range []float64{0, 0, middleMM} {
			if p[a] > at {
				v += 100 * float64(int(1)<<a)
			}
		}
		return v
	}
}

// TestPatientPositions is the proof of left and right, front and back, head and foot: the
// same asymmetric patient, scanned in each of the eight positions and stored in both
// forms, has each marked part at the same end of the volume's axes.
func TestPatientPositions(t *testing.T) {
	t.Parallel()
	for _, p := range positions {
		t.Run(p.code, func(t *testing.T) {
			t.Parallel()
			s := p.lying()
			middle := s.firstMM + s.stepMM*float64(s.n-1)/2
			s.edit = paint(markedPatient(middle))
			one := s.enhanced(dataset.EnhancedCTImageStorage, dataset.ExplicitVRLittleEndian).input(t)
			for form, in := range map[string][]volume.Input{"single frames": s.files(t), "enhanced": {one}} {
				got, err := volume.Assemble(t.Context(), in, volume.Limits{})
				if err != nil {
					t.Fatalf("%s: %v", form, err)
				}
				v := got.Volume
				// In a decubitus position the rows of the image run along the patient's y.
				want := [3]int{s.cols, s.rows, s.n}
				if p.row[0] == 0 {
					want = [3]int{s.rows, s.cols, s.n}
				}
				if v.Dims != want || got.ShearDegrees != 0 {
					t.Fatalf("%s: dims %v, shear %v, want %v and none", form, v.Dims, got.ShearDegrees, want)
				}
				for k := range v.Dims[2] {
					for j := range v.Dims[1] {
						for i := range v.Dims[0] {
							w := 0
							for a, at := range []int{i, j, k} {
								if 2*at >= v.Dims[a] {
									w += 100 << a
								}
							}
							if hu := int(v.HU[v.Index(i, j, k)]); hu != w {
								t.Fatalf("%s: HU at (%d,%d,%d) = %d, want %d", form, i, j, k, hu, w)
							}
						}
					}
				}
			}
		})
	}
}
