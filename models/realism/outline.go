package realism

import "math"

// bodyHU parts the body from air, foam and the shell of a table as partial volume shows
// them.
const bodyHU = -300

// outline marks the body: the largest connected piece above bodyHU, with what each slice
// encloses. Airways belong to it.
func outline(m *Image) []bool {
	n := m.Len()
	piece := make([]int32, n)
	var best, bestSize int32
	next := int32(0)
	var queue []int32
	for start := range n {
		if piece[start] != 0 || m.HU[start] < bodyHU {
			continue
		}
		next++
		piece[start] = next
		queue = append(queue[:0], int32(start))
		for at := 0; at < len(queue); at++ {
			m.around(int(queue[at]), func(q int) {
				if piece[q] == 0 && m.HU[q] >= bodyHU {
					piece[q] = next
					queue = append(queue, int32(q))
				}
			})
		}
		if size := int32(len(queue)); size > bestSize {
			best, bestSize = next, size
		}
	}
	body := make([]bool, n)
	for i, p := range piece {
		body[i] = p == best && best != 0
	}
	for k := range m.Dims[2] {
		m.fill(body[k*m.Dims[0]*m.Dims[1]:][:m.Dims[0]*m.Dims[1]])
	}
	return body
}

// around calls f for the up to six cells that share a face with cell i.
func (m *Image) around(i int, f func(int)) {
	nx, ny := m.Dims[0], m.Dims[1]
	x, y, z := i%nx, i/nx%ny, i/(nx*ny)
	if x > 0 {
		f(i - 1)
	}
	if x+1 < nx {
		f(i + 1)
	}
	if y > 0 {
		f(i - nx)
	}
	if y+1 < ny {
		f(i + nx)
	}
	if z > 0 {
		f(i - nx*ny)
	}
	if z+1 < m.Dims[2] {
		f(i + nx*ny)
	}
}

// fill marks what a slice's body encloses.
func (m *Image) fill(body []bool) {
	nx, ny := m.Dims[0], m.Dims[1]
	outside := make([]bool, len(body))
	var queue []int
	visit := func(q int) {
		if !outside[q] && !body[q] {
			outside[q] = true
			queue = append(queue, q)
		}
	}
	for x := range nx {
		visit(x)
		visit((ny-1)*nx + x)
	}
	for y := range ny {
		visit(y * nx)
		visit(y*nx + nx - 1)
	}
	flat := Image{Grid: m.Grid}
	flat.Dims[2] = 1
	for len(queue) > 0 {
		q := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		flat.around(q, visit)
	}
	for i := range body {
		body[i] = !outside[i]
	}
}

// shape is the body's outline in a slice, mm.
type shape struct {
	width, depth, area float64
	// front and back are the distances from the canal to the outline, NaN where the
	// canal's line leaves it.
	front, back float64
}

// shapeAt measures the outline at a height; ok is false outside the stack, where the slice
// is empty, and where the outline touches the border of the field: it may go on there.
func (m *Image) shapeAt(body []bool, p *Place, z float64) (s shape, ok bool) {
	nx, ny := m.Dims[0], m.Dims[1]
	k := int(math.Round((z - m.OriginMM[2]) / m.SpacingMM[2]))
	if k < 0 || k >= m.Dims[2] {
		return s, false
	}
	plane := body[k*nx*ny:][:nx*ny]
	x0, x1, y0, y1, count := nx, -1, ny, -1, 0
	for i, in := range plane {
		if in {
			x, y := i%nx, i/nx
			x0, x1, y0, y1, count = min(x0, x), max(x1, x), min(y0, y), max(y1, y), count+1
		}
	}
	if count == 0 || x0 == 0 || y0 == 0 || x1 == nx-1 || y1 == ny-1 {
		return s, false
	}
	s.width, s.depth = float64(x1-x0+1)*m.SpacingMM[0], float64(y1-y0+1)*m.SpacingMM[1]
	s.area = float64(count) * m.SpacingMM[0] * m.SpacingMM[1]
	s.front, s.back = math.NaN(), math.NaN()
	cx, cy := p.At(z)
	col := int(math.Round((cx - m.OriginMM[0]) / m.SpacingMM[0]))
	if col < 0 || col >= nx {
		return s, true
	}
	first, last := -1, -1
	for y := range ny {
		if plane[y*nx+col] {
			if first < 0 {
				first = y
			}
			last = y
		}
	}
	if first >= 0 {
		s.front = cy - (m.OriginMM[1] + (float64(first)-0.5)*m.SpacingMM[1])
		s.back = m.OriginMM[1] + (float64(last)+0.5)*m.SpacingMM[1] - cy
	}
	return s, true
}
