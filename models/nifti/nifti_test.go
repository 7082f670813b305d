package nifti_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/nifti"
)

// tilted is a grid turned by 30 degrees about x and 20 about z, in LPS.
func tilted(hand float64) neckfrac.Grid {
	s, c := math.Sincos(math.Pi / 6)
	t, u := math.Sincos(math.Pi / 9)
	x := neckfrac.Vec3{u, t * c, t * s}
	y := neckfrac.Vec3{-t, u * c, u * s}
	z := neckfrac.Vec3{0, -s * hand, c * hand}
	return neckfrac.Grid{
		Dims: [3]int{3, 4, 2}, SpacingMM: neckfrac.Vec3{0.5, 0.75, 1.25}, OriginMM: neckfrac.Vec3{-10, 20.5, -301},
		Direction: [3]neckfrac.Vec3{x, y, z},
	}
}

func near(a, b neckfrac.Vec3) bool {
	for i := range a {
		if math.Abs(a[i]-b[i]) > 1e-4 {
			return false
		}
	}
	return true
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		grid neckfrac.Grid
		form int // offset of the code that is cleared, 0 for none
	}{
		{"sform", tilted(1), 0},
		{"qform", tilted(1), 254},
		{"left-handed sform", tilted(-1), 0},
		{"left-handed qform", tilted(-1), 254},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			values := make([]int16, tc.grid.Len())
			for i := range values {
				values[i] = int16(i*97 - 1024)
			}
			var b bytes.Buffer
			if err := nifti.Write(&b, tc.grid, values); err != nil {
				t.Fatalf("Write: %v", err)
			}
			if tc.form != 0 {
				binary.LittleEndian.PutUint16(b.Bytes()[tc.form:], 0)
			}
			m, err := nifti.Read(&b, nifti.Limits{})
			if err != nil {
				t.Fatalf("Read: %v", err)
			}
			for i, v := range m.HU() {
				if v != values[i] {
					t.Fatalf("voxel %d = %d, want %d", i, v, values[i])
				}
			}
			for _, at := range []neckfrac.Vec3{{0, 0, 0}, {2, 0, 0}, {0, 3, 0}, {0, 0, 1}} {
				if got, want := m.ToMM(at), tc.grid.ToMM(at); !near(got, want) {
					t.Errorf("place of %v = %v, want %v", at, got, want)
				}
			}
		})
	}
}

// A voxel to the patient's right and front must have positive RAS coordinates.
func TestRASInTheFile(t *testing.T) {
	t.Parallel()
	g := tilted(1)
	g.Direction = [3]neckfrac.Vec3{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	var b bytes.Buffer
	if err := nifti.Write(&b, g, make([]uint8, g.Len())); err != nil {
		t.Fatal(err)
	}
	f := func(at int) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b.Bytes()[at:]))) }
	if f(280) != -0.5 || f(292) != 10 || f(280+16+4) != -0.75 || f(280+32+8) != 1.25 {
		t.Errorf("sform = %v %v %v %v, want -0.5 10 -0.75 1.25", f(280), f(292), f(300), f(320))
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	g := tilted(1)
	values := make([]uint8, g.Len())
	values[5] = 7
	for _, name := range []string{"a.nii", "a.nii.gz"} {
		path := filepath.Join(t.TempDir(), name)
		if err := nifti.WriteFile(path, g, values); err != nil {
			t.Fatal(err)
		}
		m, err := nifti.ReadFile(path, nifti.Limits{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		l, err := m.Labels()
		if err != nil || l.Voxel[5] != 7 || l.Voxel[6] != 0 {
			t.Errorf("%s: labels %v, %v", name, l.Voxel, err)
		}
	}
	if _, err := nifti.ReadFile(filepath.Join(t.TempDir(), "none.nii"), nifti.Limits{}); neckfrac.KindOf(err) != neckfrac.NotFound {
		t.Errorf("missing file: %v, want not found", err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	g := tilted(1)
	var good bytes.Buffer
	if err := nifti.Write(&good, g, make([]float32, g.Len())); err != nil {
		t.Fatal(err)
	}
	set16 := func(at int, v uint16) func([]byte) []byte {
		return func(b []byte) []byte { binary.LittleEndian.PutUint16(b[at:], v); return b }
	}
	setF := func(at int, v float32) func([]byte) []byte {
		return func(b []byte) []byte { binary.LittleEndian.PutUint32(b[at:], math.Float32bits(v)); return b }
	}
	for _, tc := range []struct {
		name string
		edit func([]byte) []byte
		lim  nifti.Limits
		want neckfrac.Kind
	}{
		{"empty", func([]byte) []byte { return nil }, nifti.Limits{}, neckfrac.Invalid},
		{"short header", func(b []byte) []byte { return b[:200] }, nifti.Limits{}, neckfrac.Invalid},
		{"short voxels", func(b []byte) []byte { return b[:len(b)-1] }, nifti.Limits{}, neckfrac.Invalid},
		{"header size", set16(0, 540), nifti.Limits{}, neckfrac.Invalid},
		{"pair", func(b []byte) []byte { b[345] = 'i'; return b }, nifti.Limits{}, neckfrac.Unsupported},
		{"negative side", set16(42, 0xffff), nifti.Limits{}, neckfrac.Invalid},
		{"long side", set16(42, 3000), nifti.Limits{}, neckfrac.Limit},
		{"two volumes", func(b []byte) []byte { set16(40, 4)(b); return set16(48, 2)(b) }, nifti.Limits{}, neckfrac.Unsupported},
		{"rgb", set16(70, 128), nifti.Limits{}, neckfrac.Unsupported},
		{"offset", setF(108, 1e9), nifti.Limits{}, neckfrac.Invalid},
		{"offset not a number", setF(108, float32(math.NaN())), nifti.Limits{}, neckfrac.Invalid},
		{"slope not a number", setF(112, float32(math.Inf(1))), nifti.Limits{}, neckfrac.Invalid},
		{"no spacing", func(b []byte) []byte { clear(b[280:328]); return b }, nifti.Limits{}, neckfrac.Invalid},
		{"shear", setF(284, 0.4), nifti.Limits{}, neckfrac.Unsupported},
		{"bad gzip", func([]byte) []byte { return []byte{0x1f, 0x8b, 0, 0} }, nifti.Limits{}, neckfrac.Invalid},
		{"one voxel too many", func(b []byte) []byte { return b }, nifti.Limits{MaxVoxels: int64(g.Len()) - 1}, neckfrac.Limit},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := nifti.Read(bytes.NewReader(tc.edit(bytes.Clone(good.Bytes()))), tc.lim)
			if err == nil || neckfrac.KindOf(err) != tc.want {
				t.Errorf("Read = %v, want kind %v", err, tc.want)
			}
		})
	}
	if _, err := nifti.Read(bytes.NewReader(good.Bytes()), nifti.Limits{MaxVoxels: int64(g.Len())}); err != nil {
		t.Errorf("at the limit: %v", err)
	}
}

func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	g := tilted(1)
	if err := nifti.Write(&bytes.Buffer{}, g, make([]uint8, 3)); neckfrac.KindOf(err) != neckfrac.Invalid || err == nil {
		t.Errorf("too few values: %v", err)
	}
	g.SpacingMM[1] = 0
	if err := nifti.Write(&bytes.Buffer{}, g, make([]uint8, g.Len())); err == nil {
		t.Error("no spacing: no error")
	}
}

func TestLabelsRefuseFractions(t *testing.T) {
	t.Parallel()
	for _, v := range []float32{-1, 0.5, 256} {
		m := nifti.Image{Value: []float32{v}}
		if _, err := m.Labels(); err == nil {
			t.Errorf("label %v was taken", v)
		}
	}
}

// Real radiotherapy volumes, where the shared folder is at hand.
func TestRealVolume(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("NECKFRAC_SHARED")
	if dir == "" {
		t.Skip("NECKFRAC_SHARED is not set")
	}
	m, err := nifti.ReadFile(filepath.Join(dir, "data/real-ct/openkbp/pt_12_ct.nii.gz"), nifti.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Dims != [3]int{128, 128, 128} || m.Direction[2][2] != -1 || m.Direction[0][0] != 1 {
		t.Errorf("dims %v, direction %v: want 128 cubed, LPS columns and slices towards the feet", m.Dims, m.Direction)
	}
}

func FuzzRead(f *testing.F) {
	g := tilted(1)
	var b bytes.Buffer
	if err := nifti.Write(&b, g, make([]int16, g.Len())); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := nifti.Read(bytes.NewReader(in), nifti.Limits{MaxVoxels: 1 << 16})
		if err == nil && len(m.Value) != m.Len() {
			t.Errorf("%d values for %d voxels", len(m.Value), m.Len())
		}
	})
}
