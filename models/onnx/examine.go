package onnx

import (
	"context"
	"math"
	"slices"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models"
	"github.com/neckfrac/neckfrac/models/input"
	"github.com/neckfrac/neckfrac/models/level"
)

// Examination is everything that the networks say about a volume, before
// calibration and before any refusal.
type Examination struct {
	Grid   input.Grid
	Found  level.Result
	Scores models.Scores
	// Blind are the scores with the image zeroed, with Options.Blind.
	Blind    models.Scores
	Features map[models.Feature]float64
	Levels   [neckfrac.Levels]LevelExamination
	// Slices are the Model I slices that were looked at.
	Slices []input.Slice
}

// LevelExamination is where the classifier looked in one vertebra; it is zero for a
// level that was not found.
type LevelExamination struct {
	Crop        input.CropGeometry
	SliceLogits []float32
	// LesionMM is the box of the map's hot cells, KeyZMM the LPS z of the slice with
	// the highest logit.
	LesionMM neckfrac.Box
	KeyZMM   float64
}

// Examine runs the networks on v without judging the result: an evaluation needs
// the scores of studies that the service would refuse. It waits for a place when
// Options.Parallel studies are in work.
func (e *Examiner) Examine(ctx context.Context, v *neckfrac.Volume) (*Examination, error) {
	select {
	case e.places <- struct{}{}:
		defer func() { <-e.places }()
	case <-ctx.Done():
		return nil, neckfrac.E("examine", ctx.Err())
	}
	stack, err := input.NewStack(v)
	if err != nil {
		return nil, err
	}
	field, err := stack.Field(e.specs.Segment)
	if err != nil {
		return nil, err
	}
	labels, certainty, err := e.segment.label(ctx, field)
	if err != nil {
		return nil, err
	}
	spacing := stack.SpacingMM()
	x := &Examination{Grid: field.Grid, Found: level.Name(field.Grid, labels), Scores: models.NoScores(), Blind: models.NoScores(),
		Features: map[models.Feature]float64{models.NoiseHU: stack.NoiseHU(), models.Certainty: certainty,
			models.InPlaneMM: max(spacing[0], spacing[1]), models.SliceMM: spacing[2]}}
	x.Scores.Coverage = x.Found.Full()
	x.Blind.Coverage = x.Scores.Coverage
	if err := e.classifyLevels(ctx, stack, x); err != nil {
		return nil, err
	}
	if err := e.scoreSlices(ctx, stack, x); err != nil {
		return nil, err
	}
	return x, nil
}

// classifyLevels runs the classifier on every level that was found, each by itself: a
// level's crops are one sequence of slices, which is batch enough.
func (e *Examiner) classifyLevels(ctx context.Context, stack *input.Stack, x *Examination) error {
	var found []neckfrac.Vertebra
	for _, v := range neckfrac.Vertebrae() {
		if x.Found.Levels[v.Index()].Coverage != neckfrac.CoverageNone {
			found = append(found, v)
		}
	}
	return e.engine.each(ctx, len(found), func(ctx context.Context, i int) error {
		return neckfrac.E("classify", e.classifyLevel(ctx, stack, x, found[i]))
	})
}

// classifyLevel writes what belongs to level v, and reads of x what was there before.
func (e *Examiner) classifyLevel(ctx context.Context, stack *input.Stack, x *Examination, v neckfrac.Vertebra) error {
	spec := e.specs.Classify
	t, m := int64(spec.Slices), int64(spec.MapPx)
	in := newTensor(1, t, input.ClassifyChannels, int64(spec.SizePx), int64(spec.SizePx))
	l := &x.Levels[v.Index()]
	l.Crop = spec.CropGeometry(x.Found.Levels[v.Index()].Region)
	stack.Crop(l.Crop, x.Grid, x.Found.Labels, uint8(v), in.data)
	outs := []tensor{newTensor(1), newTensor(1, t), newTensor(1, t, m, m)}
	if err := mean(ctx, e.classify, in, outs); err != nil {
		return err
	}
	if !finite(outs[0].data) || !finite(outs[1].data) {
		return notFinite("classify")
	}
	l.SliceLogits = outs[1].data
	key := argmax(l.SliceLogits)
	l.KeyZMM = l.Crop.SliceZMM(key)
	l.LesionMM = lesion(l.Crop, outs[2].data, key)
	x.Scores.Levels[v.Index()].Classify = float64(outs[0].data[0])
	if !e.blind {
		return nil
	}
	blindCrops(spec, in.data)
	if err := mean(ctx, e.classify, in, outs); err != nil {
		return neckfrac.E("blind", err)
	}
	x.Blind.Levels[v.Index()].Classify = float64(outs[0].data[0])
	return nil
}

// blindCrops leaves the mask and zeroes what was seen.
func blindCrops(spec input.ClassifySpec, crops []float32) {
	px := spec.SizePx * spec.SizePx
	for o := 0; o < len(crops); o += input.ClassifyChannels * px {
		clear(crops[o:][:(input.ClassifyChannels-1)*px])
	}
}

// scoreSlices runs the Model I networks on the slices that hold vertebrae: the
// patient's on all of them, a level's on those within its box.
func (e *Examiner) scoreSlices(ctx context.Context, stack *input.Stack, x *Examination) error {
	x.Slices = e.specs.Model1.Slices(x.Grid, x.Found.Labels)
	work := e.model1Work(x.Slices)
	batches := slices.Collect(slices.Chunk(work.slices, e.engine.batch))
	err := e.engine.each(ctx, len(batches), func(ctx context.Context, i int) error {
		return neckfrac.E("model1", e.scoreBatch(ctx, stack, x.Slices, work, batches[i]))
	})
	if err != nil {
		return err
	}
	topK := e.specs.Model1.TopK
	x.Scores.Model1Patient = topMean(work.of(0), topK)
	for _, v := range neckfrac.Vertebrae() {
		x.Scores.Levels[v.Index()].Model1 = topMean(work.of(1+v.Index()), topK)
	}
	if e.blind {
		return e.scoreBlind(ctx, x)
	}
	return nil
}

// scoreBlind gives each Model I network that scored one empty slice: all its slices
// would be the same.
func (e *Examiner) scoreBlind(ctx context.Context, x *Examination) error {
	spec := e.specs.Model1
	empty := make([]float32, spec.Len())
	score := func(nets []*session, seen float64) (float64, error) {
		if math.IsNaN(seen) {
			return seen, nil
		}
		logits, err := sliceLogits(ctx, spec, nets, empty, 1)
		if err != nil {
			return 0, err
		}
		return float64(logits[0]), nil
	}
	var err error
	if x.Blind.Model1Patient, err = score(e.patient, x.Scores.Model1Patient); err != nil {
		return neckfrac.E("model1 blind", err)
	}
	for i := range x.Blind.Levels {
		if x.Blind.Levels[i].Model1, err = score(e.levels[i], x.Scores.Levels[i].Model1); err != nil {
			return neckfrac.E("model1 blind", err)
		}
	}
	return nil
}

// mean runs the folds of a network and fills outs with the mean of their outputs.
func mean(ctx context.Context, folds []*session, in tensor, outs []tensor) error {
	for f, s := range folds {
		got := outs
		if f > 0 {
			got = make([]tensor, len(outs))
			for i, o := range outs {
				got[i] = newTensor(o.shape...)
			}
		}
		if err := s.run(ctx, in, got...); err != nil {
			return err
		}
		if f == 0 {
			continue
		}
		for i, g := range got {
			for j, v := range g.data {
				outs[i].data[j] += (v - outs[i].data[j]) / float32(f+1)
			}
		}
	}
	return nil
}

// topMean is the mean of the k highest logits, or of all if there are fewer.
func topMean(logits []float32, k int) float64 {
	if len(logits) == 0 {
		return math.NaN()
	}
	s := slices.Clone(logits)
	slices.Sort(s)
	s = s[max(len(s)-k, 0):]
	var sum float64
	for _, v := range s {
		sum += float64(v)
	}
	return sum / float64(len(s))
}

func argmax(v []float32) int {
	best := 0
	for i := range v {
		if v[i] > v[best] {
			best = i
		}
	}
	return best
}

func finite(v []float32) bool {
	for _, x := range v {
		if f := float64(x); math.IsNaN(f) || math.IsInf(f, 0) {
			return false
		}
	}
	return true
}

// notFinite refuses a result rather than let a NaN compare as "not flagged".
func notFinite(role string) error {
	return neckfrac.Refuse("examine", neckfrac.PackFault, role+": an output is not finite")
}
