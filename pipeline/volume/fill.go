package volume

import (
	"context"
	"encoding/binary"
	"slices"

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
	h, grid := g.slices[0], g.grid()
	n := grid.Dims[0] * grid.Dims[1]
	hu := make([]int16, grid.Len()) // bounded by Limits.MaxVoxels, see gate
	f := filler{axes: g.axes, frames: frameReader{lim: lim}, tables: make(map[format]*table)}
	var flat []int16 // a slice as it lies in its own plane, where that is not the grid's
	if g.shear.degrees > 0 {
		flat = make([]int16, h.rows*h.cols)
	}
	for i, s := range g.slices {
		if err := ctx.Err(); err != nil {
			return nil, neckfrac.Wrap(neckfrac.Unavailable, "assemble", err)
		}
		dst := hu[i*n : (i+1)*n]
		if flat == nil {
			if err := f.decode(s, dst); err != nil {
				return nil, err
			}
			continue
		}
		if err := f.decode(s, flat); err != nil {
			return nil, err
		}
		g.straighten(grid, dst, flat, i)
	}
	return hu, g.compareSpares(ctx, &f)
}

// straighten puts slice i, decoded into flat, to its place in the grid.
func (g gated) straighten(grid neckfrac.Grid, dst, flat []int16, i int) {
	a := g.shear.axis
	before, after := g.shear.margins(grid.SpacingMM[a])
	size := [2]int{grid.Dims[0], grid.Dims[1]}
	size[a] -= before + after
	g.shear.undo(dst, flat, size[0], size[1], float64(before)+g.shear.shiftMM[i]/grid.SpacingMM[a])
}

// compareSpares refuses where two slices at one place differ: either could be the true one.
func (g gated) compareSpares(ctx context.Context, f *filler) error {
	if len(g.spare) == 0 {
		return nil
	}
	n := g.slices[0].rows * g.slices[0].cols
	kept, copied := make([]int16, n), make([]int16, n)
	of := -1
	for _, s := range g.spare {
		if err := ctx.Err(); err != nil {
			return neckfrac.Wrap(neckfrac.Unavailable, "assemble", err)
		}
		if s.of != of {
			if err := f.decode(g.slices[s.of], kept); err != nil {
				return err
			}
			of = s.of
		}
		if err := f.decode(s.header, copied); err != nil {
			return err
		}
		if !slices.Equal(kept, copied) {
			return neckfrac.Refuse("assemble", neckfrac.Geometry, "two different slices at the same place")
		}
	}
	return nil
}

// maxTables bounds the tables that are kept: a scan has one or two formats, and 8
// tables are 1 MiB.
const maxTables = 8

func (f *filler) decode(h header, dst []int16) error {
	t := f.table(h.format)
	start, col, row := f.axes.strides(h.rows, h.cols)
	if col == 1 && row == h.cols && h.plain() {
		b, err := f.frames.native(h, frameBytes(h.rows, h.cols))
		if err != nil {
			return unreadable()
		}
		// What most scanners send: one pass over bytes that lie as the volume does.
		for i := range dst {
			dst[i] = t[binary.LittleEndian.Uint16(b[2*i:])]
		}
		return nil
	}
	px, err := f.frames.read(h)
	if err != nil {
		return unreadable()
	}
	for r := range h.rows {
		at := start + r*row
		for _, v := range px[r*h.cols : (r+1)*h.cols] {
			dst[at] = t[v]
			at += col
		}
	}
	return nil
}

func unreadable() error {
	return neckfrac.Refuse("assemble", neckfrac.PixelUnreadable, "pixels of a slice")
}

// table is that of a format, made when it first comes.
func (f *filler) table(of format) *table {
	t := f.tables[of]
	if t == nil {
		if len(f.tables) >= maxTables {
			clear(f.tables)
		}
		t = newTable(of)
		f.tables[of] = t
	}
	return t
}
