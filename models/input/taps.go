package input

import (
	"math"
	"runtime"
	"sync"
)

// taps says, for each output sample along one axis, which source samples make it.
type taps struct {
	first  []int32   // first source index
	start  []int32   // offset of its weight; one more than samples
	weight []float32 // weights of a sample sum to 1
	inside []bool
}

// newTaps resamples axis a to n samples of the given spacing from originMM on. A
// coarser output averages what it covers, a finer one interpolates. A sample is
// outside when less than half of it lies in the volume.
func newTaps(a axis, n int, spacingMM, originMM float64) taps {
	t := taps{first: make([]int32, n), start: make([]int32, n+1), inside: make([]bool, n)}
	r := spacingMM / a.spacingMM
	for i := range n {
		p := a.index(originMM + float64(i)*spacingMM)
		if r > 1 {
			t.box(i, p, r, a.n)
		} else {
			t.linear(i, p, a.n)
		}
		t.start[i+1] = int32(len(t.weight))
	}
	return t
}

func (t *taps) box(i int, p, r float64, n int) {
	lo, hi := max(p-r/2, -0.5), min(p+r/2, float64(n)-0.5)
	if hi-lo < r/2 {
		return
	}
	t.inside[i] = true
	k0 := max(int(math.Floor(lo+0.5)), 0)
	t.first[i] = int32(k0)
	for k := k0; k < n; k++ {
		w := min(hi, float64(k)+0.5) - max(lo, float64(k)-0.5)
		if w <= 0 {
			break
		}
		t.weight = append(t.weight, float32(w/(hi-lo)))
	}
}

func (t *taps) linear(i int, p float64, n int) {
	k, f, ok := cell(p, n)
	if !ok {
		return
	}
	t.inside[i] = true
	t.first[i] = int32(k)
	t.weight = append(t.weight, float32(1-f))
	if n > 1 {
		t.weight = append(t.weight, float32(f))
	}
}

// span is the range of source indices that any sample uses.
func (t *taps) span() (lo, hi int) {
	lo = math.MaxInt
	for i, in := range t.inside {
		if in {
			lo = min(lo, int(t.first[i]))
			hi = max(hi, int(t.first[i])+int(t.start[i+1]-t.start[i]))
		}
	}
	return min(lo, hi), hi
}

// planes resamples slices of a stack in plane and remembers those made.
type planes struct {
	s      *Stack
	tx, ty taps
	nx, ny int
	rows   []float32
	made   map[int][]float32
	free   [][]float32
}

func (s *Stack) planes(nx, ny int, spacingMM, x0, y0 float64) *planes {
	return &planes{s: s, nx: nx, ny: ny, made: map[int][]float32{},
		tx: newTaps(s.ax[0], nx, spacingMM, x0), ty: newTaps(s.ax[1], ny, spacingMM, y0)}
}

// plane is slice k in HU, rows = y; it is valid until forget(k).
func (p *planes) plane(k int) []float32 {
	if m, ok := p.made[k]; ok {
		return m
	}
	var out []float32
	if n := len(p.free); n > 0 {
		out, p.free = p.free[n-1], p.free[:n-1]
	} else {
		out = make([]float32, p.nx*p.ny)
	}
	p.fill(k, out)
	p.made[k] = out
	return out
}

// forget drops planes under k, whose memory serves again.
func (p *planes) forget(k int) {
	for i, m := range p.made {
		if i < k {
			delete(p.made, i)
			p.free = append(p.free, m)
		}
	}
}

func (p *planes) fill(k int, out []float32) {
	lo, hi := p.ty.span()
	if need := (hi - lo) * p.nx; len(p.rows) < need {
		p.rows = make([]float32, need)
	}
	ax, ay := p.s.ax[0], p.s.ax[1]
	base := p.s.base + k*p.s.ax[2].stride
	for j := lo; j < hi; j++ {
		p.row(p.s.hu, base+j*ay.stride, ax.stride, p.rows[(j-lo)*p.nx:][:p.nx])
	}
	for y := range p.ny {
		dst := out[y*p.nx:][:p.nx]
		if !p.ty.inside[y] {
			fill(dst, outsideHU)
			continue
		}
		clear(dst)
		src := p.rows[(int(p.ty.first[y])-lo)*p.nx:]
		for _, w := range p.ty.weight[p.ty.start[y]:p.ty.start[y+1]] {
			addScaled(dst, src[:p.nx], w)
			if len(src) > p.nx {
				src = src[p.nx:]
			}
		}
	}
}

func (p *planes) row(hu []int16, base, stride int, dst []float32) {
	for x := range dst {
		if !p.tx.inside[x] {
			dst[x] = outsideHU
			continue
		}
		o := base + int(p.tx.first[x])*stride
		var v float32
		for _, w := range p.tx.weight[p.tx.start[x]:p.tx.start[x+1]] {
			v += w * float32(hu[o])
			o += stride
		}
		dst[x] = v
	}
}

// at writes the plane at a depth in millimetres, linear between slices.
func (p *planes) at(depthMM float64, dst []float32) {
	a := p.s.ax[2]
	k, f, ok := cell(a.index(depthMM), a.n)
	if !ok {
		fill(dst, outsideHU)
		return
	}
	clear(dst)
	if f < 1 {
		addScaled(dst, p.plane(k), float32(1-f))
	}
	if f > 0 {
		addScaled(dst, p.plane(k+1), float32(f))
	}
}

func addScaled(dst, src []float32, w float32) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] += w * src[i]
	}
}

func fill(dst []float32, v float32) {
	for i := range dst {
		dst[i] = v
	}
}

// parallel splits 0..n among the processors and waits for all parts.
func parallel(n int, part func(lo, hi int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() { part(w*n/workers, (w+1)*n/workers) })
	}
	wg.Wait()
}
