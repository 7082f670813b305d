package artefact

import (
	"image"
	"image/color"
	"math"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

var face = basicfont.Face7x13

// text burns s in white with a black rim, so that it reads on bone and on air and can't
// be cropped away with a margin. (x,y) is the left end of the baseline.
func text(img *image.Gray, x, y int, s string) {
	put := func(dx, dy int, c uint8) {
		d := font.Drawer{Dst: img, Src: image.NewUniform(color.Gray{Y: c}), Face: face, Dot: fixed.P(x+dx, y+dy)}
		d.DrawString(s)
	}
	for dy := -1; dy <= 1; dy++ {
		for dx := -1; dx <= 1; dx++ {
			put(dx, dy, 0)
		}
	}
	put(0, 0, 255)
}

// edge is the distance of text from the picture's border.
const edge = 4

// letters burns the orientation letters at the middle of the edges: left, right,
// upper, lower. The lower one stays above the caption's lines.
func letters(img *image.Gray, l [4]string, captionLines int) {
	mid := SizePX / 2
	text(img, edge, mid+face.Ascent/2, l[0])
	text(img, SizePX-edge-face.Advance, mid+face.Ascent/2, l[1])
	text(img, mid-face.Advance/2, edge+face.Ascent, l[2])
	text(img, mid-face.Advance/2, SizePX-edge-face.Descent-captionLines*face.Height, l[3])
}

// caption burns lines at the bottom, centred.
func caption(img *image.Gray, lines []string) {
	for i, s := range lines {
		y := SizePX - edge - face.Descent - (len(lines)-1-i)*face.Height
		text(img, (SizePX-len(s)*face.Advance)/2, y, s)
	}
}

// lineChars is how many characters fit across a picture.
const lineChars = (SizePX - 2*edge) / 7

// wrap breaks a sentence into the fewest lines that fit a picture, of as even a length
// as possible.
func wrap(s string) []string {
	lines := fold(s, lineChars)
	for width := lineChars - 1; width > 0; width-- {
		if even := fold(s, width); len(even) == len(lines) && longest(even) <= width {
			lines = even
			continue
		}
		break
	}
	return lines
}

// fold fills lines up to a width; a longer word has its own line.
func fold(s string, width int) []string {
	var lines []string
	for w := range strings.FieldsSeq(s) {
		last := len(lines) - 1
		if last >= 0 && len(lines[last])+1+len(w) <= width {
			lines[last] += " " + w
			continue
		}
		lines = append(lines, w)
	}
	return lines
}

func longest(lines []string) int {
	n := 0
	for _, l := range lines {
		n = max(n, len(l))
	}
	return n
}

// frame draws a rectangle of two white lines' width with a black rim, clipped to the
// picture. Coordinates are those of the white line's outer corners.
func frame(img *image.Gray, r image.Rectangle) {
	ring := func(r image.Rectangle, c uint8) {
		for x := r.Min.X; x < r.Max.X; x++ {
			dot(img, x, r.Min.Y, c)
			dot(img, x, r.Max.Y-1, c)
		}
		for y := r.Min.Y; y < r.Max.Y; y++ {
			dot(img, r.Min.X, y, c)
			dot(img, r.Max.X-1, y, c)
		}
	}
	ring(r.Inset(-1), 0)
	ring(r, 255)
	ring(r.Inset(1), 255)
	ring(r.Inset(2), 0)
}

func dot(img *image.Gray, x, y int, c uint8) {
	if (image.Point{x, y}).In(img.Rect) {
		img.SetGray(x, y, color.Gray{Y: c})
	}
}

// outward rounds a box in pixels to whole ones, at least 6 wide so that the frame's
// lines don't meet.
func outward(x0, y0, x1, y1 float64) image.Rectangle {
	r := image.Rect(int(math.Floor(x0)), int(math.Floor(y0)), int(math.Ceil(x1))+1, int(math.Ceil(y1))+1)
	for r.Dx() < 6 {
		r.Min.X, r.Max.X = r.Min.X-1, r.Max.X+1
	}
	for r.Dy() < 6 {
		r.Min.Y, r.Max.Y = r.Min.Y-1, r.Max.Y+1
	}
	return r
}
