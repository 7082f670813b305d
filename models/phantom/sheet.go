package phantom

import (
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"

	"github.com/neckfrac/neckfrac"
)

// sheetWindow is the bone window of the contact sheet: centre and width in HU.
const (
	sheetCentre = 450
	sheetWidth  = 1900
)

// ContactSheet writes a PNG with sagittal, coronal and axial planes in a bone window,
// the labels tinted, the visible fractures in red and the boxes of broken levels.
func (t *Study) ContactSheet(w io.Writer) error {
	v := &t.Volume
	mid := t.spine()
	planes := []*image.RGBA{
		t.plane(0, mid[0], false), t.plane(0, mid[0], true),
		t.plane(0, clampInt(mid[0]+int(17/v.SpacingMM[0]), v.Dims[0]), false), t.plane(1, mid[1], false),
		t.plane(1, clampInt(mid[1]+int(13/v.SpacingMM[1]), v.Dims[1]), false),
	}
	for _, lv := range neckfrac.Vertebrae() {
		if k, ok := t.slice(uint8(lv)); ok {
			planes = append(planes, t.plane(2, k, false))
			if t.Truth.Levels[lv].Label == 1 {
				planes = append(planes, t.plane(2, k, true))
			}
		}
	}
	return neckfrac.E("phantom: contact sheet", png.Encode(w, tileUp(planes)))
}

// spine is the middle voxel of the cervical labels.
func (t *Study) spine() [3]int {
	var s [3]float64
	var n float64
	d := t.Labels.Dims
	for at, v := range t.Labels.Voxel {
		if v >= 3 && v <= 6 {
			s[0] += float64(at % d[0])
			s[1] += float64(at / d[0] % d[1])
			s[2] += float64(at / d[0] / d[1])
			n++
		}
	}
	if n == 0 {
		return [3]int{d[0] / 2, d[1] / 2, d[2] / 2}
	}
	return [3]int{int(s[0] / n), int(s[1]/n - 6/t.Volume.SpacingMM[1]), int(s[2] / n)}
}

// slice is the axial slice with most fracture of a level, or most of its label.
func (t *Study) slice(v uint8) (int, bool) {
	d := t.Labels.Dims
	best, at := 0, 0
	for k := range d[2] {
		n := 0
		for i := k * d[0] * d[1]; i < (k+1)*d[0]*d[1]; i++ {
			if t.Labels.Voxel[i] == v {
				n++
			}
			if t.Fracture[i] == v {
				n += 100000
			}
		}
		if n > best {
			best, at = n, k
		}
	}
	return at, best > 0
}

// tints of C1 to C7 and other bone.
var tints = [9]color.RGBA{{}, {230, 80, 80, 255}, {230, 160, 60, 255}, {220, 220, 60, 255}, {90, 200, 90, 255}, {80, 200, 220, 255}, {90, 120, 240, 255}, {200, 90, 220, 255}, {150, 150, 150, 255}}

// plane draws one plane across axis (0 sagittal, 1 coronal, 2 axial) at an index.
func (t *Study) plane(axis, n int, marked bool) *image.RGBA {
	v := &t.Volume
	a, b := [3]int{1, 0, 0}[axis], [3]int{2, 2, 1}[axis]
	lo, size, mm := t.view(axis, n)
	w, h := int(size[0]/mm), int(size[1]/mm)
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			var q [3]int
			q[axis] = n
			q[a] = clampInt(int((lo[0]+float64(x)*mm)/v.SpacingMM[a]), v.Dims[a])
			q[b] = clampInt(int((lo[1]+float64(y)*mm)/v.SpacingMM[b]), v.Dims[b])
			if b == 2 {
				q[b] = v.Dims[b] - 1 - q[b]
			}
			at := v.Index(q[0], q[1], q[2])
			g := clamp((float64(v.HU[at])-sheetCentre)/sheetWidth+0.5, 0, 1) * 255
			c := color.RGBA{uint8(g), uint8(g), uint8(g), 255}
			if marked {
				c = mark(c, t.Labels.Voxel[at], t.Fracture[at])
			}
			img.SetRGBA(x, y, c)
		}
	}
	if marked {
		t.boxes(img, axis, a, b, lo, mm)
	}
	return img
}

// view is the part of a plane that is shown, mm from its edges, and the mm of a pixel:
// axial planes show the spine, the others the neck.
func (t *Study) view(axis, n int) (lo, size [2]float64, mm float64) {
	v := &t.Volume
	c := t.spine()
	if axis == 2 {
		var s [2]int
		m := 1
		for j := range v.Dims[1] {
			for i := range v.Dims[0] {
				if l := t.Labels.Voxel[v.Index(i, j, n)]; l > 0 && l < 8 {
					s[0], s[1], m = s[0]+i, s[1]+j, m+1
				}
			}
		}
		mid := [2]float64{float64(s[0]/m) * v.SpacingMM[0], float64(s[1]/m) * v.SpacingMM[1]}
		return [2]float64{mid[0] - 50, mid[1] - 50}, [2]float64{100, 100}, 0.32
	}
	a := [2]int{1, 0}[axis]
	wide := min(200, float64(v.Dims[a])*v.SpacingMM[a])
	mid := float64(c[a]) * v.SpacingMM[a]
	if axis == 0 {
		mid -= 8
	}
	return [2]float64{clamp(mid-wide/2, 0, float64(v.Dims[a])*v.SpacingMM[a]-wide), 0}, [2]float64{wide, float64(v.Dims[2]) * v.SpacingMM[2]}, 0.5
}

func mark(c color.RGBA, label, fracture uint8) color.RGBA {
	if fracture != 0 {
		return color.RGBA{255, c.G / 3, c.B / 3, 255}
	}
	if label == 0 || int(label) >= len(tints) {
		return c
	}
	k := tints[label]
	mix := func(a, b uint8) uint8 { return uint8((int(a)*2 + int(b)) / 3) }
	return color.RGBA{mix(c.R, k.R), mix(c.G, k.G), mix(c.B, k.B), 255}
}

// boxes outlines the broken levels.
func (t *Study) boxes(img *image.RGBA, axis, a, b int, lo [2]float64, mm float64) {
	v := &t.Volume
	for _, l := range t.Truth.Levels {
		if l.Label == 0 {
			continue
		}
		edge := func(i int) int {
			c := i % 3
			if c == 2 && axis != 2 {
				top := v.OriginMM[2] + float64(v.Dims[2]-1)*v.SpacingMM[2]
				return int((top - l.BoxMM[i]) / mm)
			}
			return int((l.BoxMM[i] - v.OriginMM[c]) / mm)
		}
		x0, x1, y0, y1 := edge(a), edge(a+3), edge(b), edge(b+3)
		x0, x1, y0, y1 = x0-int(lo[0]/mm), x1-int(lo[0]/mm), y0-int(lo[1]/mm), y1-int(lo[1]/mm)
		if y0 > y1 {
			y0, y1 = y1, y0
		}
		yellow := color.RGBA{255, 220, 0, 255}
		for x := x0; x <= x1; x++ {
			img.SetRGBA(x, y0, yellow)
			img.SetRGBA(x, y1, yellow)
		}
		for y := y0; y <= y1; y++ {
			img.SetRGBA(x0, y, yellow)
			img.SetRGBA(x1, y, yellow)
		}
	}
}

// tileUp lays planes out in rows of at most 1900 pixels.
func tileUp(planes []*image.RGBA) image.Image {
	const width, pad = 1900, 4
	var at []image.Point
	x, y, row, right := pad, pad, 0, 0
	for _, p := range planes {
		d := p.Bounds().Size()
		if x > pad && x+d.X+pad > width {
			x, y, row = pad, y+row+pad, 0
		}
		at = append(at, image.Pt(x, y))
		x += d.X + pad
		row, right = max(row, d.Y), max(right, x)
	}
	out := image.NewRGBA(image.Rect(0, 0, int(max(float64(right), 1)), y+row+pad))
	draw.Draw(out, out.Bounds(), image.NewUniform(color.Gray{20}), image.Point{}, draw.Src)
	for i, p := range planes {
		draw.Draw(out, p.Bounds().Add(at[i]), p, image.Point{}, draw.Src)
	}
	return out
}

func clampInt(i, n int) int { return min(max(i, 0), n-1) }
