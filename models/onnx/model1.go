package onnx

import (
	"context"
	"math"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/input"
)

// model1Nets is the number of Model I networks: the patient's, then one per level.
const model1Nets = 1 + neckfrac.Levels

// model1Work is which networks look at which slices, and what they say: NaN where a
// network does not look.
type model1Work struct {
	nets   [model1Nets][]*session
	slices []int // that any network looks at
	logits [model1Nets][]float32
}

func (e *Examiner) model1Work(all []input.Slice) *model1Work {
	w := &model1Work{nets: [model1Nets][]*session{e.patient}}
	copy(w.nets[1:], e.levels[:])
	for n := range w.logits {
		w.logits[n] = make([]float32, len(all))
	}
	for i, s := range all {
		any := false
		for n := range w.nets {
			w.logits[n][i] = float32(math.NaN())
			any = any || w.looks(n, s)
		}
		if any {
			w.slices = append(w.slices, i)
		}
	}
	return w
}

// looks reports whether network n is there and s is of its kind.
func (w *model1Work) looks(n int, s input.Slice) bool {
	return len(w.nets[n]) > 0 && (n == 0 || s.Levels>>(n-1)&1 == 1)
}

// of gives the logits of network n, head first.
func (w *model1Work) of(n int) []float32 {
	var out []float32
	for _, v := range w.logits[n] {
		if v == v { // not NaN; a run's NaN was refused
			out = append(out, v)
		}
	}
	return out
}

// scoreBatch cuts some slices once and sends them through every network that looks at
// them.
func (e *Examiner) scoreBatch(ctx context.Context, stack *input.Stack, all []input.Slice, w *model1Work, batch []int) error {
	spec := e.specs.Model1
	cut := make([]float32, len(batch)*spec.Len())
	for i, at := range batch {
		stack.Slice(spec, all[at], cut[i*spec.Len():][:spec.Len()])
	}
	some := make([]float32, 0, len(cut))
	for n, folds := range w.nets {
		data, mine := cut, batch
		if n > 0 {
			some, mine = some[:0], nil
			for i, at := range batch {
				if w.looks(n, all[at]) {
					some, mine = append(some, cut[i*spec.Len():][:spec.Len()]...), append(mine, at)
				}
			}
			data = some
		}
		if len(folds) == 0 || len(mine) == 0 {
			continue
		}
		logits, err := sliceLogits(ctx, spec, folds, data, len(mine))
		if err != nil {
			return err
		}
		for i, at := range mine {
			w.logits[n][at] = logits[i]
		}
	}
	return nil
}

// sliceLogits runs a Model I network on n slices.
func sliceLogits(ctx context.Context, spec input.Model1Spec, folds []*session, data []float32, n int) ([]float32, error) {
	side := int64(spec.SizePx)
	in := tensor{[]int64{int64(n), input.Model1Channels, side, side}, data}
	outs := []tensor{newTensor(int64(n)), newTensor(int64(n), int64(spec.MapPx), int64(spec.MapPx))}
	if err := mean(ctx, folds, in, outs); err != nil {
		return nil, err
	}
	if !finite(outs[0].data) {
		return nil, notFinite("model1")
	}
	return outs[0].data, nil
}
