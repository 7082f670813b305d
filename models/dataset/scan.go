package dataset

import (
	"math"
	"slices"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/input"
)

// Scan is a volume with the images that it was made from.
type Scan struct {
	Volume *neckfrac.Volume
	// Images may hold others than those of the volume.
	Images []Image
}

// Image places one DICOM image in the patient, PS3.3 §C.7.6.2.1.
type Image struct {
	Instance neckfrac.InstanceUID
	// Number is (0020,0013), which boxes name images by.
	Number     int
	Rows, Cols int
	// OriginMM is the centre of the first pixel; Row and Col are the directions along a
	// row and down a column.
	OriginMM, Row, Col neckfrac.Vec3
	// RowMM is the distance of rows, ColMM that of columns.
	RowMM, ColMM float64
}

// pixelMM is the place of a pixel's centre.
func (i Image) pixelMM(x, y int) neckfrac.Vec3 {
	p := i.OriginMM
	for c := range 3 {
		p[c] += float64(x)*i.ColMM*i.Row[c] + float64(y)*i.RowMM*i.Col[c]
	}
	return p
}

const (
	// maxBoxSide bounds the places along a side of a box. At 4.2 mm apart over 400 mm
	// they still meet every cell of a map.
	maxBoxSide = 96
	// betweenMM: places of a box are not closer than this, unless pixels are larger.
	betweenMM = 0.8
	// besideMM is how far from a level a box without any of its voxels may lie.
	besideMM = 4
)

// none is no vertebra.
const none neckfrac.Vertebra = 0

// patch is a box in the patient.
type patch struct {
	at []neckfrac.Vec3
	n  int // pixels that a place stands for
}

// patch spreads places over the part of a box that lies in the image, borders included.
func (i Image) patch(b pixelBox) patch {
	xs := spread(max(b.left, 0), min(b.right, i.Cols-1), i.ColMM)
	ys := spread(max(b.top, 0), min(b.bottom, i.Rows-1), i.RowMM)
	var out patch
	for _, y := range ys {
		for _, x := range xs {
			out.at = append(out.at, i.pixelMM(x, y))
		}
	}
	if n := len(out.at); n > 0 {
		pixels := (xs[len(xs)-1] - xs[0] + 1) * (ys[len(ys)-1] - ys[0] + 1)
		out.n = (pixels + n - 1) / n
	}
	return out
}

// spread gives indices from lo to hi, both included.
func spread(lo, hi int, mm float64) []int {
	if hi < lo {
		return nil
	}
	steps := min(max(int(math.Ceil(float64(hi-lo)*mm/betweenMM)), 1), hi-lo, maxBoxSide-1)
	if steps == 0 {
		return []int{lo}
	}
	out := make([]int, 0, steps+1)
	for s := range steps + 1 {
		out = append(out, lo+(hi-lo)*s/steps)
	}
	return out
}

// lesions turns a study's boxes into places in the patient. A box names no level: it
// goes to that broken level of which it holds most, by names on g. A level that is broken
// and has no box is unknown.
func (s Scan) lesions(boxes []pixelBox, t Truth, g input.Grid, names []uint8) lesions {
	var out lesions
	regions := input.Regions(g, names)
	var marked [neckfrac.Levels + 1]bool
	images := s.numbered()
	for _, b := range boxes {
		i, ok := images[b.image]
		if !ok {
			out.unplaced++
			continue
		}
		p := i.patch(b)
		v := p.level(t, g, names, &regions)
		if v == none {
			out.unplaced++
			continue
		}
		out.boxes++
		marked[v] = true
		for _, mm := range p.at {
			out.at = append(out.at, lesion{mm, v, p.n})
		}
		out.halfZMM = max(out.halfZMM, s.halfZMM(i))
	}
	for _, v := range neckfrac.Vertebrae() {
		if t.Levels[v].Label == 0 || marked[v] {
			continue
		}
		out.unknown |= 1 << v.Index()
		if r := regions[v]; r.Voxels > 0 {
			out.weakMM[v.Index()] = [2]float64{r.BoxMM.Min[2] - sliceReachMM, r.BoxMM.Max[2] + sliceReachMM}
		}
	}
	return out
}

// numbered gives the volume's images by number; a number that two share names none.
func (s Scan) numbered() map[int]Image {
	used := map[neckfrac.InstanceUID]bool{}
	for _, id := range s.Volume.Source {
		used[id] = true
	}
	out := map[int]Image{}
	twice := map[int]bool{}
	for _, i := range s.Images {
		if !used[i.Instance] {
			continue
		}
		if _, ok := out[i.Number]; ok {
			twice[i.Number] = true
		}
		out[i.Number] = i
	}
	for n := range twice {
		delete(out, n)
	}
	return out
}

// halfZMM is half the height of a pixel of an image, as thick as its slice's step.
func (s Scan) halfZMM(i Image) float64 {
	normal := i.Row[0]*i.Col[1] - i.Row[1]*i.Col[0]
	return (math.Abs(normal)*s.Volume.SpacingMM[2] + math.Abs(i.Row[2])*i.ColMM + math.Abs(i.Col[2])*i.RowMM) / 2
}

// level is the broken level that a patch shows, NoVertebra if it shows none.
func (p patch) level(t Truth, g input.Grid, names []uint8, regions *[neckfrac.LabelOtherBone + 1]input.Region) neckfrac.Vertebra {
	var votes [neckfrac.LabelOtherBone + 1]int
	for _, mm := range p.at {
		q := g.ToIndex(mm)
		x, y, z := int(math.Round(q[0])), int(math.Round(q[1])), int(math.Round(q[2]))
		if x < 0 || y < 0 || z < 0 || x >= g.Dims[0] || y >= g.Dims[1] || z >= g.Dims[2] {
			continue
		}
		votes[min(names[g.Index(x, y, z)], neckfrac.LabelOtherBone)]++
	}
	best, near := none, besideMM+1e-9
	most := 0
	for _, v := range neckfrac.Vertebrae() {
		if t.Levels[v].Label == 1 && votes[v] > most {
			best, most = v, votes[v]
		}
	}
	if best != none {
		return best
	}
	for _, v := range neckfrac.Vertebrae() {
		if t.Levels[v].Label != 1 || regions[v].Voxels == 0 {
			continue
		}
		box := regions[v].BoxMM.Grow(besideMM)
		if !slices.ContainsFunc(p.at, box.Contains) {
			continue
		}
		for _, mm := range p.at {
			if d := max(regions[v].BoxMM.Min[2]-mm[2], mm[2]-regions[v].BoxMM.Max[2], 0); d < near {
				best, near = v, d
			}
		}
	}
	return best
}
