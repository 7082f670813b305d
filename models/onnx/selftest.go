package onnx

import (
	"context"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models"
	"github.com/neckfrac/neckfrac/models/input"
)

// Record answers the frozen input with exported graphs: the self-test of the pack that
// is built of them. It runs on the CPU, which every other device is then compared with.
func Record(ctx context.Context, g *models.Graphs, o Options) (*models.SelfTest, error) {
	o.Device = CPU
	e, err := OpenGraphs(g, o)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	answers, err := e.answers(ctx)
	if err != nil {
		return nil, err
	}
	return &models.SelfTest{Input: models.SelfTestInput, Graphs: answers}, nil
}

// selfTest compares the networks with what the pack states of them.
func (p *Predictor) selfTest(ctx context.Context) error {
	if p.pack.SelfTest == nil {
		return nil
	}
	answers, err := p.answers(ctx)
	if err != nil {
		return neckfrac.E("self-test", err)
	}
	return p.pack.SelfTest.Compare(answers)
}

// answers runs every graph once on the frozen input.
func (e *Examiner) answers(ctx context.Context) ([]models.GraphAnswer, error) {
	side := int64(2 * e.specs.Segment.Multiple)
	s, c, o := e.specs.Segment, e.specs.Classify, e.specs.Model1
	t, m := int64(c.Slices), int64(c.MapPx)
	var out []models.GraphAnswer
	ask := func(folds []*session, in tensor, outs ...[]int64) error {
		frozen(in.data)
		for _, f := range folds {
			var ts []tensor
			for _, shape := range outs {
				ts = append(ts, newTensor(shape...))
			}
			if err := f.run(ctx, in, ts...); err != nil {
				return err
			}
			a := models.GraphAnswer{File: f.file}
			for _, x := range ts {
				a.Outputs = append(a.Outputs, models.Summarise(x.data))
			}
			out = append(out, a)
		}
		return nil
	}
	if err := ask(e.segment.folds, newTensor(1, int64(s.Channels()), side, side), []int64{1, int64(s.Classes), side, side}); err != nil {
		return nil, err
	}
	px := int64(c.SizePx)
	if err := ask(e.classify, newTensor(1, t, input.ClassifyChannels, px, px), []int64{1}, []int64{1, t}, []int64{1, t, m, m}); err != nil {
		return nil, err
	}
	px, m = int64(o.SizePx), int64(o.MapPx)
	for _, folds := range append([][]*session{e.patient}, e.levels[:]...) {
		if err := ask(folds, newTensor(1, input.Model1Channels, px, px), []int64{1}, []int64{1, m, m}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// frozen fills dst with the input called models.SelfTestInput: coarse blocks under fine
// grain, from 0 to 1. Every value is a number of 1/1024, so it is the same everywhere.
// To change it is to change its name.
func frozen(dst []float32) {
	for i := range dst {
		coarse, fine := hash(uint32(i/64))%768, hash(uint32(i)^0x9e3779b9)%256
		dst[i] = float32(coarse+fine) / 1024
	}
}

// hash mixes the bits of x (the finaliser of MurmurHash3, a public construction).
func hash(x uint32) uint32 {
	x ^= x >> 16
	x *= 0x85ebca6b
	x ^= x >> 13
	x *= 0xc2b2ae35
	return x ^ x>>16
}
