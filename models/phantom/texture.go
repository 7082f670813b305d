package phantom

import (
	"math"
	"math/rand/v2"
	"sync"
)

// tileSize is the side of a noise tile in cells, a power of two for wrapping. A
// tile takes 1 MiB.
const tileSize = 64

// tile is a periodic cube of Gaussian noise, mean 0 and SD 1, whose grain is about
// two cells.
type tile [tileSize * tileSize * tileSize]float32

// tiles are drawn once from a fixed seed; a study looks at them from its own offset.
var tiles = sync.OnceValue(func() *[2]tile {
	var out [2]tile
	for n := range out {
		r := rand.New(rand.NewPCG(20260101, uint64(n)))
		for i := range out[n] {
			out[n][i] = float32(r.NormFloat64())
		}
		out[n].soften()
	}
	return &out
})

// soften blurs along the three axes with a binomial kernel and restores SD 1.
func (t *tile) soften() {
	line := make([]float32, tileSize)
	for _, stride := range []int{1, tileSize, tileSize * tileSize} {
		for start := range t {
			if start/stride%tileSize != 0 {
				continue
			}
			for i := range line {
				line[i] = t[start+i*stride]
			}
			for i := range line {
				a, b := line[(i+tileSize-1)%tileSize], line[(i+1)%tileSize]
				t[start+i*stride] = (a + 2*line[i] + b) / 4
			}
		}
	}
	var s, q float64
	for _, v := range t {
		s += float64(v)
		q += float64(v) * float64(v)
	}
	mean := s / float64(len(t))
	sd := math.Sqrt(q/float64(len(t)) - mean*mean)
	for i, v := range t {
		t[i] = float32((float64(v) - mean) / sd)
	}
}

// grain reads a tile at a cell size in millimetres, from an offset.
type grain struct {
	t   *tile
	inv float64
	off vec
}

func newGrain(r random, n int, cellMM float64) grain {
	return grain{t: &tiles()[n], inv: 1 / cellMM, off: vec{r.between(0, 999), r.between(0, 999), r.between(0, 999)}}
}

// at is the trilinear value at p, about N(0, 0.7).
func (g *grain) at(p vec) float64 {
	x := p[0]*g.inv + g.off[0] + 4096
	y := p[1]*g.inv + g.off[1] + 4096
	z := p[2]*g.inv + g.off[2] + 4096
	xi, yi, zi := int(x), int(y), int(z)
	fx, fy, fz := float32(x-float64(xi)), float32(y-float64(yi)), float32(z-float64(zi))
	const m = tileSize - 1
	x0, x1 := xi&m, (xi+1)&m
	y0, y1 := (yi&m)*tileSize, ((yi+1)&m)*tileSize
	z0, z1 := (zi&m)*tileSize*tileSize, ((zi+1)&m)*tileSize*tileSize
	t := g.t
	a := t[z0+y0+x0] + (t[z0+y0+x1]-t[z0+y0+x0])*fx
	b := t[z0+y1+x0] + (t[z0+y1+x1]-t[z0+y1+x0])*fx
	c := t[z1+y0+x0] + (t[z1+y0+x1]-t[z1+y0+x0])*fx
	d := t[z1+y1+x0] + (t[z1+y1+x1]-t[z1+y1+x0])*fx
	a += (b - a) * fy
	c += (d - c) * fy
	return float64(a + (c-a)*fz)
}

// strut is the ridged texture of spongy bone in 0..1, mean about 0.35: bright thin
// walls round dark marrow holes. Plain noise looks like plaster.
func (g *grain) strut(p vec) float64 {
	n := 1 - math.Abs(g.at(p))/1.1
	if n < 0 {
		return 0
	}
	return n * n
}

// phiTable is the normal distribution function over -4..4.
var phiTable = func() (t [1025]float64) {
	for i := range t {
		t[i] = 0.5 * math.Erfc(-(float64(i)/128-4)/math.Sqrt2)
	}
	return t
}()

// phi is the normal distribution function, by table.
func phi(x float64) float64 {
	if x <= -4 {
		return 0
	}
	if x >= 4 {
		return 1
	}
	return phiTable[int((x+4)*128+0.5)]
}
