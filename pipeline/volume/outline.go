package volume

// outlineMM is the cell of the coarse picture that an outline is taken from.
const outlineMM = 2.0

// maxCells bounds a side of the coarse picture: a 500 mm field has 250 cells.
const maxCells = 512

// Hounsfield units above which a cell is body, or bone.
const (
	bodyHU = -300
	boneHU = 250
)

// outline is the shape of the largest body in a slice and of the bone in it.
type outline struct {
	bodyCM2, boneCM2 float64
	// spread is the area of the box around the bone, without its outer hundredths, in
	// that around the body: a skull fills its head, a vertebra a part of its neck.
	spread float64
}

// neck reports whether the shape is that of a slice between jaw and shoulders.
func (o outline) neck() bool {
	return o.bodyCM2 >= 50 && o.bodyCM2 <= 260 && o.boneCM2 >= 2 && o.boneCM2 <= 45 && o.spread <= 0.55
}

// slice is a picture in Hounsfield units with its size and pixel distances.
type slice struct {
	hu     []int16
	w, h   int
	dx, dy float64 // mm
}

// outline measures the slice on a coarse grid.
func (s slice) outline() outline {
	sx, sy := max(1, int(outlineMM/s.dx)), max(1, int(outlineMM/s.dy))
	w, h := (s.w+sx-1)/sx, (s.h+sy-1)/sy
	if w > maxCells || h > maxCells {
		return outline{}
	}
	cell := make([]int16, w*h)
	for y := range h {
		for x := range w {
			cell[y*w+x] = s.hu[y*sy*s.w+x*sx]
		}
	}
	body := largest(cell, w, h)
	cm2 := float64(sx) * s.dx * float64(sy) * s.dy / 100
	var bodyX, bodyY, boneX, boneY histogram
	for _, i := range body {
		bodyX.add(int(i)%w, w)
		bodyY.add(int(i)/w, h)
		if cell[i] > boneHU {
			boneX.add(int(i)%w, w)
			boneY.add(int(i)/w, h)
		}
	}
	o := outline{bodyCM2: cm2 * float64(bodyX.n), boneCM2: cm2 * float64(boneX.n)}
	if a := bodyX.width() * bodyY.width(); a > 0 {
		o.spread = boneX.width() * boneY.width() / a
	}
	return o
}

// largest are the cells of the largest connected body.
func largest(cell []int16, w, h int) []int32 {
	seen := make([]bool, len(cell))
	var best []int32
	for start := range cell {
		if seen[start] || cell[start] <= bodyHU {
			continue
		}
		seen[start] = true
		part := []int32{int32(start)}
		for at := 0; at < len(part); at++ {
			x, y := int(part[at])%w, int(part[at])/w
			for _, d := range [4][2]int{{1, 0}, {-1, 0}, {0, 1}, {0, -1}} {
				i, j := x+d[0], y+d[1]
				if i < 0 || j < 0 || i >= w || j >= h || seen[j*w+i] || cell[j*w+i] <= bodyHU {
					continue
				}
				seen[j*w+i] = true
				part = append(part, int32(j*w+i))
			}
		}
		if len(part) > len(best) {
			best = part
		}
	}
	return best
}

// histogram counts cells per column or row.
type histogram struct {
	count []int
	n     int
}

func (h *histogram) add(at, size int) {
	if h.count == nil {
		h.count = make([]int, size)
	}
	h.count[at]++
	h.n++
}

// width is the distance between the hundredths at both ends, in cells.
func (h *histogram) width() float64 {
	lo, hi, sum := -1, 0, 0
	for i, c := range h.count {
		sum += c
		if lo < 0 && sum*100 > h.n {
			lo = i
		}
		if (sum-c)*100 < h.n*99 && c > 0 {
			hi = i
		}
	}
	if lo < 0 {
		return 0
	}
	return float64(hi - lo + 1)
}
