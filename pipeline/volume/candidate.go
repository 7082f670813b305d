package volume

import (
	"cmp"
	"math"
	"slices"

	"github.com/neckfrac/neckfrac"
)

// The sentences for groups that are no candidates; those that fail the gate carry
// the sentence of their Reason, those that only score lower one of scoreParts.
const (
	lostNotCT     = "It is not a CT image series."
	lostLocalizer = "It is a localizer."
	lostPicture   = "It holds pictures made from slices, not slices."
	lostFew       = "It has fewer than four slices."
	lostNoPlace   = "Its slices do not say where they lie."
	lostNotAxial  = "It is not axial."
	lostEqual     = "Another series is as good and comes first by its identifier."
)

// candidate is a stack on its way through the choice.
type candidate struct {
	stack
	spacingMM float64 // median step, 0 if the stack has no place
	zMin      float64
	zMax      float64
	parts     [len(scoreParts)]float64
	lost      string
}

// scoreParts are the weights of the score, 100 in all, and the sentence for the part
// in which the winner leads most. Anatomy weighs most: a fine head scan must not beat
// a coarse neck scan of the same study.
var scoreParts = [...]struct {
	weight   float64
	sentence string
}{
	{40, "Another series is named as one of the neck."},
	{25, "Another series covers more."},
	{20, "Another series has thinner slices."},
	{10, "Another series has a bone kernel."},
	{5, "Another series is original, this one is derived."},
}

// coverMM is the length that holds a neck; more of it gains nothing.
const coverMM = 160

func newCandidate(s stack) candidate {
	c := candidate{stack: s, lost: s.ineligible()}
	h := s.first()
	if !h.placed {
		return c
	}
	c.zMin, c.zMax = math.Inf(1), math.Inf(-1)
	for _, x := range s.slices {
		c.zMin, c.zMax = min(c.zMin, x.plane.position[2]), max(c.zMax, x.plane.position[2])
	}
	c.spacingMM = medianStep(offsets(s.slices, cross(h.plane.row, h.plane.col)))
	coarse := max(c.spacingMM, s.thicknessMM())
	c.parts = [...]float64{
		anatomy(h.region),
		min(1, (c.zMax-c.zMin)/coverMM),
		min(1, max(0, (MaxThicknessMM-coarse)/(MaxThicknessMM-1))),
		truth(h.boneKernel()),
		truth(!h.derived()),
	}
	return c
}

// ineligible is why a stack is none to analyse at all, "" if it may be one.
func (s stack) ineligible() string {
	h := s.first()
	switch {
	case h.modality != "CT" || !ctImage(h.meta.SOPClassUID):
		return lostNotCT
	case h.hasAny(localizerWords):
		return lostLocalizer
	case h.hasAny(pictureWords):
		return lostPicture
	case len(s.slices) < minSlices:
		return lostFew
	case !h.placed:
		return lostNoPlace
	case h.plane.tiltDegrees() > axialDegrees:
		return lostNotAxial
	}
	return ""
}

func (c candidate) score() float64 {
	sum := 0.0
	for i, p := range scoreParts {
		sum += p.weight * c.parts[i]
	}
	return math.Round(sum*10) / 10
}

// rank sorts eligible stacks first, then by score, size and identifiers: a total
// order, so that the choice does not depend on the order of arrival.
func rank(cs []candidate) {
	slices.SortStableFunc(cs, func(a, b candidate) int {
		return cmp.Or(
			cmp.Compare(truth(a.lost != ""), truth(b.lost != "")),
			cmp.Compare(b.score(), a.score()),
			cmp.Compare(len(b.slices), len(a.slices)),
			cmp.Compare(a.first().in.Series, b.first().in.Series),
			cmp.Compare(a.first().in.Instance, b.first().in.Instance),
			cmp.Compare(a.first().index, b.first().index),
		)
	})
}

// losesTo names the part in which the winner leads most.
func (c candidate) losesTo(w candidate) string {
	best, sentence := 0.0, lostEqual
	for i, p := range scoreParts {
		if lead := p.weight * (w.parts[i] - c.parts[i]); lead > best {
			best, sentence = lead, p.sentence
		}
	}
	return sentence
}

// covers is the share of o's length along the patient that c holds too.
func (c candidate) covers(o candidate) float64 {
	if c.first().frame != o.first().frame || o.zMax <= o.zMin {
		return 0
	}
	return max(0, min(c.zMax, o.zMax)-max(c.zMin, o.zMin)) / (o.zMax - o.zMin)
}

// report is the candidate as the assessment keeps it.
func (c candidate) report() neckfrac.Candidate {
	h := c.first()
	return neckfrac.Candidate{
		Series: h.in.Series, Description: h.description, Slices: len(c.slices),
		SpacingMM: math.Round(c.spacingMM*1e4) / 1e4, Score: c.score(), Lost: c.lost,
	}
}

// anatomy is 1 for words of the neck, 0 for words of other regions only.
func anatomy(region string) float64 {
	switch {
	case neckWord.MatchString(region):
		return 1
	case otherWord.MatchString(region):
		return 0
	}
	return 0.5
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
