package volume

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// axes maps the pixels of a slice to the canonical grid: i ≈ +x (left), j ≈ +y
// (posterior), k ≈ +z (head), whatever the patient's position in the scanner was.
type axes struct {
	dir [3]neckfrac.Vec3
	// swap says that rows run along j.
	swap bool
	// flipCol and flipRow say that the axis that a slice's columns (rows) count along
	// runs against the image.
	flipCol, flipRow bool
}

// canonical finds the axes of an axial plane; ok is false where rows and columns lie
// too near to 45° to tell left from back.
func canonical(p plane) (axes, bool) {
	var ax axes
	ax.swap = math.Abs(p.row[1]) > math.Abs(p.row[0])
	i, j := p.row, p.col
	if ax.swap {
		i, j = p.col, p.row
	}
	if math.Abs(i[0]) < 0.75 || math.Abs(j[1]) < 0.75 {
		return axes{}, false
	}
	flipI, flipJ := i[0] < 0, j[1] < 0
	if flipI {
		i = scale(i, -1)
	}
	if flipJ {
		j = scale(j, -1)
	}
	// The file's vectors are at right angles to 1e-3; the grid's are exactly so.
	j, _ = unit(sub(j, scale(i, dot(i, j))))
	ax.dir = [3]neckfrac.Vec3{i, j, cross(i, j)}
	ax.flipCol, ax.flipRow = flipI, flipJ
	if ax.swap {
		ax.flipCol, ax.flipRow = flipJ, flipI
	}
	return ax, ax.dir[2][2] > 0
}

// grid is the volume's grid for slices in order of place.
func (g gated) grid() neckfrac.Grid {
	h := g.slices[0]
	p, ax := h.plane, g.axes
	out := neckfrac.Grid{
		Dims:      [3]int{h.cols, h.rows, len(g.slices)},
		SpacingMM: neckfrac.Vec3{p.colMM, p.rowMM, g.stepMM},
		Direction: ax.dir,
		OriginMM:  p.position,
	}
	if ax.swap {
		out.Dims[0], out.Dims[1] = out.Dims[1], out.Dims[0]
		out.SpacingMM[0], out.SpacingMM[1] = out.SpacingMM[1], out.SpacingMM[0]
	}
	if ax.flipCol {
		out.OriginMM = add(out.OriginMM, scale(p.row, p.colMM*float64(h.cols-1)))
	}
	if ax.flipRow {
		out.OriginMM = add(out.OriginMM, scale(p.col, p.rowMM*float64(h.rows-1)))
	}
	if g.shear.degrees > 0 {
		a := g.shear.axis
		before, after := g.shear.margins(out.SpacingMM[a])
		out.Dims[a] += before + after
		out.OriginMM = add(out.OriginMM, scale(out.Direction[a], -out.SpacingMM[a]*float64(before)))
	}
	return out
}

// strides are where pixel (0,0) of a slice lands in its canonical plane, and the
// steps to the next column and row.
func (a axes) strides(rows, cols int) (start, col, row int) {
	col, row = 1, cols
	if a.swap {
		col, row = rows, 1
	}
	if a.flipCol {
		start += (cols - 1) * col
		col = -col
	}
	if a.flipRow {
		start += (rows - 1) * row
		row = -row
	}
	return start, col, row
}
