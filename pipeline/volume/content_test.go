package volume_test

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// drawn makes the slices pictures of 80×80 pixels of 5 mm, by what lies at a place.
func drawn(s scan, hu func(x, y float64) int) scan {
	const side, mm = 80, 5.0
	px := make([]byte, 0, side*side*2)
	for r := range side {
		for c := range side {
			px = binary.LittleEndian.AppendUint16(px, uint16(hu((float64(c)-side/2)*mm, (float64(r)-side/2)*mm)+1024))
		}
	}
	s.rows, s.cols, s.description = side, side, ""
	s.edit = func(i int, ds dataset.Dataset) dataset.Dataset {
		return put(-1, dataset.NewFloat(dataset.TagPixelSpacing, mm, mm), dataset.NewBytes(dataset.TagPixelData, dataset.OW, px),
			dataset.NewFloat(dataset.TagImagePositionPatient, -200, -200, s.firstMM+float64(i)*s.stepMM))(i, ds)
	}
	return s
}

// The three shapes that the outline tells apart, and a table beneath each.
func neckShape(x, y float64) int {
	return layers(x, y, math.Hypot(x, y) < 60, math.Hypot(x, y-20) < 18)
}

func headShape(x, y float64) int {
	r := math.Hypot(x, y)
	return layers(x, y, r < 80, r > 68 && r < 76)
}

func chestShape(x, y float64) int {
	return layers(x, y, math.Hypot(x/1.6, y) < 110, math.Hypot(x, y-60) < 25)
}

func layers(_, y float64, body, bone bool) int {
	switch {
	case bone:
		return 800
	case body, y > 150 && y < 165:
		return 40
	}
	return -1000
}

// thick is a stack that is long enough to be no stub.
func thick(series string) scan {
	s := neck()
	s.series, s.n, s.stepMM, s.thickness = series, 12, 5, 5
	return s
}

// TestPixelsJudgeLast: where headers tie, or lean the wrong way by less than the pixels
// weigh, the series that shows a neck is taken.
func TestPixelsJudgeLast(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		edit func(head, neck *scan)
	}{
		{"equal headers", func(_, _ *scan) {}},
		{"body part lies", func(h, n *scan) {
			h.extra, n.extra = texts(dataset.TagBodyPartExamined, "CSPINE"), texts(dataset.TagBodyPartExamined, "BRAIN")
		}},
		{"a finer head", func(h, _ *scan) { h.n, h.stepMM, h.thickness = 60, 1, 1 }},
		{"a head with a bone kernel", func(_, n *scan) { n.kernel = "B30s" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			head, neck, chest := thick("1.2.3.1"), thick("1.2.3.2"), thick("1.2.3.3")
			tc.edit(&head, &neck)
			head, neck, chest = drawn(head, headShape), drawn(neck, neckShape), drawn(chest, chestShape)
			c := explained(t, slices.Concat(head.files(t), chest.files(t), neck.files(t))).Candidates
			if string(c[0].Series) != neck.series {
				t.Fatalf("chosen %+v, second %+v, want the neck", c[0], c[1])
			}
			got := map[string]float64{}
			for _, x := range c {
				for _, p := range x.Rules {
					if p.Rule == "anatomy" {
						got[string(x.Series)] = p.Points
					}
				}
			}
			if len(got) != 3 || got[neck.series] < 15 || got[head.series] != 0 || got[chest.series] != 0 {
				t.Errorf("points of anatomy %v, want those of the neck alone", got)
			}
		})
	}
}

// TestPixelsAreNotAskedInVain: a single series, and one that can't reach the best, keep
// their pixels unread; where one can't be decoded, headers alone decide.
func TestPixelsAreNotAskedInVain(t *testing.T) {
	t.Parallel()
	asked := func(c neckfrac.Candidate) bool {
		return slices.ContainsFunc(c.Rules, func(p neckfrac.RulePoints) bool { return p.Rule == "anatomy" })
	}
	one, far := drawn(thick("1.2.3.1"), neckShape), drawn(thick("1.2.3.2"), neckShape)
	if c := explained(t, one.files(t)).Candidates; asked(c[0]) {
		t.Errorf("%+v: asked without another", c[0])
	}
	one.description = "C-SPINE"
	far.description, far.kernel = "HEAD", "B30s"
	if c := explained(t, append(one.files(t), far.files(t)...)).Candidates; asked(c[1]) || asked(c[0]) {
		t.Errorf("%+v: asked though nothing can change", c)
	}
	broken := drawn(thick("1.2.3.3"), neckShape)
	draw := broken.edit
	broken.edit = func(i int, ds dataset.Dataset) dataset.Dataset {
		return draw(i, ds).Put(dataset.NewInt(dataset.TagBitsAllocated, 32))
	}
	e := explained(t, append(one.files(t), broken.files(t)...))
	if !e.Chosen || len(e.Candidates) != 2 || asked(e.Candidates[0]) || asked(e.Candidates[1]) || e.Candidates[1].Lost == "" {
		t.Errorf("%+v, want the other series", e)
	}
	if _, err := volume.Assemble(t.Context(), append(one.files(t), broken.files(t)...), volume.Limits{}); err != nil {
		t.Error(err)
	}
}
