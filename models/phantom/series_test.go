package phantom_test

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/models/phantom"
)

// picture is an instance read back from disk.
type picture struct {
	ds         dataset.Dataset
	rows, cols int
	hu         []float64
}

func readPicture(t *testing.T, name string) picture {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, r, err := dataset.ReadPart10(f, dataset.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	ds, err := r.ReadDataset()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	rows, _ := ds.Uint16(dataset.TagRows)
	cols, _ := ds.Uint16(dataset.TagColumns)
	raw, _ := ds.Bytes(dataset.TagPixelData)
	intercept, _ := ds.Float(dataset.TagRescaleIntercept)
	signed, _ := ds.Uint16(dataset.TagPixelRepresentation)
	p := picture{ds: ds, rows: int(rows), cols: int(cols)}
	if len(raw) != 2*p.rows*p.cols {
		t.Fatalf("%s: %d bytes for %d x %d", name, len(raw), p.rows, p.cols)
	}
	for i := 0; i < len(raw); i += 2 {
		v := binary.LittleEndian.Uint16(raw[i:])
		hu := float64(v)
		if signed == 1 {
			hu = float64(int16(v))
		}
		p.hu = append(p.hu, hu+intercept)
	}
	return p
}

// place is where a pixel lies in the patient.
func (p picture) place(r, c int) neckfrac.Vec3 {
	pos, _ := p.ds.Floats(dataset.TagImagePositionPatient)
	dir, _ := p.ds.Floats(dataset.TagImageOrientationPatient)
	mm, _ := p.ds.Floats(dataset.TagPixelSpacing)
	var out neckfrac.Vec3
	for a := range 3 {
		out[a] = pos[a] + dir[a]*mm[1]*float64(c) + dir[3+a]*mm[0]*float64(r)
	}
	return out
}

// grain is the mean step between neighbours.
func (p picture) grain() (mean, step float64) {
	for r := range p.rows {
		for c := 1; c < p.cols; c++ {
			mean += p.hu[r*p.cols+c]
			step += math.Abs(p.hu[r*p.cols+c] - p.hu[r*p.cols+c-1])
		}
	}
	n := float64(p.rows * (p.cols - 1))
	return mean / n, step / n
}

func writtenForm(t *testing.T, seed uint64, f phantom.Form) (*phantom.Study, string) {
	t.Helper()
	c := small(seed)
	c.Form = f
	s, dir := generate(t, c), t.TempDir()
	if err := s.WriteDICOM(dir, acquired); err != nil {
		t.Fatalf("WriteDICOM: %v", err)
	}
	return s, dir
}

// TestReformatsShowTheirPlane: a pixel of a reformat is the mean over 2 mm across it at
// the place that its header gives.
func TestReformatsShowTheirPlane(t *testing.T) {
	t.Parallel()
	s, dir := writtenForm(t, 63, phantom.Form{Series: []phantom.SeriesKind{phantom.Sagittal, phantom.Coronal}})
	for name, across := range map[string]int{"sagittal-0012.dcm": 0, "coronal-0020.dcm": 1} {
		p := readPicture(t, filepath.Join(dir, name))
		for r := 5; r < p.rows-5; r += 9 {
			for c := 5; c < p.cols-5; c += 9 {
				at := p.place(r, c)
				var want float64
				const n = 40
				for i := range n {
					q := at
					q[across] += 2*(float64(i)+0.5)/n - 1
					want += between(&s.Volume, q) / n
				}
				// A few planes stand for the slab.
				if got := p.hu[r*p.cols+c]; math.Abs(got-want) > 0.1*math.Abs(want)+60 {
					t.Fatalf("%s: %v HU at %.1f, want %.0f", name, got, at, want)
				}
			}
		}
	}
}

// TestKernelsOfOneScan: the other kernel shows the same patient with less or more grain,
// and the main series' own kernel is not sent twice.
func TestKernelsOfOneScan(t *testing.T) {
	t.Parallel()
	seen := map[phantom.SeriesKind]bool{}
	for seed := uint64(60); seed < 72 && len(seen) < 2; seed++ {
		s, dir := writtenForm(t, seed, phantom.Form{Series: []phantom.SeriesKind{phantom.Soft, phantom.Bone}})
		main := readPicture(t, filepath.Join(dir, "ct-0040.dcm"))
		mean, grain := main.grain()
		for _, kind := range []phantom.SeriesKind{phantom.Soft, phantom.Bone} {
			name := filepath.Join(dir, string(kind)+"-0040.dcm")
			if _, err := os.Stat(name); err != nil {
				continue
			}
			seen[kind] = true
			p := readPicture(t, name)
			m, g := p.grain()
			if math.Abs(m-mean) > 4 || kind == phantom.Soft && g > 0.95*grain || kind == phantom.Bone && g < 1.1*grain {
				t.Errorf("seed %d, %s beside %s: mean %.1f and %.1f HU, grain %.1f and %.1f", seed, kind, s.Truth.Scanner.Kernel, m, mean, g, grain)
			}
			if k, _ := p.ds.Text(dataset.TagConvolutionKernel); k == "" || k == s.Truth.Scanner.Kernel {
				t.Errorf("seed %d: kernel %q beside %q", seed, k, s.Truth.Scanner.Kernel)
			}
			if p.place(0, 0) != main.place(0, 0) {
				t.Errorf("seed %d: slices lie apart", seed)
			}
		}
	}
	if len(seen) != 2 {
		t.Errorf("kernels sent: %v, want both", seen)
	}
}

// TestLocalizersAreProjections: head up, dark beside the patient, bright through the
// shoulders, in two planes across each other.
func TestLocalizersAreProjections(t *testing.T) {
	long(t)
	t.Parallel()
	c := small(63)
	c.Protocol, c.Form.Series = phantom.ProtocolTherapy, []phantom.SeriesKind{phantom.Localizer}
	s, dir := generate(t, c), t.TempDir()
	if err := s.WriteDICOM(dir, acquired); err != nil {
		t.Fatal(err)
	}
	front, side := readPicture(t, filepath.Join(dir, "localizer-0001.dcm")), readPicture(t, filepath.Join(dir, "localizer-0002.dcm"))
	for _, p := range []picture{front, side} {
		types, _ := p.ds.Strings(dataset.TagImageType)
		if len(types) != 3 || types[2] != "LOCALIZER" {
			t.Errorf("image type %v", types)
		}
		if top, low := p.place(0, 0), p.place(p.rows-1, 0); top[2] <= low[2] {
			t.Errorf("rows run from %v to %v, want from the head down", top, low)
		}
	}
	if front.place(0, 1)[0] <= front.place(0, 0)[0] || side.place(0, 1)[1] <= side.place(0, 0)[1] {
		t.Error("columns do not run to the left and to the back")
	}
	row := func(p picture, r int) (edge, most float64) {
		most = -2000
		for _, v := range p.hu[r*p.cols:][:p.cols] {
			most = max(most, v)
		}
		return p.hu[r*p.cols], most
	}
	edge, neck := row(side, 2)
	_, shoulders := row(side, side.rows-2)
	if edge > -800 || neck < -500 || shoulders < neck+300 {
		t.Errorf("lateral: %v beside the head, at most %v through it and %v through the shoulders", edge, neck, shoulders)
	}
}
