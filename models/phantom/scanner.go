package phantom

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// acquisition is where and how a scene is scanned.
type acquisition struct {
	Scanner
	origin     vec // middle of the first voxel of the lowest slice
	nx, ny, nz int
	mx, mz     int // cells of the drawing lattice per voxel
}

var sliceChoices = []float64{0.6, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0}

// plan draws the acquisition. Nothing in it looks at fractures.
func plan(s *scene, c Config) acquisition {
	r := stream(s.seed, "scanner")
	a := acquisition{Scanner: Scanner{KVP: []int{100, 120, 120, 120, 140}[r.IntN(5)]}}
	protocol := c.Protocol
	if w := r.pick([]float64{0.74, 0.12, 0.14}); protocol == ProtocolMixed {
		protocol = Protocol(w + 1)
	}
	a.drawResolution(r, protocol)
	if c.SpacingMM > 0 {
		a.SliceMM, a.SpacingMM = c.SliceMM, c.SpacingMM
	}
	a.drawKernel(r)
	a.Motion = r.chance(0.03)
	a.Metal = r.chance(0.18)
	a.rows = c.Matrix
	if protocol == ProtocolTherapy {
		a.rows = 128
	}
	a.PixelMM = a.fov / float64(a.rows)
	lo, hi := a.drawRange(s, stream(s.seed, "coverage"), c, protocol)
	if n := (hi - lo) / a.SpacingMM; n > float64(c.MaxSlices) {
		a.SpacingMM = (hi - lo) / float64(c.MaxSlices)
		a.SliceMM = max(a.SliceMM, a.SpacingMM)
	}
	a.nx, a.ny = a.rows, a.rows
	a.nz = max(8, int((hi-lo)/a.SpacingMM))
	mid := s.along((lo + hi) / 2).body
	off := vec{r.spread(0, 6), r.spread(14, 8), 0}
	if a.fov > 260 {
		off = vec{r.spread(0, 8), r.spread(-4, 10), 0}
	}
	a.origin = vec{mid[0] + off[0] - a.fov/2, mid[1] + off[1] - a.fov/2, lo}
	a.mx = max(1, int(math.Round(a.PixelMM/1.15)))
	a.mz = max(1, int(math.Round(a.SpacingMM/1.3)))
	return a
}

func (a *acquisition) drawResolution(r random, p Protocol) {
	slice := sliceChoices[r.pick([]float64{14, 12, 30, 14, 6, 12, 6, 6})]
	overlap := []float64{1, 0.5, 0.7, 0.8}[r.pick([]float64{5, 2, 2, 2})]
	u := r.Float64()
	switch p {
	case ProtocolTherapy:
		a.Protocol, a.fov = "therapy", lerp(450, 640, u)
		a.SliceMM = []float64{2.5, 3, 3, 5}[r.IntN(4)]
		a.SpacingMM = a.SliceMM
	case ProtocolWide:
		a.Protocol, a.fov = "wide", lerp(240, 460, u)
		a.SliceMM, a.SpacingMM = max(slice, 1), max(slice*overlap, 0.8)
	default:
		a.Protocol, a.fov = "diagnostic", lerp(120, 235, math.Pow(u, 0.8))
		if r.chance(0.1) {
			a.fov = r.between(230, 300)
		}
		a.SliceMM, a.SpacingMM = slice, max(slice*overlap, 0.6)
	}
}

// kernels by family: names as vendors write them.
var kernels = [3][]string{
	{"B30f", "STANDARD", "UB", "FC08", "Br36"},
	{"B50f", "DETAIL", "FC30", "Br49"},
	{"B60s", "B70s", "BONE", "BONEPLUS", "YA", "H60s", "Hr60"},
}

func (a *acquisition) drawKernel(r random) {
	family := r.pick([]float64{0.28, 0.17, 0.55})
	if a.Protocol == "therapy" {
		family = 0
	}
	a.Kernel = kernels[family][r.IntN(len(kernels[family]))]
	median := [3]float64{13, 22, 34}[family]
	a.NoiseHU = clamp(median*math.Exp(r.spread(0, 0.42))/math.Sqrt(math.Sqrt(a.SliceMM)), 5, 95)
	a.FWHM = [3]float64{r.between(0.95, 1.35), r.between(0.75, 0.95), r.between(0.5, 0.72)}[family]
	a.overshoot = [3]float64{0, r.between(0, 0.15), r.between(0.15, 0.5)}[family]
	a.shoulder = r.between(1.3, 2.4)
	a.StreakHU = r.logBetween(12, 90) * []float64{0.7, 0.85, 1}[family]
}

// drawRange chooses the stack's lowest and highest z.
func (a *acquisition) drawRange(s *scene, r random, c Config, p Protocol) (lo, hi float64) {
	top, bottom := boxOf(s.clouds[0]).Max[2], boxOf(s.clouds[6]).Min[2]
	hi, lo = top+r.between(8, 38), bottom-r.between(8, 36)
	cut := r.chance(0.30)
	up := r.between(0.08, 0.62)
	which := r.pick([]float64{0.45, 0.45, 0.10})
	wide := r.IntN(3)
	if p != ProtocolDiagnostic {
		if wide != 0 {
			hi = top + r.between(40, 95)
		}
		if wide != 1 {
			lo = bottom - r.between(35, 80)
		}
	}
	switch c.Coverage {
	case CoverageFull:
		cut = false
	case CoveragePartial:
		cut = true
	}
	if !cut {
		return lo, hi
	}
	full := top - bottom
	switch which {
	case 0:
		a.Partial, hi = "starts inside", top-up*full
	case 1:
		a.Partial, lo = "ends inside", bottom+up*full
	default:
		a.Partial = "both"
		hi, lo = top-up*full*0.5, bottom+r.between(0.05, 0.3)*full
	}
	return lo, max(hi, lo+30)
}

// grid is the study's grid.
func (a *acquisition) grid() neckfrac.Grid {
	return neckfrac.Grid{
		Dims: [3]int{a.nx, a.ny, a.nz}, SpacingMM: vec{a.PixelMM, a.PixelMM, a.SpacingMM}, OriginMM: a.origin, Direction: identity,
	}
}

// drawing is the lattice on which the scene is painted.
func (a *acquisition) drawing() lattice {
	g := lattice{px: a.PixelMM / float64(a.mx), dz: a.SpacingMM / float64(a.mz)}
	g.nx, g.ny, g.nz = a.nx*a.mx, a.ny*a.mx, a.nz*a.mz
	g.origin = vec{
		a.origin[0] - float64(a.mx-1)/2*g.px, a.origin[1] - float64(a.mx-1)/2*g.px, a.origin[2] - float64(a.mz-1)/2*g.dz,
	}
	return g
}

// block is a float picture.
type block struct {
	nx, ny, nz int
	v          []float32
}

// resolve takes a painted block, whose sides are multiples of the cells per voxel,
// to voxels as the scanner's optics would: slice profile, pixel, kernel.
func (a *acquisition) resolve(in block, g *lattice) block {
	out := a.thick(a.shrink(in), g.dz)
	rest := sq(a.FWHM/2.355) - sq(0.42*g.px)
	if a.mx > 1 {
		rest = sq(a.FWHM/2.355) - sq(0.29*a.PixelMM)
	}
	if rest > 0 {
		blurPlanes(out, math.Sqrt(rest)/a.PixelMM)
	}
	if a.overshoot > 0 && a.PixelMM < 1.6 {
		soft := block{out.nx, out.ny, out.nz, append([]float32(nil), out.v...)}
		blurPlanes(soft, 0.75/a.PixelMM)
		o := float32(a.overshoot)
		for i, v := range soft.v {
			out.v[i] += o * (out.v[i] - v)
		}
	}
	return out
}

// shrink averages mx x mx cells in the plane.
func (a *acquisition) shrink(in block) block {
	m := a.mx
	if m == 1 {
		return in
	}
	out := block{in.nx / m, in.ny / m, in.nz, make([]float32, in.nx/m*(in.ny/m)*in.nz)}
	inv := 1 / float32(m*m)
	for k := range in.nz {
		for j := range out.ny {
			row := out.v[(k*out.ny+j)*out.nx:][:out.nx]
			for jj := range m {
				src := in.v[(k*in.ny+j*m+jj)*in.nx:][:in.nx]
				for i := range row {
					var s float32
					for ii := range m {
						s += src[i*m+ii]
					}
					row[i] += s * inv
				}
			}
		}
	}
	return out
}

// thick averages drawn slices over the slice thickness, one result per spacing.
func (a *acquisition) thick(in block, dz float64) block {
	m := a.mz
	out := block{in.nx, in.ny, in.nz / m, nil}
	half := max(a.SliceMM, dz) / 2
	n := int(math.Ceil(half/dz)) + 1
	if m == 1 && half <= dz/2+1e-9 {
		return in
	}
	out.v = make([]float32, out.nx*out.ny*out.nz)
	plane := in.nx * in.ny
	for k := range out.nz {
		mid := float64(k*m) + float64(m-1)/2
		dst := out.v[k*plane:][:plane]
		var sum float32
		for q := int(mid) - n; q <= int(mid)+n+1; q++ {
			if q < 0 || q >= in.nz {
				continue
			}
			a0 := max((float64(q)-mid)*dz-dz/2, -half)
			a1 := min((float64(q)-mid)*dz+dz/2, half)
			w := float32(a1 - a0)
			if w <= 1e-6 {
				continue
			}
			sum += w
			for i, v := range in.v[q*plane:][:plane] {
				dst[i] += w * v
			}
		}
		for i := range dst {
			dst[i] /= sum
		}
	}
	return out
}

// blurPlanes blurs every plane with a Gaussian of sigma pixels.
func blurPlanes(b block, sigma float64) {
	if sigma < 0.15 {
		return
	}
	n := int(math.Ceil(2.8 * sigma))
	w := make([]float32, n+1)
	var sum float64
	for i := range w {
		v := math.Exp(-float64(i*i) / (2 * sigma * sigma))
		w[i] = float32(v)
		sum += v
		if i > 0 {
			sum += v
		}
	}
	for i := range w {
		w[i] /= float32(sum)
	}
	tmp := make([]float32, b.nx*b.ny)
	for k := range b.nz {
		p := b.v[k*b.nx*b.ny:][:b.nx*b.ny]
		blurRows(tmp, p, b.nx, b.ny, w)
		blurColumns(p, tmp, b.nx, b.ny, w)
	}
}

func blurRows(dst, src []float32, nx, ny int, w []float32) {
	n := len(w) - 1
	for j := range ny {
		d, s := dst[j*nx:][:nx], src[j*nx:][:nx]
		for i := range d {
			v := w[0] * s[i]
			if i >= n && i+n < nx {
				for q := 1; q <= n; q++ {
					v += w[q] * (s[i-q] + s[i+q])
				}
			} else {
				for q := 1; q <= n; q++ {
					v += w[q] * (s[max(i-q, 0)] + s[min(i+q, nx-1)])
				}
			}
			d[i] = v
		}
	}
}

func blurColumns(dst, src []float32, nx, ny int, w []float32) {
	for j := range ny {
		d := dst[j*nx:][:nx]
		for i, v := range src[j*nx:][:nx] {
			d[i] = w[0] * v
		}
		for q := 1; q < len(w); q++ {
			a, b := src[max(j-q, 0)*nx:][:nx], src[min(j+q, ny-1)*nx:][:nx]
			wq := w[q]
			for i := range d {
				d[i] += wq * (a[i] + b[i])
			}
		}
	}
}
