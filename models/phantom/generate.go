package phantom

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// Generate makes the study that a Config describes. It uses one goroutine and no
// clock; equal configurations give equal studies.
func Generate(c Config) (*Study, error) {
	c, err := c.filled()
	if err != nil {
		return nil, err
	}
	s := newScene(c)
	events := drawEvents(c, s)
	broken := map[*bone]*breakage{}
	if !c.Intact {
		for _, e := range events {
			broken[s.chain[e.level.Index()]] = e.breakage
			if c.Edition == Phantom3 {
				s.swell(e)
			}
		}
	}
	a := plan(s, c)
	if c.Edition == Phantom4 {
		a.restyle(c.Seed, c.WithoutKernels)
		s.soften(events, c.Intact)
		if !c.Intact {
			s.follow(events)
		}
	}
	g := a.drawing()
	cv := paint(s, g, broken)
	picture := a.resolve(block{g.nx, g.ny, g.nz, cv.hu}, &g)
	out := &Study{}
	out.Truth = s.truth(c, &a, events)
	finish(s, &a, picture.v)
	out.place(&a, picture.v, cv)
	out.see(s, &a, cv)
	out.shake(stream(c.Seed, "motion"), &a)
	out.take(c.Form)
	out.name()
	return out, nil
}

// place fills the volume and labels.
func (t *Study) place(a *acquisition, v []float32, cv *canvas) {
	grid := a.grid()
	hu := make([]int16, len(v))
	for i, x := range v {
		hu[i] = int16(math.Round(clamp(float64(x), -1024, 3071)))
	}
	if a.quirks.step > 0 {
		a.spoil(hu)
	}
	t.Volume = neckfrac.Volume{Grid: grid, HU: hu, SliceThicknessMM: a.SliceMM, Kernel: a.Kernel}
	label := make([]uint8, len(v))
	at := 0
	for k := range a.nz {
		for j := range a.ny {
			row := ((k*a.mz+a.mz/2)*cv.g.ny + j*a.mx + a.mx/2) * cv.g.nx
			for i := range a.nx {
				label[at] = cv.label[row+i*a.mx+a.mx/2]
				at++
			}
		}
	}
	t.Labels = neckfrac.Labels{Grid: grid, Voxel: label}
}

// see finds the voxels where a fracture can be seen and judges each level by them.
func (t *Study) see(s *scene, a *acquisition, cv *canvas) {
	t.Fracture = make([]uint8, len(t.Volume.HU))
	for _, le := range cv.lesion {
		lt := t.Truth.Levels[le.b.level]
		cnr, voxels := t.mark(s, a, &cv.g, &le)
		for i := range lt.Fractures {
			lt.Fractures[i].CNR, lt.Fractures[i].Voxels = cnr, voxels
		}
		if voxels >= minVoxels && cnr > minCNR {
			lt.Label = 1
			t.Truth.Patient = 1
		}
	}
	for i := range t.Fracture {
		if v := t.Fracture[i]; v != 0 && t.Truth.Levels[neckfrac.Vertebra(v)].Label == 0 {
			t.Fracture[i] = 0
		}
	}
	for _, lt := range t.Truth.Levels {
		lt.Occult = len(lt.Fractures) > 0 && lt.Label == 0
	}
}

// A fracture counts as visible from this many voxels whose noise-free change exceeds
// the local noise this many times and the clutter of the bone itself.
const (
	minVoxels = 3
	minCNR    = 2.0
)

// clutterHU is the change that stands out from whole bone: at coarse resolution thin
// walls and joints make steps of their own, and only the twin could tell them apart.
func (a *acquisition) clutterHU() float64 {
	return 70 * max(1, max(a.PixelMM, a.SliceMM/1.5)/0.9)
}

// mark resolves the lesion as the scanner would and marks what is left of it.
func (t *Study) mark(s *scene, a *acquisition, g *lattice, le *lesion) (cnr float64, voxels int) {
	const pad = 4
	var lo, hi [3]int // voxels
	m := [3]int{a.mx, a.mx, a.mz}
	n := [3]int{a.nx, a.ny, a.nz}
	for c := range 3 {
		lo[c] = max(0, le.win.lo[c]/m[c]-pad)
		hi[c] = min(n[c], (le.win.hi[c]+m[c]-1)/m[c]+pad)
	}
	bx, by, bz := (hi[0]-lo[0])*m[0], (hi[1]-lo[1])*m[1], (hi[2]-lo[2])*m[2]
	in := block{bx, by, bz, make([]float32, bx*by*bz)}
	vx, vy := hi[0]-lo[0], hi[1]-lo[1]
	site := make([]uint8, vx*vy*(hi[2]-lo[2]))
	at := 0
	for k := le.win.lo[2]; k < le.win.hi[2]; k++ {
		for j := le.win.lo[1]; j < le.win.hi[1]; j++ {
			for i := le.win.lo[0]; i < le.win.hi[0]; i, at = i+1, at+1 {
				in.v[((k-lo[2]*m[2])*by+j-lo[1]*m[1])*bx+i-lo[0]*m[0]] = le.delta[at]
				if le.site[at] != 0 {
					site[((k/m[2]-lo[2])*vy+j/m[1]-lo[1])*vx+i/m[0]-lo[0]] = 1
				}
			}
		}
	}
	out := a.resolve(in, g)
	clutter := a.clutterHU()
	var top topMean
	for k := lo[2]; k < hi[2]; k++ {
		noise := a.noiseAt(s, k)
		for j := lo[1]; j < hi[1]; j++ {
			for i := lo[0]; i < hi[0]; i++ {
				q := ((k-lo[2])*vy+j-lo[1])*vx + i - lo[0]
				v := math.Abs(float64(out.v[q]))
				if site[q] == 0 || v < clutter {
					continue
				}
				top.add(v / noise)
				if v > minCNR*noise {
					t.Fracture[t.Volume.Index(i, j, k)] = uint8(le.b.level)
					voxels++
				}
			}
		}
	}
	return math.Round(top.mean()*100) / 100, voxels
}

// topMean is the mean of the 20 largest values.
type topMean struct{ v []float64 }

func (t *topMean) add(x float64) {
	if len(t.v) < 20 {
		t.v = append(t.v, x)
		return
	}
	least := 0
	for i, v := range t.v {
		if v < t.v[least] {
			least = i
		}
	}
	if x > t.v[least] {
		t.v[least] = x
	}
}

func (t *topMean) mean() float64 {
	if len(t.v) == 0 {
		return 0
	}
	var s float64
	for _, v := range t.v {
		s += v
	}
	return s / float64(len(t.v))
}
