package models

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

const (
	// SelfTestTolerance is how far an answer may lie from the one in the pack. Float32 on
	// another processor or a GPU differs by about 1e-5; a broken one, or a library that
	// computes otherwise, by far more.
	SelfTestTolerance = 1e-3
	// SelfTestInput names the frozen input of this version of the code.
	SelfTestInput = "frozen-1"
	// maxSelfTestValues bounds the values that are stated of one output.
	maxSelfTestValues = 64
	// maxSelfTestOutputs is more than any graph of the ensemble has.
	maxSelfTestOutputs = 8
)

// SelfTest is what the networks of a pack answered, when it was built, to an input that
// the code makes and never changes. A runtime that answers otherwise must not run the
// pack. It is part of the manifest, so the signature covers it.
type SelfTest struct {
	// Input is SelfTestInput; another word asks for another version of the code.
	Input  string        `json:"input"`
	Graphs []GraphAnswer `json:"graphs"`
}

// GraphAnswer is the answer of one file.
type GraphAnswer struct {
	File    string         `json:"file"`
	Outputs []OutputAnswer `json:"outputs"`
}

// OutputAnswer summarises one output: values at even steps, and the mean of all.
type OutputAnswer struct {
	Mean   float64   `json:"mean"`
	Values []float64 `json:"values"`
}

// Summarise makes the answer of an output.
func Summarise(out []float32) OutputAnswer {
	n := min(len(out), maxSelfTestValues)
	a := OutputAnswer{Values: make([]float64, n)}
	var sum float64
	for _, v := range out {
		sum += float64(v)
	}
	a.Mean = sum / float64(max(len(out), 1))
	for i := range a.Values {
		a.Values[i] = float64(out[i*len(out)/n])
	}
	return a
}

// Compare returns an error of kind Unavailable, which names the first graph that
// answers otherwise than stated, and nil where all answer within SelfTestTolerance.
func (s *SelfTest) Compare(got []GraphAnswer) error {
	const op = "self-test"
	if len(got) != len(s.Graphs) {
		return neckfrac.Errorf(neckfrac.Unavailable, op, "%d graphs answered, %d are stated", len(got), len(s.Graphs))
	}
	stated := map[string]GraphAnswer{}
	for _, g := range s.Graphs {
		stated[g.File] = g
	}
	for _, g := range got {
		want, ok := stated[g.File]
		if !ok || len(want.Outputs) != len(g.Outputs) {
			return neckfrac.Errorf(neckfrac.Unavailable, op, "%s is not stated", g.File)
		}
		for i, o := range g.Outputs {
			if d := want.Outputs[i].differs(o); !(d <= SelfTestTolerance) {
				return neckfrac.Errorf(neckfrac.Unavailable, op, "%s answers the frozen input by %.3g otherwise than when the pack was built, %g is allowed; this processor, GPU or library must not run it",
					g.File, d, SelfTestTolerance)
			}
		}
	}
	return nil
}

// differs is the largest difference, infinite for another size and NaN for a NaN.
func (o OutputAnswer) differs(p OutputAnswer) float64 {
	if len(o.Values) != len(p.Values) {
		return math.Inf(1)
	}
	d := math.Abs(o.Mean - p.Mean)
	for i, v := range o.Values {
		d = max(d, math.Abs(v-p.Values[i])) // max keeps a NaN
	}
	return d
}

// checkSelfTest wants an answer of every graph, or no self-test.
func (m *Manifest) checkSelfTest() error {
	const op = "self_test"
	s := m.SelfTest
	if s == nil {
		return nil
	}
	if s.Input != SelfTestInput {
		return neckfrac.Errorf(neckfrac.Unsupported, op, "input %.32q, this version makes %s", s.Input, SelfTestInput)
	}
	missing := map[string]bool{}
	for _, n := range m.Models {
		for _, f := range n.Files {
			missing[f] = true
		}
	}
	for _, g := range s.Graphs {
		if !missing[g.File] {
			return neckfrac.Errorf(neckfrac.Invalid, op, "%.64q is no graph of the pack or stated twice", g.File)
		}
		delete(missing, g.File)
		if err := g.check(); err != nil {
			return err
		}
	}
	for f := range missing {
		return neckfrac.Errorf(neckfrac.Invalid, op, "%s has no answer", f)
	}
	return nil
}

func (g GraphAnswer) check() error {
	if len(g.Outputs) == 0 || len(g.Outputs) > maxSelfTestOutputs {
		return neckfrac.Errorf(neckfrac.Limit, "self_test", "%s has %d outputs", g.File, len(g.Outputs))
	}
	for i, o := range g.Outputs {
		if len(o.Values) == 0 || len(o.Values) > maxSelfTestValues || !finite(append([]float64{o.Mean}, o.Values...)...) {
			return neckfrac.Errorf(neckfrac.Invalid, "self_test", "%s: output %d is empty, too long or not finite", g.File, i)
		}
	}
	return nil
}
