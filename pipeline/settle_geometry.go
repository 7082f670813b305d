package pipeline

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// Completeness is what the headers of a series say of whether it is all there.
type Completeness uint8

const (
	// NoStack: nothing in the series could be analysed, however much more comes: no CT
	// image, a localizer, reformats along another plane, nothing that says where it lies.
	NoStack Completeness = iota
	// Incomplete: a stack may still grow, has a gap, or is short.
	Incomplete
	// Complete: a stack is contiguous and long enough, and no other one of the series is in
	// the making.
	Complete
)

const (
	// NeckMM is how long a stack must be to hold C1 to C7 of most adults, from the centre
	// of its first slice to that of its last. A shorter one waits for the quiet time.
	NeckMM = 120

	// axialDegrees is where package volume takes a stack for a reformat along another
	// plane and leaves it out.
	axialDegrees = 35
	// fewSlices are left out by package volume: localizers come as one to three images.
	fewSlices = 4
	// likeShare is half of what package volume lets planes of one stack differ by, so that
	// what is one stack here can't be two there; nearShare is where it might.
	likeShare, nearShare = 5e-4, 2e-3
	// A step may differ from the narrowest by the larger of both, as in package volume.
	stepShare, stepMM = 0.01, 0.1
	// besideMM is how far a slice's corner may lie beside the line from the first to the
	// last; a tilted gantry leans that line.
	besideMM = 0.2
	// epsMM forgives decimal rounding.
	epsMM = 1e-4
)

// JudgeSeries says of one series, from the placements of its analysable images alone,
// whether it is complete. It is pure, does not depend on the order of images, and errs to
// Incomplete: what is Complete passes the geometry gate of package volume, as far as gaps,
// steps, thickness and length go.
func JudgeSeries(images []neckfrac.Placed) Completeness {
	stacks, clear := stacksOf(images)
	out := NoStack
	for _, s := range stacks {
		switch {
		case !s.candidate():
		case s.complete():
			out = max(out, Complete)
		case len(s.at) < fewSlices && !s.Mixed && len(stacks) > 1:
			// It is passed over, unless it goes on: then the study is analysed once more.
			out = max(out, Incomplete)
		default:
			return Incomplete
		}
	}
	if out == Complete && (!clear || partMissing(images)) {
		return Incomplete
	}
	return out
}

// stackOf are the frames that lie in parallel planes and agree in all that package
// volume tells stacks apart by.
type stackOf struct {
	neckfrac.Placed
	thicknessMM float64
	at          [][3]float64
	// tells are what could split the frames further, one row a frame.
	tells [][4]string
}

// stacksOf groups frames. It is not clear where two groups are so alike that package
// volume might see one.
func stacksOf(images []neckfrac.Placed) (out []*stackOf, clear bool) {
	clear = true
	byKey := map[string][]*stackOf{}
	for _, im := range images {
		k := keyOf(im)
		var s *stackOf
		for _, o := range byKey[k] {
			if o.like(im, likeShare) {
				s = o
				break
			}
			clear = clear && !o.like(im, nearShare)
		}
		if s == nil {
			s = &stackOf{Placed: im}
			byKey[k] = append(byKey[k], s)
			out = append(out, s)
		}
		s.thicknessMM = max(s.thicknessMM, im.ThicknessMM)
		s.Mixed = s.Mixed || im.Mixed
		for _, at := range im.PositionsMM {
			s.at = append(s.at, at)
			s.tells = append(s.tells, [4]string{im.Temporal, im.Acquisition, im.Stack, im.KVP})
		}
	}
	return out, clear
}

func keyOf(im neckfrac.Placed) string {
	t := im.ImageType[:min(len(im.ImageType), 4)] // later values count things up on some scanners
	return strings.Join(append([]string{im.SOPClassUID, im.Modality, im.Frame, im.Kernel, strconv.Itoa(im.Rows), strconv.Itoa(im.Columns),
		strings.Join(t, `\`)}, im.Computed...), "\x00")
}

// like reports whether two planes differ by less than tol in any cosine or spacing.
func (s *stackOf) like(im neckfrac.Placed, tol float64) bool {
	for i, v := range im.Orientation {
		if math.Abs(v-s.Orientation[i]) > tol {
			return false
		}
	}
	return math.Abs(im.SpacingMM[0]-s.SpacingMM[0]) < tol && math.Abs(im.SpacingMM[1]-s.SpacingMM[1]) < tol && (len(im.PositionsMM) > 0) == (len(s.at) > 0)
}

// candidate reports whether package volume would look at the stack.
func (s *stackOf) candidate() bool {
	if s.Modality != "CT" {
		return false
	}
	for _, w := range append(slices.Clone(s.ImageType), s.Computed...) {
		if slices.Contains(excludedTypes(), w) {
			return false
		}
	}
	if s.Mixed {
		return true // its frames may be anything
	}
	n, ok := s.normal()
	return ok && len(s.at) > 0 && math.Acos(min(1, math.Abs(n[2])))*180/math.Pi <= axialDegrees
}

// excludedTypes are the words of ImageType that take a stack out of the choice.
func excludedTypes() []string {
	var out []string
	for _, e := range volume.DefaultRules().Exclude {
		for _, c := range e.Any {
			if c.Fact == "image-type" {
				out = append(out, c.Words...)
			}
		}
	}
	return out
}

// normal is the direction across the slices; ok is false where the planes are none.
func (s *stackOf) normal() (n [3]float64, ok bool) {
	r, c := [3]float64(s.Orientation[:3]), [3]float64(s.Orientation[3:])
	n = [3]float64{r[1]*c[2] - r[2]*c[1], r[2]*c[0] - r[0]*c[2], r[0]*c[1] - r[1]*c[0]}
	length := math.Sqrt(inner(n, n))
	if math.Abs(length-1) > 0.02 || s.SpacingMM[0] <= 0 || s.SpacingMM[1] <= 0 || s.Rows <= 0 || s.Columns <= 0 {
		return n, false
	}
	return [3]float64{n[0] / length, n[1] / length, n[2] / length}, true
}

// complete reports whether the slices lie in even steps on a line, without a gap, and are
// long enough and thin enough.
func (s *stackOf) complete() bool {
	n, ok := s.normal()
	tilt := math.Acos(min(1, math.Abs(n[2]))) * 180 / math.Pi
	if !ok || s.Mixed || len(s.at) < fewSlices || tilt > volume.MaxTiltDegrees || s.thicknessMM > volume.MaxThicknessMM+epsMM {
		return false
	}
	order := make([]int, len(s.at))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(inner(s.at[a], n), inner(s.at[b], n)) })
	first, last := s.at[order[0]], s.at[order[len(order)-1]]
	way := [3]float64{last[0] - first[0], last[1] - first[1], last[2] - first[2]}
	extent := inner(way, n)
	return extent >= NeckMM-epsMM && s.even(order, n, extent) && s.straight(first, way, n, extent) && s.unmixed(order)
}

// even reports whether all steps are the same within package volume's tolerance, counted
// from the narrowest, so that no choice of the usual step makes another verdict.
func (s *stackOf) even(order []int, n [3]float64, extent float64) bool {
	least, most := math.Inf(1), 0.0
	mean := extent / float64(len(order)-1)
	for i := 1; i < len(order); i++ {
		d := inner(s.at[order[i]], n) - inner(s.at[order[i-1]], n)
		least, most = min(least, d), max(most, d)
		away := inner(s.at[order[i]], n) - inner(s.at[order[0]], n) - float64(i)*mean
		if math.Abs(away) > max(stepShare*mean, stepMM) {
			return false
		}
	}
	// A step as wide as two narrow ones is a gap, however thin the slices.
	return least > 0.01 && most-least <= max(stepShare*least, stepMM) && most < 1.5*least && most <= volume.MaxThicknessMM+epsMM
}

// straight reports whether the slices' corners lie on one line that leans as a gantry
// does: along rows or columns, and no further.
func (s *stackOf) straight(first, way, n [3]float64, extent float64) bool {
	if extent/math.Sqrt(inner(way, way)) < math.Cos(volume.MaxTiltDegrees*math.Pi/180) {
		return false
	}
	if math.Abs(inner(way, [3]float64(s.Orientation[:3]))) > besideMM && math.Abs(inner(way, [3]float64(s.Orientation[3:]))) > besideMM {
		return false
	}
	for _, at := range s.at {
		d := [3]float64{at[0] - first[0], at[1] - first[1], at[2] - first[2]}
		along := inner(d, n) / extent
		off := 0.0
		for a := range d {
			off += (d[a] - along*way[a]) * (d[a] - along*way[a])
		}
		if math.Sqrt(off) > besideMM {
			return false
		}
	}
	return true
}

// unmixed reports whether the slices of each scan, by whichever attribute tells scans
// apart, lie beside those of the others and not between them.
func (s *stackOf) unmixed(order []int) bool {
	for t := range len(s.tells[0]) {
		ended := map[string]bool{}
		for i := 1; i < len(order); i++ {
			was, is := s.tells[order[i-1]][t], s.tells[order[i]][t]
			if was != is {
				ended[was] = true
			}
			if ended[is] {
				return false
			}
		}
	}
	return true
}

// partMissing reports whether a part of a concatenation did not come.
func partMissing(images []neckfrac.Placed) bool {
	have, want := map[string]map[int]bool{}, map[string]int{}
	for _, im := range images {
		if u := im.Concatenation; u != "" {
			if have[u] == nil {
				have[u] = map[int]bool{}
			}
			have[u][im.Part] = true
			want[u] = max(want[u], im.Part, im.Parts)
		}
	}
	for u, n := range want {
		if len(have[u]) < n {
			return true
		}
	}
	return false
}

func inner(a, b [3]float64) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }
