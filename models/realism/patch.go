package realism

import (
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/neckfrac/neckfrac"
)

// Patches are cut round the canal for a classifier: 115 x 115 x 36 mm at the cell of the
// neck's gates, which holds the spine with the muscles round it.
const (
	PatchX, PatchY, PatchZ = 24, 24, 12
	// ClipLow and ClipHigh bound a patch's values. What is lighter than fat reads as air:
	// real planning scans are blank outside the body, synthetic ones have a table. What is
	// denser than bone's shell at such cells is metal.
	ClipLow, ClipHigh = -200, 1000
	// A patch is moved from its place by up to jitterPlane and jitterSlices cells: the marks
	// of the two kinds come from different labels and must not tell the kind.
	jitterPlane, jitterSlices = 2, 3
)

// patchAtMM are the middles of patches below the head of the neck.
var patchAtMM = []float64{30, 50, 70, 90}

// Patch is a box of a scan.
type Patch struct {
	// Name is the scan's, AtMM the middle's distance below the head of the neck before jitter.
	Name string
	AtMM float64
	// HU has PatchX x PatchY x PatchZ clipped values, x fastest. What lies beside the
	// picture is ClipLow.
	HU []int16
}

// Cut cuts a scan's patches. Where the stack ends inside a patch the patch is left out.
// Equal name, equal jitter.
func (p *Place) Cut(name string, m *Image) []Patch {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	r := rand.New(rand.NewPCG(h.Sum64(), 1))
	var out []Patch
	for _, at := range patchAtMM {
		jx, jy, jz := r.IntN(2*jitterPlane+1)-jitterPlane, r.IntN(2*jitterPlane+1)-jitterPlane, r.IntN(2*jitterSlices+1)-jitterSlices
		z := p.TopMM - at
		x, y := p.At(z)
		i0 := int(math.Round((x-m.OriginMM[0])/m.SpacingMM[0])) - PatchX/2 + jx
		j0 := int(math.Round((y-m.OriginMM[1])/m.SpacingMM[1])) - PatchY/2 + jy
		k0 := int(math.Round((z-m.OriginMM[2])/m.SpacingMM[2])) - PatchZ/2 + jz
		if k0 < 0 || k0+PatchZ > m.Dims[2] {
			continue
		}
		out = append(out, Patch{Name: name, AtMM: at, HU: m.box(i0, j0, k0)})
	}
	return out
}

func (m *Image) box(i0, j0, k0 int) []int16 {
	out := make([]int16, 0, PatchX*PatchY*PatchZ)
	for k := range PatchZ {
		for j := range PatchY {
			for i := range PatchX {
				x, y := i0+i, j0+j
				v := float64(ClipLow)
				if x >= 0 && y >= 0 && x < m.Dims[0] && y < m.Dims[1] {
					v = math.Round(float64(m.HU[m.Index(x, y, k0+k)]))
				}
				out = append(out, int16(min(max(v, ClipLow), ClipHigh)))
			}
		}
	}
	return out
}

// Sample is a patch with what the classifier has to tell.
type Sample struct {
	Patch
	Synthetic bool
}

// patchIndex is patches.json.
type patchIndex struct {
	Schema  int           `json:"schema"`
	CellMM  neckfrac.Vec3 `json:"cell_mm"`
	Shape   [3]int        `json:"shape"` // z, y, x
	Clip    [2]int        `json:"clip_hu"`
	Patches []patchRow    `json:"patches"`
}

type patchRow struct {
	Patient   string  `json:"patient"`
	Synthetic bool    `json:"synthetic"`
	AtMM      float64 `json:"at_mm"`
}
