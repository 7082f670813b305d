package phantom

import "math"

// shake moves a run of slices sideways in a moving patient: a false step, which
// labels and fracture mask follow.
func (t *Study) shake(r random, a *acquisition) {
	if !a.Motion {
		return
	}
	mm := r.between(1, 3) * r.sign()
	n := 3 + r.IntN(13)
	from := r.IntN(a.nz)
	dx, dy := int(math.Round(mm/a.PixelMM)), 0
	if r.chance(0.5) {
		dx, dy = dy, dx
	}
	plane := a.nx * a.ny
	for k := from; k < min(from+n, a.nz); k++ {
		shiftPlane(t.Volume.HU[k*plane:][:plane], a.nx, a.ny, dx, dy)
		shiftPlane(t.Labels.Voxel[k*plane:][:plane], a.nx, a.ny, dx, dy)
		shiftPlane(t.Fracture[k*plane:][:plane], a.nx, a.ny, dx, dy)
	}
}

// shiftPlane moves a plane by whole pixels; its edge is repeated.
func shiftPlane[T int16 | uint8](p []T, nx, ny, dx, dy int) {
	old := append([]T(nil), p...)
	for j := range ny {
		for i := range nx {
			p[j*nx+i] = old[clampInt(j-dy, ny)*nx+clampInt(i-dx, nx)]
		}
	}
}
