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

// classifyLevels runs the classifier on every level that was found.
func (e *Examiner) classifyLevels(ctx context.Context, stack *input.Stack, x *Examination) error {
	spec := e.specs.Classify
	var found []neckfrac.Vertebra
	for _, v := range neckfrac.Vertebrae() {
		if x.Found.Levels[v.Index()].Coverage != neckfrac.CoverageNone {
			found = append(found, v)
		}
	}
	if len(found) == 0 {
		return nil
	}
	n, t, m := int64(len(found)), int64(spec.Slices), int64(spec.MapPx)
	in := newTensor(n, t, input.ClassifyChannels, int64(spec.SizePx), int64(spec.SizePx))
	for i, v := range found {
		c := spec.CropGeometry(x.Found.Levels[v.Index()].Region)
		x.Levels[v.Index()].Crop = c
		stack.Crop(c, x.Grid, x.Found.Labels, uint8(v), in.data[i*spec.Len():][:spec.Len()])
	}
	outs := []tensor{newTensor(n), newTensor(n, t), newTensor(n, t, m, m)}
	if err := mean(ctx, e.classify, in, outs); err != nil {
		return neckfrac.E("classify", err)
	}
	if !finite(outs[0].data) || !finite(outs[1].data) {
		return notFinite("classify")
	}
	for i, v := range found {
		l := &x.Levels[v.Index()]
		l.SliceLogits = outs[1].data[i*spec.Slices:][:spec.Slices]
		key := argmax(l.SliceLogits)
		l.KeyZMM = l.Crop.SliceZMM(key)
		cells := spec.Slices * spec.MapPx * spec.MapPx
		l.LesionMM = lesion(l.Crop, outs[2].data[i*cells:][:cells], key)
		x.Scores.Levels[v.Index()].Classify = float64(outs[0].data[i])
	}
	if !e.blind {
		return nil
	}
	blindCrops(spec, in.data)
	outs = []tensor{newTensor(n), newTensor(n, t), newTensor(n, t, m, m)}
	if err := mean(ctx, e.classify, in, outs); err != nil {
		return neckfrac.E("classify blind", err)
	}
	for i, v := range found {
		x.Blind.Levels[v.Index()].Classify = float64(outs[0].data[i])
	}
	return nil
}

// blindCrops leaves the mask and zeroes what was seen.
func blindCrops(spec input.ClassifySpec, crops []float32) {
	px := spec.SizePx * spec.SizePx
	for o := 0; o < len(crops); o += input.ClassifyChannels * px {
		clear(crops[o:][:(input.ClassifyChannels-1)*px])
	}
}

// scoreSlices runs the Model I networks: the patient's on every slice, a level's on
// the slices within its box.
func (e *Examiner) scoreSlices(ctx context.Context, stack *input.Stack, x *Examination) error {
	spec := e.specs.Model1
	x.Slices = spec.Slices(x.Grid, x.Found.Labels)
	if len(x.Slices) == 0 {
		return nil
	}
	data := make([]float32, len(x.Slices)*spec.Len())
	for i, s := range x.Slices {
		stack.Slice(spec, s, data[i*spec.Len():][:spec.Len()])
	}
	score := func(nets []*session, use func(input.Slice) bool) (float64, error) {
		var mine []float32
		for i, s := range x.Slices {
			if use(s) {
				mine = append(mine, data[i*spec.Len():][:spec.Len()]...)
			}
		}
		if len(nets) == 0 || len(mine) == 0 {
			return math.NaN(), nil
		}
		logits, err := sliceLogits(ctx, spec, nets, mine)
		return topMean(logits, spec.TopK), err
	}
	var err error
	if x.Scores.Model1Patient, err = score(e.patient, func(input.Slice) bool { return true }); err != nil {
		return neckfrac.E("model1", err)
	}
	for _, v := range neckfrac.Vertebrae() {
		i := v.Index()
		x.Scores.Levels[i].Model1, err = score(e.levels[i], func(s input.Slice) bool { return s.Levels>>i&1 == 1 })
		if err != nil {
			return neckfrac.E("model1", err)
		}
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
		logits, err := sliceLogits(ctx, spec, nets, empty)
		return topMean(logits, spec.TopK), err
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

func sliceLogits(ctx context.Context, spec input.Model1Spec, nets []*session, data []float32) ([]float32, error) {
	var out []float32
	side := int64(spec.SizePx)
	for len(data) > 0 {
		n := min(batch, len(data)/spec.Len())
		in := tensor{[]int64{int64(n), input.Model1Channels, side, side}, data[:n*spec.Len()]}
		outs := []tensor{newTensor(int64(n)), newTensor(int64(n), int64(spec.MapPx), int64(spec.MapPx))}
		if err := mean(ctx, nets, in, outs); err != nil {
			return nil, err
		}
		if !finite(outs[0].data) {
			return nil, notFinite("model1")
		}
		out = append(out, outs[0].data...)
		data = data[n*spec.Len():]
	}
	return out, nil
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
