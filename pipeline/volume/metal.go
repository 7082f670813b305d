package volume

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// What counts as metal. Cortical bone ends near 2000 HU and enamel near 3000; a scale of
// 12 bits ends at 3071. The bounds were set on drawn screws and bands and looked at on
// scans without metal; no scan of a spine with implants was at hand.
const (
	metalHU = 3000
	// metalMM3 is the smallest piece: a screw in a lateral mass has about 130 mm³, a
	// filling 50, noise at the end of the scale a voxel or two.
	metalMM3 = 30
	// nearMM is how far beside a vertebra's box a piece still belongs to the spine: a plate
	// lies on the bone, teeth 25 mm and more away.
	nearMM = 10
	// constructMM is how long metal that joins two levels is at least.
	constructMM = 15
	// darkHU and darkShare: bone is never darker than fat; bands beside metal are.
	darkHU    = -200
	darkShare = 0.03
	// bandMM is how far along the scan metal reaches with its bands: they run in the slice.
	bandMM = 5
)

// Metal says how metal limits an analysis, from the pixels and where the prediction found
// the vertebrae: Hardware for pieces at the spine, PostOp where they join two levels,
// Metal where dark bands beside any metal cross a vertebra. It reads both and needs the
// prediction's mask for the bands.
func Metal(v *neckfrac.Volume, p neckfrac.Prediction) []neckfrac.Reason {
	s := newMetalScan(v, p)
	if s == nil {
		return nil
	}
	s.find()
	var out []neckfrac.Reason
	if s.nearMM3 >= metalMM3 {
		out = append(out, neckfrac.Hardware)
	}
	levels := 0
	for _, mm3 := range s.levelMM3 {
		if mm3 >= metalMM3 {
			levels++
		}
	}
	if levels > 1 && s.highMM-s.lowMM >= constructMM {
		out = append(out, neckfrac.PostOp)
	}
	if s.banded(p.Mask) {
		out = append(out, neckfrac.Metal)
	}
	return out
}

// metalScan looks for metal in the slices of the vertebrae.
type metalScan struct {
	v        *neckfrac.Volume
	from, to int // slices, both included
	boxes    [neckfrac.Levels]neckfrac.Box
	has      [neckfrac.Levels]bool
	voxelMM3 float64

	seen []uint64 // one bit a voxel of the slices: 8 MiB for 256 of 512×512
	// metal says for each slice of the volume whether a piece lies in it.
	metal         []bool
	nearMM3       float64
	levelMM3      [neckfrac.Levels]float64
	lowMM, highMM float64 // of the metal at the spine, along the patient
}

// newMetalScan is nil where no vertebra has a place.
func newMetalScan(v *neckfrac.Volume, p neckfrac.Prediction) *metalScan {
	s := &metalScan{v: v, from: v.Dims[2], to: -1, voxelMM3: v.SpacingMM[0] * v.SpacingMM[1] * v.SpacingMM[2],
		metal: make([]bool, v.Dims[2]), lowMM: math.Inf(1), highMM: math.Inf(-1)}
	for i, l := range p.Levels {
		b := l.Extent
		if l.Coverage == neckfrac.CoverageNone || !finiteBox(b) {
			continue
		}
		s.boxes[i], s.has[i] = b, true
		for c := range 8 {
			q := v.ToIndex(corner(b.Grow(nearMM), c))
			s.from = min(s.from, max(int(q[2]), 0))
			s.to = max(s.to, min(int(q[2])+1, v.Dims[2]-1))
		}
	}
	if s.to < s.from {
		return nil
	}
	n := v.Dims[0] * v.Dims[1] * (s.to - s.from + 1)
	s.seen = make([]uint64, (n+63)/64)
	return s
}

func finiteBox(b neckfrac.Box) bool {
	for a := range 3 {
		if w := b.Max[a] - b.Min[a]; !(w > 0 && w < maxCoordMM) || !within(b.Min[a], -maxCoordMM, maxCoordMM) {
			return false
		}
	}
	return true
}

// corner is one of the eight corners of a box.
func corner(b neckfrac.Box, n int) neckfrac.Vec3 {
	p := b.Min
	for a := range 3 {
		if n>>a&1 == 1 {
			p[a] = b.Max[a]
		}
	}
	return p
}

// find measures the pieces of metal in the slices.
func (s *metalScan) find() {
	plane := s.v.Dims[0] * s.v.Dims[1]
	base := s.from * plane
	for at, hu := range s.v.HU[base : (s.to+1)*plane] {
		if hu >= metalHU && s.take(at) {
			s.measure(s.piece(at))
		}
	}
}

// take marks a voxel, counted from the first slice, and reports whether it was free.
func (s *metalScan) take(at int) bool {
	w, bit := at/64, uint64(1)<<(at%64)
	free := s.seen[w]&bit == 0
	s.seen[w] |= bit
	return free
}

// piece are the voxels of metal that hang together with one, by their faces.
func (s *metalScan) piece(start int) []int {
	nx, ny := s.v.Dims[0], s.v.Dims[1]
	plane := nx * ny
	base, n := s.from*plane, (s.to-s.from+1)*plane
	out := []int{start}
	for i := 0; i < len(out); i++ {
		at := out[i]
		x, y := at%nx, at/nx%ny
		for _, step := range [6]struct {
			by int
			ok bool
		}{{-1, x > 0}, {1, x < nx-1}, {-nx, y > 0}, {nx, y < ny-1}, {-plane, at >= plane}, {plane, at < n-plane}} {
			if to := at + step.by; step.ok && s.v.HU[base+to] >= metalHU && s.take(to) {
				out = append(out, to)
			}
		}
	}
	return out
}

// measure adds a piece, unless it is too small to be one.
func (s *metalScan) measure(piece []int) {
	if float64(len(piece))*s.voxelMM3 < metalMM3 {
		return
	}
	nx, ny := s.v.Dims[0], s.v.Dims[1]
	for _, at := range piece {
		k := s.from + at/(nx*ny)
		s.metal[k] = true
		mm := s.v.ToMM(neckfrac.Vec3{float64(at % nx), float64(at / nx % ny), float64(k)})
		near := false
		for l, b := range s.boxes {
			if !s.has[l] {
				continue
			}
			if b.Contains(mm) {
				s.levelMM3[l] += s.voxelMM3
			}
			near = near || b.Grow(nearMM).Contains(mm)
		}
		if near {
			s.nearMM3 += s.voxelMM3
			s.lowMM, s.highMM = min(s.lowMM, mm[2]), max(s.highMM, mm[2])
		}
	}
}

// banded reports whether a vertebra has dark bands in slices beside metal.
func (s *metalScan) banded(m *neckfrac.Labels) bool {
	if m == nil || m.Len() != len(m.Voxel) {
		return false
	}
	reach := int(bandMM/s.v.SpacingMM[2]) + 1
	var all, dark [neckfrac.LabelOtherBone]int
	for at, l := range m.Voxel {
		if l == 0 || l >= neckfrac.LabelOtherBone {
			continue
		}
		mm := m.ToMM(neckfrac.Vec3{float64(at % m.Dims[0]), float64(at / m.Dims[0] % m.Dims[1]), float64(at / (m.Dims[0] * m.Dims[1]))})
		hu, k, ok := s.at(mm)
		if !ok {
			continue
		}
		all[l]++
		if hu < darkHU && s.metalNear(k, reach) {
			dark[l]++
		}
	}
	for l := range all {
		if all[l] > 0 && float64(dark[l]) >= darkShare*float64(all[l]) {
			return true
		}
	}
	return false
}

// at is the voxel nearest to a place, with its slice.
func (s *metalScan) at(mm neckfrac.Vec3) (hu int16, k int, ok bool) {
	q := s.v.ToIndex(mm)
	var i [3]int
	for a := range 3 {
		i[a] = int(math.Floor(q[a] + 0.5))
		if i[a] < 0 || i[a] >= s.v.Dims[a] {
			return 0, 0, false
		}
	}
	return s.v.HU[s.v.Index(i[0], i[1], i[2])], i[2], true
}

func (s *metalScan) metalNear(k, reach int) bool {
	for i := max(k-reach, 0); i <= min(k+reach, len(s.metal)-1); i++ {
		if s.metal[i] {
			return true
		}
	}
	return false
}
