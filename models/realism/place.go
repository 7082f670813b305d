package realism

import (
	"math"
	"slices"

	"github.com/neckfrac/neckfrac"
)

// Place says where the neck is: its head and the line of the spinal canal, in LPS.
type Place struct {
	// TopMM is the z of the head of the neck: the brainstem's end or the top of the dens.
	TopMM float64
	// Canal are points of the canal's line, z rising, at least one.
	Canal []neckfrac.Vec3
}

// At gives the canal's x and y at a height; beyond its ends the line goes straight down
// or up, so that a stack that ends early still has a middle.
func (p *Place) At(z float64) (x, y float64) {
	c := p.Canal
	i, _ := slices.BinarySearchFunc(c, z, func(q neckfrac.Vec3, z float64) int {
		switch {
		case q[2] < z:
			return -1
		case q[2] > z:
			return 1
		}
		return 0
	})
	if i == 0 {
		return c[0][0], c[0][1]
	}
	if i == len(c) {
		return c[i-1][0], c[i-1][1]
	}
	a, b := c[i-1], c[i]
	t := (z - a[2]) / (b[2] - a[2])
	return a[0] + t*(b[0]-a[0]), a[1] + t*(b[1]-a[1])
}

// Labels of organs at risk as PlaceByOrgans reads them.
const (
	organCord      = 1
	organBrainstem = 2
)

// PlaceByOrgans reads labels of a radiotherapy plan: 1 spinal cord, 2 brainstem. The head
// of the neck is the brainstem's lower end, the canal the middle of the cord in every
// slice. It fails with NotFound where either is missing.
func PlaceByOrgans(l *neckfrac.Labels) (*Place, error) {
	const op = "realism: place by organs"
	if err := check(l.Grid, len(l.Voxel)); err != nil {
		return nil, neckfrac.E(op, err)
	}
	top := math.Inf(1)
	sums := map[int]*[4]float64{}
	each(l, func(value uint8, mm neckfrac.Vec3) {
		switch value {
		case organBrainstem:
			top = min(top, mm[2])
		case organCord:
			key := int(math.Round(mm[2] * 10))
			s := sums[key]
			if s == nil {
				s = new([4]float64)
				sums[key] = s
			}
			s[0], s[1], s[2], s[3] = s[0]+mm[0], s[1]+mm[1], s[2]+mm[2], s[3]+1
		}
	})
	if math.IsInf(top, 1) || len(sums) == 0 {
		return nil, neckfrac.Errorf(neckfrac.NotFound, op, "no cord or no brainstem")
	}
	p := &Place{TopMM: top}
	for _, s := range sums {
		p.Canal = append(p.Canal, neckfrac.Vec3{s[0] / s[3], s[1] / s[3], s[2] / s[3]})
	}
	p.sort()
	return p, nil
}

// PlaceByVertebrae reads labels of vertebrae: 1 to 7 are C1 to C7. The head of the neck is
// the top of C1 and C2, the canal the widest gap that their bone surrounds. It fails with
// NotFound where C2 is missing or no ring is seen.
func PlaceByVertebrae(l *neckfrac.Labels) (*Place, error) {
	const op = "realism: place by vertebrae"
	if err := check(l.Grid, len(l.Voxel)); err != nil {
		return nil, neckfrac.E(op, err)
	}
	top, low, high := math.Inf(-1), math.Inf(1), math.Inf(-1)
	var c2 bool
	bone := map[[3]int]bool{}
	each(l, func(value uint8, mm neckfrac.Vec3) {
		if value < 1 || value > 7 {
			return
		}
		if value <= 2 {
			top = max(top, mm[2])
		}
		c2 = c2 || value == 2
		low, high = min(low, mm[2]), max(high, mm[2])
		bone[[3]int{int(math.Round(mm[0] / boneCellMM)), int(math.Round(mm[1] / boneCellMM)), int(math.Round(mm[2] / boneCellMM))}] = true
	})
	if !c2 {
		return nil, neckfrac.Errorf(neckfrac.NotFound, op, "no C2")
	}
	p := &Place{TopMM: top}
	for z := low; z <= high; z += 2 * boneCellMM {
		if x, y, ok := ring(bone, z); ok {
			p.Canal = append(p.Canal, neckfrac.Vec3{x, y, z})
		}
	}
	if len(p.Canal) == 0 {
		return nil, neckfrac.Errorf(neckfrac.NotFound, op, "no ring of bone")
	}
	p.sort()
	p.steady()
	return p, nil
}

func (p *Place) sort() {
	slices.SortFunc(p.Canal, func(a, b neckfrac.Vec3) int {
		if a[2] < b[2] {
			return -1
		}
		return 1
	})
}

// steady replaces every point by the median of itself and its two neighbours on both
// sides: where laminae leave a gap a ring may be found beside the canal.
func (p *Place) steady() {
	old := slices.Clone(p.Canal)
	for i := range p.Canal {
		near := old[max(i-2, 0):min(i+3, len(old))]
		for a := range 2 {
			v := make([]float64, len(near))
			for j, q := range near {
				v[j] = q[a]
			}
			p.Canal[i][a] = quantile(sorted(v), 0.5)
		}
	}
}

// each calls f for every voxel that has a label.
func each(l *neckfrac.Labels, f func(value uint8, mm neckfrac.Vec3)) {
	at := 0
	for k := range l.Dims[2] {
		for j := range l.Dims[1] {
			for i := range l.Dims[0] {
				if v := l.Voxel[at]; v != 0 {
					f(v, l.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)}))
				}
				at++
			}
		}
	}
}
