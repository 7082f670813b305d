package realism_test

import (
	"math"
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/realism"
)

var identity = [3]neckfrac.Vec3{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}

// drawn makes a volume from a function of patient millimetres, its middle at the origin.
func drawn(dims [3]int, spacing neckfrac.Vec3, direction [3]neckfrac.Vec3, hu func(neckfrac.Vec3) float64) *neckfrac.Volume {
	v := &neckfrac.Volume{Grid: neckfrac.Grid{Dims: dims, SpacingMM: spacing, Direction: direction}}
	mid := v.ToMM(neckfrac.Vec3{float64(dims[0]-1) / 2, float64(dims[1]-1) / 2, float64(dims[2]-1) / 2})
	for a := range 3 {
		v.OriginMM[a] = -mid[a]
	}
	v.HU = make([]int16, v.Len())
	for k := range dims[2] {
		for j := range dims[1] {
			for i := range dims[0] {
				v.HU[v.Index(i, j, k)] = int16(math.Round(hu(v.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)}))))
			}
		}
	}
	return v
}

// A plane of values stays that plane: means of linear values are the value at the middle.
func TestResampleKeepsPlaceAndMean(t *testing.T) {
	t.Parallel()
	plane := func(p neckfrac.Vec3) float64 { return 100 + 20*p[0] - 10*p[1] + 30*p[2] }
	for _, tt := range []struct {
		name      string
		dims      [3]int
		spacing   neckfrac.Vec3
		direction [3]neckfrac.Vec3
	}{
		{"upright", [3]int{20, 20, 20}, neckfrac.Vec3{1, 1, 1}, identity},
		{"feet first, face down", [3]int{20, 20, 20}, neckfrac.Vec3{1, 1, 1}, [3]neckfrac.Vec3{{-1, 0, 0}, {0, -1, 0}, {0, 0, -1}}},
		{"sagittal slices", [3]int{24, 40, 16}, neckfrac.Vec3{1, 0.5, 1.25}, [3]neckfrac.Vec3{{0, 1, 0}, {0, 0, -1}, {1, 0, 0}}},
		{"cells of three and a half voxels", [3]int{20, 20, 20}, neckfrac.Vec3{1, 1, 1}, identity},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cell := neckfrac.Vec3{2, 2, 2.5}
			if tt.name[0] == 'c' {
				cell = neckfrac.Vec3{3.5, 3.5, 3.5}
			}
			m, err := realism.Resample(drawn(tt.dims, tt.spacing, tt.direction, plane), cell)
			if err != nil {
				t.Fatal(err)
			}
			if m.Direction != identity || m.SpacingMM != cell {
				t.Fatalf("grid %+v is not the common one", m.Grid)
			}
			for k := range m.Dims[2] {
				for j := range m.Dims[1] {
					for i := range m.Dims[0] {
						want := plane(m.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)}))
						// A voxel that a cell covers in part stands for all of its width.
						if got := float64(m.HU[m.Index(i, j, k)]); math.Abs(got-want) > 10 {
							t.Fatalf("cell %d,%d,%d is %.1f, want %.1f", i, j, k, got, want)
						}
					}
				}
			}
		})
	}
}

func TestResampleAverages(t *testing.T) {
	t.Parallel()
	v := &neckfrac.Volume{Grid: neckfrac.Grid{Dims: [3]int{4, 2, 2}, SpacingMM: neckfrac.Vec3{1, 1, 1}, Direction: identity}}
	v.HU = []int16{0, 10, 20, 30, 0, 10, 20, 30, 100, 110, 120, 130, 100, 110, 120, 130}
	m, err := realism.Resample(v, neckfrac.Vec3{2, 2, 2})
	if err != nil {
		t.Fatal(err)
	}
	if want := []float32{55, 75}; !slices.Equal(m.HU, want) {
		t.Errorf("means %v, want %v", m.HU, want)
	}
	if m.OriginMM != (neckfrac.Vec3{0.5, 0.5, 0.5}) {
		t.Errorf("origin %v is not the middle of the first cell", m.OriginMM)
	}
	if m, err = realism.Resample(v, neckfrac.Vec3{1.6, 2, 2}); err != nil || len(m.HU) != 2 {
		t.Fatalf("%v, %v", m.HU, err)
	}
	// 0.4 to 2.0: 0.6 of the first voxel and all of the second.
	if want := (0.6*0 + 10) / 1.6; math.Abs(float64(m.HU[0])-50-want) > 1e-4 {
		t.Errorf("weighted mean %v, want %v", m.HU[0], 50+want)
	}
}

func TestResampleRefuses(t *testing.T) {
	t.Parallel()
	flat := func(neckfrac.Vec3) float64 { return 0 }
	tilted := identity
	tilted[1], tilted[2] = neckfrac.Vec3{0, 0.95, 0.312}, neckfrac.Vec3{0, -0.312, 0.95}
	short := drawn([3]int{4, 4, 4}, neckfrac.Vec3{1, 1, 1}, identity, flat)
	short.HU = short.HU[:5]
	for _, tt := range []struct {
		name string
		v    *neckfrac.Volume
		cell neckfrac.Vec3
		want neckfrac.Kind
	}{
		{"coarser than the cells", drawn([3]int{4, 4, 4}, neckfrac.Vec3{2, 2, 5}, identity, flat), neckfrac.Vec3{2, 2, 3}, neckfrac.Unsupported},
		{"oblique", drawn([3]int{9, 9, 9}, neckfrac.Vec3{1, 1, 1}, tilted, flat), neckfrac.Vec3{2, 2, 2}, neckfrac.Unsupported},
		{"smaller than a cell", drawn([3]int{4, 4, 1}, neckfrac.Vec3{1, 1, 1}, identity, flat), neckfrac.Vec3{2, 2, 2}, neckfrac.Unsupported},
		{"values missing", short, neckfrac.Vec3{2, 2, 2}, neckfrac.Invalid},
		{"no values", &neckfrac.Volume{}, neckfrac.Vec3{2, 2, 2}, neckfrac.Limit},
		{"too large", &neckfrac.Volume{Grid: neckfrac.Grid{Dims: [3]int{1 << 20, 1 << 20, 1 << 30}}}, neckfrac.Vec3{2, 2, 2}, neckfrac.Limit},
		{"no cell", drawn([3]int{4, 4, 4}, neckfrac.Vec3{1, 1, 1}, identity, flat), neckfrac.Vec3{}, neckfrac.Invalid},
	} {
		if _, err := realism.Resample(tt.v, tt.cell); neckfrac.KindOf(err) != tt.want {
			t.Errorf("%s: error %v, want kind %v", tt.name, err, tt.want)
		}
	}
}
