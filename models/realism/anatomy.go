package realism

import "math"

// Places round the canal, mm. They are boxes of a few cells: what they hold tells the
// build of a neck where a histogram tells only how much there is.
const (
	// columnFrontMM before the canal's middle is the middle of a vertebral body,
	// columnRadiusMM stays inside the smallest.
	columnFrontMM, columnRadiusMM = 16, 6
	// canalMM round the middle holds no bone.
	canalMM = 6
	// spinousNearMM to spinousFarMM behind the canal, spinousSideMM to both sides of it,
	// is where spinous processes are.
	spinousNearMM, spinousFarMM, spinousSideMM = 15, 45, 6
	// skinMM is the depth to which fat is that under the skin.
	skinMM = 12
	// airwayMM in front of the canal is as far as the airway goes.
	airwayMM = 80
)

var anatomy = []Figure{
	{"front_bone_hu", "HU", "median of bone in front of the canal"},
	{"back_bone_hu", "HU", "median of bone behind the canal"},
	{"column_hu", "HU", "mean along the middle of the vertebral bodies"},
	{"column_wave", "HU", "SD along the middle of the vertebral bodies: bone and disc in turn"},
	{"spinous_share", "1", "share of bone in the midline behind the canal"},
	{"airway_area", "mm²", "median area of the air in front of the canal, where there is some"},
	{"airway_ratio", "1", "median width over depth of that air"},
	{"fat_under_skin", "1", "share of fat within 12 mm of the outline"},
}

// parts measures the build of the neck; it needs a place.
func (w *probe) parts() {
	if w.place == nil {
		return
	}
	var front, back, column, areas, ratios []float64
	var spinous, spinousAll float64
	for k := w.k0; k <= w.k1; k++ {
		cx, cy := w.place.At(w.OriginMM[2] + float64(k)*w.SpacingMM[2])
		var sum, n float64
		air := airway{x0: math.Inf(1), x1: math.Inf(-1), y0: math.Inf(1), y1: math.Inf(-1)}
		w.slice(k, func(x, y, hu float64) {
			x, y = x-cx, y-cy
			bone := hu > boneHU
			switch {
			case bone && math.Hypot(x, y) <= spineRadiusMM && y < -canalMM:
				front = append(front, hu)
			case bone && math.Hypot(x, y) <= spineRadiusMM && y > canalMM:
				back = append(back, hu)
			}
			if math.Hypot(x, y+columnFrontMM) <= columnRadiusMM {
				sum, n = sum+hu, n+1
			}
			if math.Abs(x) <= spinousSideMM && y >= spinousNearMM && y <= spinousFarMM {
				spinousAll++
				if bone {
					spinous++
				}
			}
			if hu < bodyHU && y < 0 && y > -airwayMM && math.Abs(x) < airwayMM/2 {
				air.add(x, y)
			}
		})
		if n > 0 {
			column = append(column, sum/n)
		}
		if air.n > 0 {
			areas = append(areas, air.n*w.SpacingMM[0]*w.SpacingMM[1])
			ratios = append(ratios, (air.x1-air.x0+w.SpacingMM[0])/(air.y1-air.y0+w.SpacingMM[1]))
		}
	}
	w.put("front_bone_hu", quantile(sorted(front), 0.5))
	w.put("back_bone_hu", quantile(sorted(back), 0.5))
	if len(column) > 2 {
		mean, sd := meanSD(column)
		w.put("column_hu", mean)
		w.put("column_wave", sd)
	}
	if spinousAll > 0 {
		w.put("spinous_share", spinous/spinousAll)
	}
	w.put("airway_area", quantile(sorted(areas), 0.5))
	w.put("airway_ratio", quantile(sorted(ratios), 0.5))
	w.skin()
}

// airway is the box round a slice's air.
type airway struct{ n, x0, x1, y0, y1 float64 }

func (a *airway) add(x, y float64) {
	a.n++
	a.x0, a.x1, a.y0, a.y1 = min(a.x0, x), max(a.x1, x), min(a.y0, y), max(a.y1, y)
}

// slice calls f for the cells of the body in a slice, in LPS millimetres.
func (w *probe) slice(k int, f func(x, y, hu float64)) {
	for j := range w.Dims[1] {
		for i := range w.Dims[0] {
			if at := w.Index(i, j, k); w.body[at] {
				f(w.OriginMM[0]+float64(i)*w.SpacingMM[0], w.OriginMM[1]+float64(j)*w.SpacingMM[1], float64(w.HU[at]))
			}
		}
	}
}

// skin measures how much of the fat lies under the skin: in the plane, from the outline.
func (w *probe) skin() {
	nx, ny := w.Dims[0], w.Dims[1]
	reach := int(math.Ceil(skinMM / w.SpacingMM[0]))
	var near, all float64
	w.each(func(i, k int, hu float64) {
		if hu < -150 || hu >= -30 {
			return
		}
		all++
		x, y := i%nx, i/nx%ny
		for dy := -reach; dy <= reach; dy++ {
			for dx := -reach; dx <= reach; dx++ {
				if math.Hypot(float64(dx), float64(dy))*w.SpacingMM[0] > skinMM {
					continue
				}
				if u, v := x+dx, y+dy; u < 0 || v < 0 || u >= nx || v >= ny || !w.body[w.Index(u, v, k)] {
					near++
					return
				}
			}
		}
	})
	if all > 0 {
		w.out["fat_under_skin"] = near / all
	}
}
