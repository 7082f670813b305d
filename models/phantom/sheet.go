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

// ContactSheet writes a PNG with sagittal, coronal and axial planes in a bone window.
// Of each plane there is a plain picture and a marked one: labels tinted, visible
// fractures in red, and named boxes of the levels that the plane cuts, yellow for broken
// ones. Sagittal and coronal planes go through most of the visible fracture; axial ones
// are one per level, marked if it is broken.
func (t *Study) ContactSheet(w io.Writer) error {
	v := &t.Volume
	mid := t.spine()
	sagittal, coronal := t.through(0, mid[0]), t.through(1, mid[1])
	rows := [][]*image.RGBA{{
		t.plane(0, sagittal, false), t.plane(0, sagittal, true),
		t.plane(0, clampInt(mid[0]+int(17/v.SpacingMM[0]), v.Dims[0]), false),
		t.plane(1, coronal, false), t.plane(1, coronal, true),
		t.plane(1, clampInt(mid[1]+int(13/v.SpacingMM[1]), v.Dims[1]), false),
	}, nil}
	for _, lv := range neckfrac.Vertebrae() {
		if k, ok := t.slice(uint8(lv)); ok {
			rows[1] = append(rows[1], t.plane(2, k, false))
			if t.Truth.Levels[lv].Label == 1 {
				rows[1] = append(rows[1], t.plane(2, k, true))
			}
		}
	}
	return neckfrac.E("phantom: contact sheet", png.Encode(w, tileUp(rows)))
}

// through is the plane across axis with most visible fracture, or else the given one.
func (t *Study) through(axis, other int) int {
	d := t.Volume.Dims
	count := make([]int, d[axis])
	step := [3]int{1, d[0], d[0] * d[1]}[axis]
	best, most := other, 0
	for at, f := range t.Fracture {
		if f == 0 {
			continue
		}
		i := at / step % d[axis]
		if count[i]++; count[i] > most {
			best, most = i, count[i]
		}
	}
	return best
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
		t.boxes(img, axis, n, lo, mm)
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

// tileUp lays planes out in rows of at most 1900 pixels, each kind from a new row.
func tileUp(rows [][]*image.RGBA) image.Image {
	const width, pad = 1900, 4
	var planes []*image.RGBA
	var at []image.Point
	y, right := pad, 0
	for _, row := range rows {
		x, high := pad, 0
		for _, p := range row {
			d := p.Bounds().Size()
			if x > pad && x+d.X+pad > width {
				x, y, high = pad, y+high+pad, 0
			}
			planes, at = append(planes, p), append(at, image.Pt(x, y))
			x += d.X + pad
			high, right = max(high, d.Y), max(right, x)
		}
		y += high + pad
	}
	out := image.NewRGBA(image.Rect(0, 0, max(right, 1), y))
	draw.Draw(out, out.Bounds(), image.NewUniform(color.Gray{20}), image.Point{}, draw.Src)
	for i, p := range planes {
		draw.Draw(out, p.Bounds().Add(at[i]), p, image.Point{}, draw.Src)
	}
	return out
}

func clampInt(i, n int) int { return min(max(i, 0), n-1) }
