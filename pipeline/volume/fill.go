package volume

import (
	"context"

	"github.com/neckfrac/neckfrac"
)

// filler decodes slices into one array and keeps a table per pixel format.
type filler struct {
	axes   axes
	frames frameReader
	tables map[format]*table
}

// fill decodes all slices. A refusal is an error of kind Refused.
func (g gated) fill(ctx context.Context, lim Limits) ([]int16, error) {
	h := g.slices[0]
	n := h.rows * h.cols
	hu := make([]int16, n*len(g.slices)) // bounded by Limits.MaxVoxels
	f := filler{axes: g.axes, frames: frameReader{lim: lim}, tables: make(map[format]*table)}
	for i, s := range g.slices {
		if err := ctx.Err(); err != nil {
			return nil, neckfrac.Wrap(neckfrac.Unavailable, "assemble", err)
		}
		if err := f.decode(s, hu[i*n:(i+1)*n]); err != nil {
			return nil, err
		}
	}
	copied := make([]int16, n)
	for _, s := range g.spare {
		if err := f.decode(s.header, copied); err != nil {
			return nil, err
		}
		for i, v := range hu[s.of*n : (s.of+1)*n] {
			if copied[i] != v {
				return nil, neckfrac.Refuse("assemble", neckfrac.Geometry, "two different slices at the same place")
			}
		}
	}
	return hu, nil
}

// maxTables bounds the tables that are kept: a scan has one or two formats, and 8
// tables are 1 MiB.
const maxTables = 8

func (f *filler) decode(h header, dst []int16) error {
	px, err := f.frames.read(h)
	if err != nil {
		return neckfrac.Refuse("assemble", neckfrac.PixelUnreadable, "pixels of a slice")
	}
	t := f.tables[h.format]
	if t == nil {
		if len(f.tables) >= maxTables {
			clear(f.tables)
		}
		t = newTable(h.format)
		f.tables[h.format] = t
	}
	start, col, row := f.axes.strides(h.rows, h.cols)
	for r := range h.rows {
		at := start + r*row
		for _, v := range px[r*h.cols : (r+1)*h.cols] {
			dst[at] = t[v]
			at += col
		}
	}
	return nil
}
