package bench

import (
	"math"
	"slices"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/evaluate"
)

// ImageNames are the hand-made features of Level.Image, over the voxels of the true
// mask: percentiles, mean and spread of HU; mean gradient over two distances, HU/mm; how
// deep voxels lie below both their neighbours, HU, at a high percentile and over the
// spread of the whole mask; heights of the body beside each other and beside its
// neighbours'; soft tissue between the body's front and the airway, mm.
func ImageNames() []string {
	return []string{
		"hu_p1", "hu_p5", "hu_p25", "hu_p50", "hu_p75", "hu_p95", "hu_p99", "hu_mean", "hu_sd",
		"edge_1mm", "edge_2mm", "gap_depth", "gap_share", "gap_relative",
		"height_front_back", "height_middle_back", "height_beside_neighbours", "prevertebral",
	}
}

const (
	edgeFineMM   = 0.5 // half the distances of the two gradients
	edgeCoarseMM = 1.2
	gapMM        = 1.5   // a gap is darker than both of its sides at this distance
	gapHU        = 250.0 // a voxel this much below both sides counts for gap_share
)

func (m *mask) image(v *neckfrac.Volume) []evaluate.Number {
	hu := newTally(-1024, 3071)
	gaps := newTally(-4096, 4096)
	fine, coarse := m.reach(edgeFineMM), m.reach(edgeCoarseMM)
	ways := m.ways(gapMM)
	var edge1, edge2 float64
	for _, at := range m.at {
		hu.add(int(v.HU[at]))
		p := m.place(at)
		edge1 += m.gradient(v.HU, at, p, fine)
		edge2 += m.gradient(v.HU, at, p, coarse)
		if d, ok := m.gap(v.HU, at, p, ways); ok {
			gaps.add(d)
		}
	}
	n := float64(len(m.at))
	b := m.body()
	mean, sd := hu.meanSD()
	return numbers(
		hu.quantile(0.01), hu.quantile(0.05), hu.quantile(0.25), hu.quantile(0.5), hu.quantile(0.75), hu.quantile(0.95), hu.quantile(0.99), mean, sd,
		edge1/n, edge2/n, gaps.quantile(0.99), gaps.above(gapHU), gaps.quantile(0.99)/(gaps.quantile(0.75)-gaps.quantile(0.25)),
		b.front/b.back, b.middle/b.back, math.NaN(), m.prevertebral(v, b),
	)
}

// reach is a distance in voxels of each axis, at least one.
func (m *mask) reach(mm float64) [3]int {
	var out [3]int
	for c := range 3 {
		out[c] = max(1, int(math.Round(mm/m.labels.SpacingMM[c])))
	}
	return out
}

// gradient is the length of the central difference at a voxel, HU/mm; one-sided at the
// border of the volume.
func (m *mask) gradient(hu []int16, at int, p, reach [3]int) float64 {
	st := m.steps()
	var sum float64
	for c := range 3 {
		lo, hi := min(reach[c], p[c]), min(reach[c], m.labels.Dims[c]-1-p[c])
		if lo+hi == 0 {
			continue
		}
		d := float64(int(hu[at+hi*st[c]])-int(hu[at-lo*st[c]])) / (float64(lo+hi) * m.labels.SpacingMM[c])
		sum += d * d
	}
	return math.Sqrt(sum)
}

// way is a direction in which a gap may be crossed.
type way struct {
	by   [3]int
	step int
}

// ways are the axes and the diagonals of faces.
func (m *mask) ways(mm float64) []way {
	r, st := m.reach(mm), m.steps()
	d := m.reach(mm / math.Sqrt2)
	var out []way
	add := func(by [3]int) { out = append(out, way{by, by[0]*st[0] + by[1]*st[1] + by[2]*st[2]}) }
	for c := range 3 {
		var by [3]int
		by[c] = r[c]
		add(by)
		a, b := (c+1)%3, (c+2)%3
		for _, sign := range [2]int{-1, 1} {
			var by [3]int
			by[a], by[b] = d[a], sign*d[b]
			add(by)
		}
	}
	return out
}

// gap is how far a voxel lies below the lower of its two sides, in the way in which that
// is most; false where no way stays in the volume.
func (m *mask) gap(hu []int16, at int, p [3]int, ways []way) (int, bool) {
	best, ok := math.MinInt, false
	for i := range ways {
		w := &ways[i]
		if !m.inside(p, w.by, 1) || !m.inside(p, w.by, -1) {
			continue
		}
		best, ok = max(best, int(min(hu[at+w.step], hu[at-w.step]))-int(hu[at])), true
	}
	return best, ok
}

func (m *mask) inside(p, by [3]int, sign int) bool {
	for c := range 3 {
		if x := p[c] + sign*by[c]; x < 0 || x >= m.labels.Dims[c] {
			return false
		}
	}
	return true
}

const (
	airHU          = -300 // the airway's wall, half way between tissue and air
	maxSwellingMM  = 45.0 // farther in front there is no airway, but the skin
	prevertebralMM = 3.0  // half width of the columns that are looked at
)

// prevertebral is the middle of the distances from the body's front to the air before
// it, over some columns; NaN where most of them meet none.
func (m *mask) prevertebral(v *neckfrac.Volume, b body) float64 {
	if b.first[0] < 0 {
		return math.NaN()
	}
	half := int(prevertebralMM / v.SpacingMM[0])
	var found []float64
	n := 0
	for i := max(0, b.first[0]-half); i <= min(v.Dims[0]-1, b.first[0]+half); i++ {
		n++
		for j := b.first[1]; j >= 0; j-- {
			d := float64(b.first[1]-j) * v.SpacingMM[1]
			if d > maxSwellingMM {
				break
			}
			if v.HU[v.Index(i, j, b.first[2])] < airHU {
				found = append(found, d)
				break
			}
		}
	}
	if 2*len(found) <= n {
		return math.NaN()
	}
	slices.Sort(found)
	return found[len(found)/2]
}

// besideNeighbours fills height_beside_neighbours: the body's front height over the mean
// of its neighbours'. C1 and C2 have no body of that kind.
func besideNeighbours(levels *[neckfrac.Levels]Level) {
	const c3 = 2
	front, to := slices.Index(ShapeNames(), "height_front"), slices.Index(ImageNames(), "height_beside_neighbours")
	for i := c3; i < len(levels); i++ {
		if levels[i].Image == nil {
			continue
		}
		var sum, n float64
		for _, k := range [2]int{i - 1, i + 1} {
			if k >= c3 && k < len(levels) && levels[k].Shape != nil && !math.IsNaN(float64(levels[k].Shape[front])) {
				sum, n = sum+float64(levels[k].Shape[front]), n+1
			}
		}
		levels[i].Image[to] = numbers(float64(levels[i].Shape[front]) / (sum / n))[0] // 0/0 is NaN
	}
}
