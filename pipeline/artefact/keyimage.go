package artefact

import (
	"image"
	"math"

	"github.com/neckfrac/neckfrac"
)

// marginMM keeps the box off the lesion, so that its lines hide no part of it.
const marginMM = 2

// Picture draws a view of a volume without any mark: grey values only.
func Picture(v *neckfrac.Volume, view View) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, SizePX, SizePX))
	if _, ok := layouts[view.Plane]; !ok {
		return img
	}
	row := make([]float64, SizePX)
	s := sampler{v}
	for y := range SizePX {
		start, next := view.place(0, float64(y)), view.place(1, float64(y))
		s.line(start, neckfrac.Vec3{next[0] - start[0], next[1] - start[1], next[2] - start[2]}, row)
		for x, hu := range row {
			img.Pix[img.PixOffset(x, y)] = grey(hu)
		}
	}
	return img
}

// KeyImage is the finished picture of a level in a plane; marked says that it shows a
// box around the lesion. ok is false for a level that has no place. Sentences of the
// pack's domain are burnt in with the caption.
func KeyImage(v *neckfrac.Volume, l neckfrac.LevelPrediction, p neckfrac.Plane, d neckfrac.Domain) (img *image.Gray, marked, ok bool) {
	view, ok := LevelView(l, p)
	if !ok {
		return nil, false, false
	}
	img = Picture(v, view)
	if usable(l.Lesion) {
		frame(img, view.outline(l.Lesion.Grow(marginMM)))
		marked = true
	}
	lines := wrap(neckfrac.PreviewCaption)
	if d == neckfrac.DomainSynthetic {
		lines = append(wrap(neckfrac.SyntheticPack), lines...)
	}
	letters(img, layouts[p].letters, len(lines))
	caption(img, lines)
	text(img, edge, edge+face.Ascent, l.Vertebra.String()+" "+string(p))
	return img, marked, true
}

// outline is the box's outline in pixels.
func (v View) outline(b neckfrac.Box) image.Rectangle {
	ax, ay := v.pixel(b.Min)
	bx, by := v.pixel(b.Max)
	clamp := func(x float64) float64 { return min(max(x, -SizePX), 2*SizePX) }
	return outward(clamp(math.Min(ax, bx)), clamp(math.Min(ay, by)), clamp(math.Max(ax, bx)), clamp(math.Max(ay, by)))
}
