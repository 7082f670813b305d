package phantom

import (
	"image"
	"image/color"
	"math"

	"github.com/neckfrac/neckfrac"
)

var (
	brokenColour = color.RGBA{255, 220, 0, 255}
	sideColour   = color.RGBA{230, 230, 230, 255}
)

// mark tints a pixel by its label, or reddens it where a fracture can be seen.
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

// boxes outlines and names the levels whose box plane n across axis cuts, broken ones
// last so that they are on top.
func (t *Study) boxes(img *image.RGBA, axis, n int, lo [2]float64, mm float64) {
	v := &t.Volume
	here := v.OriginMM[axis] + float64(n)*v.SpacingMM[axis]
	for _, broken := range []int{0, 1} {
		for _, lv := range neckfrac.Vertebrae() {
			l := t.Truth.Levels[lv]
			if l.Label != broken || here < l.BoxMM[axis] || here > l.BoxMM[axis+3] {
				continue
			}
			c := tints[lv]
			if broken == 1 {
				c = brokenColour
			}
			r := t.onPlane(l.BoxMM, axis, lo, mm)
			frameBox(img, r, c)
			// Boxes of neighbours overlap: their names stand at different sides.
			x := r.Max.X - 2*glyphWide*2
			if lv.Index()%2 == 0 {
				x = r.Min.X + 3
			}
			write(img, x, r.Min.Y+3, lv.String(), c)
		}
	}
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	first, last := "R", "L"
	if axis == 0 {
		first, last = "A", "P"
	}
	write(img, 3, h/2, first, sideColour)
	write(img, w-glyphWide*2, h/2, last, sideColour)
}

// onPlane is a box in the pixels of a plane whose shown part starts at lo, mm from the
// volume's edge.
func (t *Study) onPlane(box [6]float64, axis int, lo [2]float64, mm float64) image.Rectangle {
	v := &t.Volume
	var least, most [2]int
	for i, a := range [2]int{[3]int{1, 0, 0}[axis], [3]int{2, 2, 1}[axis]} {
		edge := v.OriginMM[a] - v.SpacingMM[a]/2
		from, to := box[a]-edge, box[a+3]-edge
		if a == 2 {
			// Heads are up.
			high := float64(v.Dims[2]) * v.SpacingMM[2]
			from, to = high-to, high-from
		}
		least[i], most[i] = int(math.Round((from-lo[i])/mm)), int(math.Round((to-lo[i])/mm))
	}
	return image.Rect(least[0], least[1], most[0], most[1])
}

// frameBox draws the edge of a rectangle; what lies beside the picture is left out.
func frameBox(img *image.RGBA, r image.Rectangle, c color.RGBA) {
	in := img.Bounds()
	for x := max(r.Min.X, in.Min.X); x <= min(r.Max.X, in.Max.X-1); x++ {
		img.SetRGBA(x, r.Min.Y, c)
		img.SetRGBA(x, r.Max.Y, c)
	}
	for y := max(r.Min.Y, in.Min.Y); y <= min(r.Max.Y, in.Max.Y-1); y++ {
		img.SetRGBA(r.Min.X, y, c)
		img.SetRGBA(r.Max.X, y, c)
	}
}

// glyphs are letters of 3 x 5 cells, rows from the top, the left cell the highest bit.
var glyphs = map[rune][5]uint8{
	'A': {2, 5, 7, 5, 5}, 'C': {7, 4, 4, 4, 7}, 'L': {4, 4, 4, 4, 7}, 'P': {7, 5, 7, 4, 4}, 'R': {6, 5, 6, 5, 5},
	'1': {2, 6, 2, 2, 7}, '2': {7, 1, 7, 4, 7}, '3': {7, 1, 3, 1, 7}, '4': {5, 5, 7, 1, 1}, '5': {7, 4, 7, 1, 7}, '6': {7, 4, 7, 5, 7}, '7': {7, 1, 1, 2, 2},
}

// glyphWide is a letter with its space, in cells of 2 x 2 pixels.
const glyphWide = 4

// write puts a word of known letters with its upper left corner at x, y, moved as far as
// needed to stay in the picture.
func write(img *image.RGBA, x, y int, word string, c color.RGBA) {
	const cell = 2
	x = max(0, min(x, img.Bounds().Dx()-cell*glyphWide*len(word)))
	y = max(1, min(y, img.Bounds().Dy()-cell*6))
	for i, letter := range word {
		for r, bits := range glyphs[letter] {
			for b := range 3 {
				if bits>>(2-b)&1 == 0 {
					continue
				}
				for d := range cell * cell {
					img.SetRGBA(x+cell*(i*glyphWide+b)+d%cell, y+cell*r+d/cell, c)
				}
			}
		}
	}
}
