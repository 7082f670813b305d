package phantom

import (
	"math"
	"slices"

	"github.com/neckfrac/neckfrac/models/stl"
)

// crossing is a place where a ray of a bundle goes through a mesh.
type crossing struct {
	ray  int32
	at   float32
	sign int8 // +1 where the ray comes in, -1 where it goes out
}

// bundle are the rays of a lattice along one axis.
type bundle struct {
	axis, u, v int
	lo         vec
	step       float64
	nu, nv     int
}

// skew moves rays off the lattice: a ray that met an edge would count it twice or not
// at all, and corners of meshes like round numbers.
const skewU, skewV = 1.37e-4, 2.11e-4

// crossings lists where the rays go through a mesh, ray by ray, rising. Triangles are
// taken half open, so that a closed mesh is crossed an even number of times.
func (b *bundle) crossings(mesh []stl.Triangle) []crossing {
	var out []crossing
	u0, v0 := b.lo[b.u]+skewU*b.step, b.lo[b.v]+skewV*b.step
	for i := range mesh {
		t := &mesh[i]
		au, av := t[0][b.u], t[0][b.v]
		bu, bv := t[1][b.u], t[1][b.v]
		cu, cv := t[2][b.u], t[2][b.v]
		area := (bu-au)*(cv-av) - (cu-au)*(bv-av)
		if area == 0 {
			continue
		}
		sign := int8(1)
		if area > 0 {
			sign = -1
		}
		i0 := max(0, int(math.Ceil((min(au, bu, cu)-u0)/b.step)))
		i1 := min(b.nu-1, int(math.Floor((max(au, bu, cu)-u0)/b.step)))
		j0 := max(0, int(math.Ceil((min(av, bv, cv)-v0)/b.step)))
		j1 := min(b.nv-1, int(math.Floor((max(av, bv, cv)-v0)/b.step)))
		for j := j0; j <= j1; j++ {
			v := v0 + float64(j)*b.step
			for i := i0; i <= i1; i++ {
				u := u0 + float64(i)*b.step
				w0 := ((bu-u)*(cv-v) - (cu-u)*(bv-v)) / area
				w1 := ((cu-u)*(av-v) - (au-u)*(cv-v)) / area
				w2 := 1 - w0 - w1
				if w0 < 0 || w1 < 0 || w2 < 0 {
					continue
				}
				at := w0*t[0][b.axis] + w1*t[1][b.axis] + w2*t[2][b.axis]
				out = append(out, crossing{int32(j*b.nu + i), float32(at), sign})
			}
		}
	}
	slices.SortFunc(out, func(a, b crossing) int {
		if a.ray != b.ray {
			return int(a.ray) - int(b.ray)
		}
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return int(b.sign) - int(a.sign)
	})
	return out
}

// columns are the highest and lowest places of a mesh over a lattice in x and y, NaN
// where there is nothing.
type columns struct {
	lo          [2]float64
	step        float64
	n           [2]int
	top, bottom []float64
}

// newColumns looks at a mesh from above.
func newColumns(mesh []stl.Triangle, step float64) *columns {
	lo, hi := meshBox(mesh)
	c := &columns{lo: [2]float64{lo[0] - 2*step, lo[1] - 2*step}, step: step}
	for a := range 2 {
		c.n[a] = int((hi[a]-lo[a])/step) + 5
	}
	c.top, c.bottom = make([]float64, c.n[0]*c.n[1]), make([]float64, c.n[0]*c.n[1])
	for i := range c.top {
		c.top[i], c.bottom[i] = math.NaN(), math.NaN()
	}
	b := bundle{axis: 2, u: 0, v: 1, lo: vec{c.lo[0], c.lo[1], 0}, step: step, nu: c.n[0], nv: c.n[1]}
	for _, x := range b.crossings(mesh) {
		if math.IsNaN(c.bottom[x.ray]) {
			c.bottom[x.ray] = float64(x.at)
		}
		c.top[x.ray] = float64(x.at)
	}
	return c
}

// index of the column nearest to (x, y), or false outside the lattice.
func (c *columns) index(x, y float64) (int, bool) {
	i, j := int(math.Round((x-c.lo[0])/c.step)), int(math.Round((y-c.lo[1])/c.step))
	if i < 0 || j < 0 || i >= c.n[0] || j >= c.n[1] {
		return 0, false
	}
	return j*c.n[0] + i, true
}

// hole is an opening of the outline as it is seen from above, mm.
type hole struct {
	area   float64 // mm2
	x, y   float64 // middle
	lo, hi [2]float64
}

// canal is the largest opening that bone surrounds. Arches that are thin, or that do not
// quite close as they are seen from above, are closed by growing bone by up to three
// cells; the opening is given as it was before.
func (c *columns) canal(grow int) (hole, bool) {
	open := make([]bool, len(c.top))
	for i, v := range c.top {
		open[i] = math.IsNaN(v)
	}
	for range grow {
		was := slices.Clone(open)
		for at := range open {
			for _, to := range [4]int{at - 1, at + 1, at - c.n[0], at + c.n[0]} {
				if to >= 0 && to < len(was) && !was[to] {
					open[at] = false
				}
			}
		}
	}
	h := enclosed(open, c.n, c.lo, c.step)
	if len(h) == 0 {
		return hole{}, false
	}
	back := float64(grow) * c.step
	for a := range 2 {
		h[0].lo[a], h[0].hi[a] = h[0].lo[a]-back, h[0].hi[a]+back
	}
	h[0].area += back * math.Sqrt(4*math.Pi*h[0].area)
	return h[0], h[0].area >= leastCanal
}

// anyCanal is canal with as little growth as does.
func (c *columns) anyCanal() (h hole, ok bool) {
	for grow := 0; grow <= maxGrow && !ok; grow++ {
		h, ok = c.canal(grow)
	}
	return h, ok
}

// maxGrow is how often bone is grown to close an arch.
const maxGrow = 3

// enclosed finds the patches of a plane of flags that do not reach its rim.
func enclosed(open []bool, n [2]int, lo [2]float64, step float64) []hole {
	var out []hole
	var stack []int
	for start := range open {
		if !open[start] {
			continue
		}
		h := hole{lo: [2]float64{1e9, 1e9}, hi: [2]float64{-1e9, -1e9}}
		cells, rim := 0.0, false
		open[start] = false
		stack = append(stack[:0], start)
		for len(stack) > 0 {
			at := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			i, j := at%n[0], at/n[0]
			p := [2]float64{lo[0] + float64(i)*step, lo[1] + float64(j)*step}
			cells++
			h.x, h.y = h.x+p[0], h.y+p[1]
			for a := range 2 {
				h.lo[a], h.hi[a] = min(h.lo[a], p[a]), max(h.hi[a], p[a])
			}
			if i == 0 || j == 0 || i == n[0]-1 || j == n[1]-1 {
				rim = true
				continue
			}
			for _, to := range [4]int{at - 1, at + 1, at - n[0], at + n[0]} {
				if open[to] {
					open[to] = false
					stack = append(stack, to)
				}
			}
		}
		if !rim {
			h.area, h.x, h.y = cells*step*step, h.x/cells, h.y/cells
			out = append(out, h)
		}
	}
	slices.SortFunc(out, func(a, b hole) int {
		if a.area > b.area {
			return -1
		}
		return 1
	})
	return out
}

// meshBox is the box of a mesh.
func meshBox(mesh []stl.Triangle) (lo, hi vec) {
	lo, hi = vec{1e9, 1e9, 1e9}, vec{-1e9, -1e9, -1e9}
	for i := range mesh {
		for _, p := range mesh[i] {
			for a := range 3 {
				lo[a], hi[a] = min(lo[a], p[a]), max(hi[a], p[a])
			}
		}
	}
	return lo, hi
}

// localMesh is a mesh in a frame.
func localMesh(mesh []stl.Triangle, f pose) []stl.Triangle {
	out := make([]stl.Triangle, len(mesh))
	for i := range mesh {
		for c, p := range mesh[i] {
			out[i][c] = f.local(p)
		}
	}
	return out
}
