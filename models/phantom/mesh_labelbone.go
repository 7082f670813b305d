package phantom

import "math"

// labelBone is a bone that comes from the label volume.
type labelBone struct {
	name string
	grid *distGrid // in the atlas's coordinates
}

// labelled lists the labels that are drawn as bones, by their names in the table: all of
// the skull, of which the format has but some meshes, teeth, breastbone and the spine
// below T2. rise and fall are how far they go on beyond the volume's rim, mm.
var labelled = []struct {
	label, bone string
	rise, fall  float64
}{
	{"skull", "skull", 60, 0}, {"tooth", "tooth", 0, 0}, {"sternum", "sternum", 0, 40}, {"T3 and lower", "lower spine", 0, 60},
}

// bones takes the bones out of the label volume.
func (a *softAtlas) bones() []labelBone {
	var out []labelBone
	for _, l := range labelled {
		for id, t := range a.table {
			if t.name == l.label {
				if g := a.labelGrid(uint8(id), l.rise, l.fall); g != nil {
					out = append(out, labelBone{l.bone, g})
				}
			}
		}
	}
	return out
}

// labelStep is the cell of a bone from labels, mm.
const labelStep = 1.0

// labelGrid measures the distance to a label: the half-way surface of its share of the
// cells, smoothed over a cell. It is nil where the label does not occur.
func (a *softAtlas) labelGrid(id uint8, rise, fall float64) *distGrid {
	lo, hi := [3]int{1 << 30, 1 << 30, 1 << 30}, [3]int{-1, -1, -1}
	at := 0
	for k := range a.n[2] {
		for j := range a.n[1] {
			for i := range a.n[0] {
				if a.label[at] == id {
					lo = [3]int{min(lo[0], i), min(lo[1], j), min(lo[2], k)}
					hi = [3]int{max(hi[0], i), max(hi[1], j), max(hi[2], k)}
				}
				at++
			}
		}
	}
	if hi[0] < 0 {
		return nil
	}
	g := &distGrid{step: labelStep}
	for c := range 3 {
		from, to := a.lo[c]+float64(lo[c])*a.step[c], a.lo[c]+float64(hi[c])*a.step[c]
		if c == 2 && hi[2] == a.n[2]-1 {
			to += rise
		}
		if c == 2 && lo[2] == 0 {
			from -= fall
		}
		g.lo[c] = from - gridMargin
		g.n[c] = int((to-from+2*gridMargin)/labelStep) + 2
	}
	share := make([]float32, g.n[0]*g.n[1]*g.n[2])
	a.shares(g, id, rise, fall, share)
	for c, stride := range [3]int{1, g.n[0], g.n[0] * g.n[1]} {
		binomial(share, stride, g.n[c])
	}
	g.fromShares(share)
	return g
}

// shares fills in the label's share of each cell, from eight places in it.
func (a *softAtlas) shares(g *distGrid, id uint8, rise, fall float64, share []float32) {
	end := vec{a.lo[0] + float64(a.n[0]-1)*a.step[0], a.lo[1] + float64(a.n[1]-1)*a.step[1], a.lo[2] + float64(a.n[2]-1)*a.step[2]}
	at := 0
	for k := range g.n[2] {
		for j := range g.n[1] {
			for i := range g.n[0] {
				for n := range 8 {
					p := vec{g.lo[0] + (float64(i)+float64(n&1)/2-0.25)*labelStep, g.lo[1] + (float64(j)+float64(n>>1&1)/2-0.25)*labelStep, g.lo[2] + (float64(k)+float64(n>>2)/2-0.25)*labelStep}
					if p[0] < a.lo[0] || p[1] < a.lo[1] || p[0] > end[0] || p[1] > end[1] || p[2] < a.lo[2]-fall || p[2] > end[2]+rise {
						continue
					}
					if a.at(p) == id {
						share[at] += 0.125
					}
				}
				at++
			}
		}
	}
}

// binomial smooths along one axis in place.
func binomial(v []float32, stride, n int) {
	for start := range v {
		if start/stride%n != 0 {
			continue
		}
		was := v[start]
		for i := range n {
			at := start + i*stride
			next := v[at]
			if i < n-1 {
				next = v[at+stride]
			}
			now := v[at]
			v[at] = (was + 2*now + next) / 4
			was = now
		}
	}
}

// fromShares takes shares to distances: to first order at the half-way surface, by sweeps
// elsewhere.
func (g *distGrid) fromShares(share []float32) {
	stride := [3]int{1, g.n[0], g.n[0] * g.n[1]}
	d, fixed := make([]float32, len(share)), make([]bool, len(share))
	for at := range share {
		d[at] = far
		p := [3]int{at % g.n[0], at / g.n[0] % g.n[1], at / stride[2]}
		var slope float64
		near := false
		for c := range 3 {
			if p[c] == 0 || p[c] == g.n[c]-1 {
				continue
			}
			a, b := share[at-stride[c]], share[at+stride[c]]
			slope += sq(float64(b-a) / (2 * g.step))
			near = near || (a > 0.5) != (share[at] > 0.5) || (b > 0.5) != (share[at] > 0.5)
		}
		if near {
			v := math.Abs(float64(share[at])-0.5) / max(math.Sqrt(slope), 0.05)
			d[at], fixed[at] = float32(min(v, g.step)), true
		}
	}
	sweep(d, fixed, g.n, float32(g.step))
	g.v = make([]int16, len(share))
	for at, v := range d {
		q := int16(min(float64(v)/distUnit, math.MaxInt16))
		if share[at] > 0.5 {
			q = -q
		}
		g.v[at] = q
	}
}
