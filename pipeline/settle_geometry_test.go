package pipeline_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline"
)

// stack is n slices of 1 mm, changed slice by slice.
func stack(n int, change ...func(k int, p *neckfrac.Placed)) []neckfrac.Placed {
	out := make([]neckfrac.Placed, n)
	for k := range out {
		out[k] = neckfrac.Placed{Placement: axial(k), SOPClassUID: ctClass}
		for _, c := range change {
			c(k, &out[k])
		}
	}
	return out
}

func ExampleJudgeSeries() {
	whole := stack(150)
	fmt.Println(pipeline.JudgeSeries(whole) == pipeline.Complete)
	gap := slices.Delete(slices.Clone(whole), 70, 71)
	fmt.Println(pipeline.JudgeSeries(gap) == pipeline.Complete)
	// Output:
	// true
	// false
}

// object is a multi-frame object of that many frames, 1 mm apart.
func object(frames int) []neckfrac.Placed {
	p := neckfrac.Placed{Placement: axial(0), SOPClassUID: "1.2.840.10008.5.1.4.1.1.2.1"}
	p.PositionsMM = nil
	for k := range frames {
		p.PositionsMM = append(p.PositionsMM, axial(k).PositionsMM[0])
	}
	return []neckfrac.Placed{p}
}

func TestJudgeSeries(t *testing.T) {
	t.Parallel()
	each := func(f func(*neckfrac.Placed)) func(int, *neckfrac.Placed) {
		return func(_ int, p *neckfrac.Placed) { f(p) }
	}
	at := func(k int, p *neckfrac.Placed, x, y, z float64) { p.PositionsMM = [][3]float64{{x, y, z}} }
	for _, tc := range []struct {
		name   string
		images []neckfrac.Placed
		want   pipeline.Completeness
	}{
		{"nothing", nil, pipeline.NoStack},
		{"a neck", stack(121), pipeline.Complete},
		{"one slice short of it", stack(120), pipeline.Incomplete},
		{"three slices", stack(3), pipeline.Incomplete},
		{"from feet to head or back", stack(150, func(k int, p *neckfrac.Placed) { at(k, p, 0, 0, float64(-k)) }), pipeline.Complete},
		{"a slice missing", slices.Delete(stack(150), 3, 4), pipeline.Incomplete},
		{"a slice twice", append(stack(150), stack(1)...), pipeline.Incomplete},
		{"two spacings", stack(150, func(k int, p *neckfrac.Placed) { at(k, p, 0, 0, float64(k)+max(0, float64(k-80))) }), pipeline.Incomplete},
		{"slightly uneven", stack(150, func(k int, p *neckfrac.Placed) { at(k, p, 0, 0, float64(k)+0.02*float64(k%2)) }), pipeline.Complete},
		{"steps that add up", stack(250, func(k int, p *neckfrac.Placed) { at(k, p, 0, 0, float64(k)+0.08*max(0, float64(k-125))) }), pipeline.Incomplete},
		{"gantry tilt, sheared", stack(150, func(k int, p *neckfrac.Placed) { at(k, p, 0, 0.2*float64(k), float64(k)) }), pipeline.Complete},
		{"a slice beside the others", stack(150, func(k int, p *neckfrac.Placed) { at(k, p, float64(k/149), 0, float64(k)) }), pipeline.Incomplete},
		{"leans too far", stack(150, func(k int, p *neckfrac.Placed) { at(k, p, 0, float64(k), float64(k)) }), pipeline.Incomplete},
		{"tilted slices beyond the gate", stack(150, each(func(p *neckfrac.Placed) {
			p.Orientation = [6]float64{1, 0, 0, 0, math.Cos(32 * math.Pi / 180), math.Sin(32 * math.Pi / 180)}
		})), pipeline.Incomplete},
		{"sagittal", stack(150, each(func(p *neckfrac.Placed) { p.Orientation = [6]float64{0, 1, 0, 0, 0, -1} })), pipeline.NoStack},
		{"too thick", stack(150, each(func(p *neckfrac.Placed) { p.ThicknessMM = 6 })), pipeline.Incomplete},
		{"no orientation", stack(150, each(func(p *neckfrac.Placed) { p.Orientation = [6]float64{} })), pipeline.NoStack},
		{"no spacing", stack(150, each(func(p *neckfrac.Placed) { p.SpacingMM = [2]float64{} })), pipeline.NoStack},
		{"not CT", stack(150, each(func(p *neckfrac.Placed) { p.Modality = "PT" })), pipeline.NoStack},
		{"projection", stack(150, each(func(p *neckfrac.Placed) { p.ImageType = []string{"DERIVED", "SECONDARY", "MIP"} })), pipeline.NoStack},
		{"localizer in the series", append(stack(150), stack(2, each(func(p *neckfrac.Placed) { p.ImageType = []string{"ORIGINAL", "PRIMARY", "LOCALIZER"} }))...), pipeline.Complete},
		{"a stray image in the series", append(stack(150), stack(1, each(func(p *neckfrac.Placed) { p.Rows = 256 }))...), pipeline.Complete},
		{"two kernels, one with a gap", append(stack(150), slices.Delete(stack(150, each(func(p *neckfrac.Placed) { p.Kernel = "B20f" })), 9, 10)...), pipeline.Incomplete},
		{"two kernels", append(stack(150), stack(150, each(func(p *neckfrac.Placed) { p.Kernel = "B20f" }))...), pipeline.Complete},
		{"planes that nearly agree", append(stack(75), stack(150, each(func(p *neckfrac.Placed) { p.SpacingMM[0] += 1e-3 }))...), pipeline.Incomplete},
		{"rotations counted as acquisitions", stack(150, func(k int, p *neckfrac.Placed) { p.Acquisition = fmt.Sprint(k / 50) }), pipeline.Complete},
		{"acquisitions between each other", stack(300, func(k int, p *neckfrac.Placed) { p.Acquisition = fmt.Sprint(k % 2) }), pipeline.Incomplete},
		{"one object", object(150), pipeline.Complete},
		{"one object, short", object(100), pipeline.Incomplete},
		{"mixed frames", stack(1, each(func(p *neckfrac.Placed) { p.Mixed, p.PositionsMM = true, nil })), pipeline.Incomplete},
		{"one part of two", stack(150, each(func(p *neckfrac.Placed) { p.Concatenation, p.Part, p.Parts = "1.2", 1, 2 })), pipeline.Incomplete},
		{"both parts", stack(150, func(k int, p *neckfrac.Placed) { p.Concatenation, p.Part = "1.2", 1+k/75 }), pipeline.Complete},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := pipeline.JudgeSeries(tc.images); got != tc.want {
				t.Fatalf("%d, want %d", got, tc.want)
			}
		})
	}
}

// TestJudgeSeriesProperties: order means nothing, a step missing inside is never complete,
// and an even stack that is long enough always is, however it lies.
func TestJudgeSeriesProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		step := rapid.Float64Range(0.2, 5).Draw(t, "step")
		n := int(math.Ceil(pipeline.NeckMM/step)) + rapid.IntRange(1, 60).Draw(t, "more")
		tilt := rapid.Float64Range(-29, 29).Draw(t, "tilt") * math.Pi / 180
		sign := rapid.SampledFrom([]float64{1, -1}).Draw(t, "sign")
		origin := rapid.Float64Range(-500, 500).Draw(t, "origin")
		images := stack(n, func(k int, p *neckfrac.Placed) {
			p.Orientation = [6]float64{sign, 0, 0, 0, math.Cos(tilt), math.Sin(tilt)}
			along := sign * float64(k) * step
			p.PositionsMM = [][3]float64{{-100, 20 - along*math.Sin(tilt), origin + along*math.Cos(tilt)}}
			p.ThicknessMM = step
		})
		seed := rapid.Uint64().Draw(t, "seed")
		rand.New(rand.NewPCG(seed, 1)).Shuffle(n, func(a, b int) { images[a], images[b] = images[b], images[a] })
		if got := pipeline.JudgeSeries(images); got != pipeline.Complete {
			t.Fatalf("even stack: %d", got)
		}
		gone := rapid.IntRange(0, n-1).Draw(t, "gone")
		edge := images[gone].PositionsMM[0] == extreme(images, 1) || images[gone].PositionsMM[0] == extreme(images, -1)
		rest := slices.Delete(slices.Clone(images), gone, gone+1)
		if got := pipeline.JudgeSeries(rest); got == pipeline.Complete && !edge {
			t.Fatal("complete without a slice from its middle")
		}
		back := slices.Clone(rest)
		slices.Reverse(back)
		if pipeline.JudgeSeries(back) != pipeline.JudgeSeries(rest) {
			t.Fatal("order has an effect")
		}
	})
}

// extreme is the position that is furthest towards the head (1) or the feet (-1).
func extreme(images []neckfrac.Placed, sign float64) [3]float64 {
	out := images[0].PositionsMM[0]
	for _, im := range images {
		if at := im.PositionsMM[0]; sign*at[2] > sign*out[2] {
			out = at
		}
	}
	return out
}
