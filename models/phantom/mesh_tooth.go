package phantom

import "math"

// tooth is a place in the row of teeth at an azimuth from the front, dz above its middle:
// where a filling goes.
func (s *scene) tooth(az, dz float64) vec {
	local := vec{25 * math.Sin(az), -72*s.p.depth - 28*math.Cos(az), -30 + dz}
	if s.mesh != nil {
		local = s.mesh.tooth(az, dz, local)
	}
	return s.skull.pose.outer(local)
}

// tooth finds the teeth of the label volume; an atlas without takes the built-in place.
func (w *meshPerson) tooth(az, dz float64, otherwise vec) vec {
	for _, b := range w.atlas.others[0].more {
		if b.name != "tooth" {
			continue
		}
		g := b.grid
		var hi vec
		for a := range 3 {
			hi[a] = g.lo[a] + float64(g.n[a]-1)*g.step
		}
		// Rays go out from the middle of the back end of the row.
		from := vec{(g.lo[0] + hi[0]) / 2, hi[1] - 10, (g.lo[2] + hi[2]) / 2}
		var sum vec
		n := 0.0
		for z := -14.0; z <= 14; z++ {
			for t := 5.0; t < 70; t++ {
				if p := add(from, vec{t * math.Sin(az), -t * math.Cos(az), z + dz}); g.inside(p) {
					sum, n = add(sum, p), n+1
				}
			}
		}
		if n > 0 {
			return times(scale(sum, 1/n), w.whole)
		}
	}
	return otherwise
}
