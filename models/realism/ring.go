package realism

import "math"

const (
	// boneCellMM is the lattice on which bone is looked at for the canal: finer than the
	// canal's 14 mm, coarse enough to be quick on any volume.
	boneCellMM = 2.5
	// ringSlabMM is how far above and below a height bone counts: laminae slope, and no
	// single slice shows a closed ring.
	ringSlabMM = 7.5
	// ringReachMM is how far from the middle a ring's bone may be.
	ringReachMM = 26
	// ringSectors of eight must hold bone.
	ringSectors = 7
	// ringLeastMM parts the canal, half as deep as 14 mm, from foramina and from the gaps
	// between the middles of coarse voxels.
	ringLeastMM = 4
	// ringBones bounds the cells of bone that a height looks at; a vertebra has some 300.
	ringBones = 4000
)

// ring finds the canal at a height: the point farthest from bone that has bone in nearly
// every direction.
func ring(bone map[[3]int]bool, z float64) (x, y float64, ok bool) {
	flat := map[[2]int]bool{}
	k0, k1 := int(math.Floor((z-ringSlabMM)/boneCellMM)), int(math.Ceil((z+ringSlabMM)/boneCellMM))
	for c := range bone {
		if c[2] >= k0 && c[2] <= k1 {
			flat[[2]int{c[0], c[1]}] = true
		}
	}
	if len(flat) == 0 || len(flat) > ringBones {
		return 0, 0, false
	}
	var pts [][2]float64
	lo, hi := [2]int{math.MaxInt, math.MaxInt}, [2]int{math.MinInt, math.MinInt}
	for c := range flat {
		pts = append(pts, [2]float64{float64(c[0]) * boneCellMM, float64(c[1]) * boneCellMM})
		for a := range 2 {
			lo[a], hi[a] = min(lo[a], c[a]), max(hi[a], c[a])
		}
	}
	best := 0.0
	var sx, sy, n float64
	for j := 2 * lo[1]; j <= 2*hi[1]; j++ {
		for i := 2 * lo[0]; i <= 2*hi[0]; i++ {
			cx, cy := float64(i)*boneCellMM/2, float64(j)*boneCellMM/2
			d, closed := surrounded(pts, cx, cy)
			switch {
			case !closed || d < best-1e-9:
			case d > best+1e-9:
				best, sx, sy, n = d, cx, cy, 1
			default: // equally far: their mean, whatever the order of the map
				sx, sy, n = sx+cx, sy+cy, n+1
			}
		}
	}
	if best < ringLeastMM {
		return 0, 0, false
	}
	return sx / n, sy / n, true
}

// surrounded gives the distance of the nearest bone and whether bone is all around.
func surrounded(pts [][2]float64, cx, cy float64) (nearest float64, closed bool) {
	nearest = math.Inf(1)
	var seen [8]bool
	for _, p := range pts {
		dx, dy := p[0]-cx, p[1]-cy
		d := math.Hypot(dx, dy)
		nearest = min(nearest, d)
		if d <= ringReachMM && d > 0 {
			seen[int((math.Atan2(dy, dx)+math.Pi)/(math.Pi/4))%8] = true
		}
	}
	count := 0
	for _, s := range seen {
		if s {
			count++
		}
	}
	return nearest, count >= ringSectors
}
