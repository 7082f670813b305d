package bench

import (
	"math"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/evaluate"
)

// mask are the voxels of one vertebra.
type mask struct {
	labels *neckfrac.Labels
	mark   uint8
	at     []int // offsets into the volume, rising
	lo, hi [3]int
}

// masks finds the vertebrae of a label volume whose axes are the patient's, as a
// phantom's are.
func masks(l *neckfrac.Labels) [neckfrac.Levels]mask {
	var out [neckfrac.Levels]mask
	for i := range out {
		out[i] = mask{labels: l, mark: uint8(i + 1), lo: l.Dims}
	}
	nx, ny := l.Dims[0], l.Dims[1]
	for at, v := range l.Voxel {
		if v == 0 || int(v) > neckfrac.Levels {
			continue
		}
		m := &out[v-1]
		m.at = append(m.at, at)
		for c, x := range [3]int{at % nx, at / nx % ny, at / (nx * ny)} {
			m.lo[c], m.hi[c] = min(m.lo[c], x), max(m.hi[c], x)
		}
	}
	return out
}

// steps are the distances of neighbouring voxels in the slice of values.
func (m *mask) steps() [3]int {
	return [3]int{1, m.labels.Dims[0], m.labels.Dims[0] * m.labels.Dims[1]}
}

// place is the voxel of an offset.
func (m *mask) place(at int) [3]int {
	nx, ny := m.labels.Dims[0], m.labels.Dims[1]
	return [3]int{at % nx, at / nx % ny, at / (nx * ny)}
}

// ShapeNames are the measures of Level.Shape: mm, mm³, shares.
func ShapeNames() []string {
	return []string{"volume", "box_x", "box_y", "box_z", "fill", "surface", "height_front", "height_middle", "height_back"}
}

// shape measures the mask and never the image.
func (m *mask) shape() []evaluate.Number {
	sp := m.labels.SpacingMM
	voxel := sp[0] * sp[1] * sp[2]
	volume := float64(len(m.at)) * voxel
	var box [3]float64
	for c := range 3 {
		box[c] = float64(m.hi[c]-m.lo[c]+1) * sp[c]
	}
	b := m.body()
	return numbers(volume, box[0], box[1], box[2], volume/(box[0]*box[1]*box[2]), m.surface()/volume, b.front, b.middle, b.back)
}

// surface is the area of the faces between the mask and anything else, mm².
func (m *mask) surface() float64 {
	sp, st := m.labels.SpacingMM, m.steps()
	var area float64
	for _, at := range m.at {
		p := m.place(at)
		for c := range 3 {
			face := sp[0] * sp[1] * sp[2] / sp[c]
			if p[c] == 0 || m.labels.Voxel[at-st[c]] != m.mark {
				area += face
			}
			if p[c] == m.labels.Dims[c]-1 || m.labels.Voxel[at+st[c]] != m.mark {
				area += face
			}
		}
	}
	return area
}

// body is what stands in front of the canal in the midline: of C3 to C7 the vertebral
// body, of C2 body and dens, of C1 the anterior arch.
type body struct {
	front, middle, back float64 // heights, mm
	first               [3]int  // voxel at the front, half way up
}

const (
	midlineMM   = 5.0 // half width of the midline that heights are measured in
	canalMM     = 2.0 // less bone than this along z is the canal, or nothing
	minBodyMM   = 4.0 // a body that is less deep has no front and back
	frontShare  = 0.2 // heights are means of three such bands: the corners of a leaning
	frontToMid  = 0.4 // body are bevelled by the lattice
	backShare   = 0.8
	backFromMid = 0.6
)

// body measures heights as bone along z, in rows of voxels from the front backwards.
func (m *mask) body() body {
	none := body{math.NaN(), math.NaN(), math.NaN(), [3]int{-1, -1, -1}}
	heights, mid := m.profile()
	sp := m.labels.SpacingMM
	first := 0
	for first < len(heights) && heights[first] < canalMM {
		first++
	}
	last := first
	for last < len(heights) && heights[last] >= canalMM {
		last++
	}
	n := last - first
	if n < 3 || float64(n)*sp[1] < minBodyMM {
		return none
	}
	band := func(from, to float64) float64 {
		a, b := first+int(from*float64(n)), first+int(math.Ceil(to*float64(n)))
		var s float64
		for _, h := range heights[a:b] {
			s += h
		}
		return s / float64(b-a)
	}
	out := body{front: band(frontShare/2, frontToMid), middle: band(frontToMid, backFromMid), back: band(backFromMid, backShare+0.1)}
	out.first = [3]int{mid, m.lo[1] + first, m.halfWay(mid, m.lo[1]+first)}
	return out
}

// profile gives, for each row of the mask's box from front to back, the bone along z in
// the columns of the midline that hold any, mm; and the column of the midline.
func (m *mask) profile() (heights []float64, mid int) {
	nx := m.labels.Dims[0]
	sp := m.labels.SpacingMM
	rows, cols := m.hi[1]-m.lo[1]+1, m.hi[0]-m.lo[0]+1
	count := make([]int, rows*cols)
	var sum, n int
	for _, at := range m.at {
		p := m.place(at)
		count[(p[1]-m.lo[1])*cols+p[0]-m.lo[0]]++
		if (p[1]-m.lo[1])*5 <= rows*2 {
			sum, n = sum+at%nx, n+1
		}
	}
	if n == 0 {
		return nil, m.lo[0]
	}
	mid = int(math.Round(float64(sum) / float64(n)))
	half := int(midlineMM / sp[0])
	heights = make([]float64, rows)
	for j := range heights {
		var s, k float64
		for i := max(mid-half, m.lo[0]); i <= min(mid+half, m.hi[0]); i++ {
			if c := count[j*cols+i-m.lo[0]]; c > 0 {
				s, k = s+float64(c)*sp[2], k+1
			}
		}
		if k > 0 {
			heights[j] = s / k
		}
	}
	return heights, mid
}

// halfWay is the middle slice of the mask's column, or of the box if it has none there.
func (m *mask) halfWay(i, j int) int {
	lo, hi := -1, -1
	for k := m.lo[2]; k <= m.hi[2]; k++ {
		if m.labels.Voxel[m.labels.Index(i, j, k)] == m.mark {
			if lo < 0 {
				lo = k
			}
			hi = k
		}
	}
	if lo < 0 {
		lo, hi = m.lo[2], m.hi[2]
	}
	return (lo + hi) / 2
}

// numbers makes anything that is no number NaN, as it is after a trip through JSON.
func numbers(v ...float64) []evaluate.Number {
	out := make([]evaluate.Number, len(v))
	for i, x := range v {
		if math.IsInf(x, 0) {
			x = math.NaN()
		}
		out[i] = evaluate.Number(x)
	}
	return out
}
