package onnx

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/input"
)

const (
	// coarseStep is the distance of the columns of the first sweep: 4.5 mm, a quarter
	// of a vertebral body.
	coarseStep = 3
	// bandMargin is how many columns beyond the outermost hit are looked at again.
	bandMargin = 6
	// leastHits is how many cervical voxels make a column part of the band.
	leastHits = 20
	// boneHU and leastBone tell columns that hold no bone at all, mostly air.
	boneHU, leastBone = 150, 40
)

// Segmenter labels fields with one segmenter, or the mean of its folds.
type Segmenter struct {
	spec   input.SegmentSpec
	folds  []*session
	id     string
	engine *engine
	// answer is Options.Labels.
	answer []uint8
}

// OpenSegmenter loads a segmenter from graph files, one per fold. Close it after use.
func OpenSegmenter(spec input.SegmentSpec, o Options, paths ...string) (*Segmenter, error) {
	var graphs []graph
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			return nil, neckfrac.Wrap(neckfrac.NotFound, "onnx: segmenter", err)
		}
		graphs = append(graphs, graph{filepath.Base(p), b})
	}
	e, err := newEngine(o)
	if err != nil {
		return nil, err
	}
	return newSegmenter(spec, e, graphs)
}

func newSegmenter(spec input.SegmentSpec, e *engine, graphs []graph) (*Segmenter, error) {
	if err := spec.Check(); err != nil {
		return nil, err
	}
	if len(graphs) == 0 {
		return nil, neckfrac.Errorf(neckfrac.Invalid, "onnx: segmenter", "no graph")
	}
	h := sha256.New()
	for _, g := range graphs {
		h.Write(g.bytes)
	}
	folds, err := newSessions(graphs, e, "slices", "logits")
	if err != nil {
		return nil, err
	}
	return &Segmenter{spec: spec, folds: folds, id: hex.EncodeToString(h.Sum(nil)), engine: e}, nil
}

// ID is the SHA-256 over the graphs.
func (s *Segmenter) ID() string { return s.id }

// Close frees the networks.
func (s *Segmenter) Close() error { return closeAll(s.folds) }

// Label labels a field: 0 background, 1..7 C1..C7, 8 other bone. It is a
// dataset.Segmenter.
func (s *Segmenter) Label(ctx context.Context, f *input.Field) ([]uint8, error) {
	labels, _, err := s.label(ctx, f)
	return labels, err
}

// sweep is the work on one field. Batches of columns are in work at once; each writes
// its own columns only.
type sweep struct {
	*Segmenter
	f      *input.Field
	h, w   int
	labels []uint8
	done   []bool
	// sure is, per column, the sum of the probabilities of the chosen label in cervical
	// bone, and hits the number of its voxels.
	sure []float64
	hits []int
}

// label first looks at every third column and then densely at the band where
// vertebrae were found; all other columns are background.
func (s *Segmenter) label(ctx context.Context, f *input.Field) ([]uint8, float64, error) {
	w := &sweep{Segmenter: s, f: f, labels: make([]uint8, f.Len()), done: make([]bool, f.Dims[0]),
		sure: make([]float64, f.Dims[0]), hits: make([]int, f.Dims[0])}
	w.h, w.w = s.spec.Padded(f.Grid)
	var xs []int
	for x := min(coarseStep/2, f.Dims[0]-1); x < f.Dims[0]; x += coarseStep {
		xs = append(xs, x)
	}
	if err := w.columns(ctx, xs); err != nil {
		return nil, 0, err
	}
	lo, hi := w.band()
	xs = xs[:0]
	for x := lo; x < hi; x++ {
		if !w.done[x] {
			xs = append(xs, x)
		}
	}
	if err := w.columns(ctx, xs); err != nil {
		return nil, 0, err
	}
	column := f.Dims[1] * f.Dims[2]
	clear(w.labels[:lo*column])
	clear(w.labels[hi*column:])
	return w.labels, w.certainty(), nil
}

// certainty is the mean probability of the chosen label in cervical bone, 0 without
// any. It adds by column, so that it does not depend on which batch ended first.
func (w *sweep) certainty() float64 {
	var sum float64
	n := 0
	for x, s := range w.sure {
		sum += s
		n += w.hits[x]
	}
	return sum / float64(max(n, 1))
}

// band is the range of columns to look at densely; it is empty without a vertebra.
func (w *sweep) band() (lo, hi int) {
	lo = w.f.Dims[0]
	for x, n := range w.hits {
		if n >= leastHits {
			lo, hi = min(lo, x), max(hi, x+1)
		}
	}
	if hi == 0 {
		return 0, 0
	}
	return max(lo-bandMargin, 0), min(hi+bandMargin, w.f.Dims[0])
}

func (w *sweep) columns(ctx context.Context, xs []int) error {
	var full []int
	for _, x := range xs {
		w.done[x] = true
		if w.bony(x) {
			full = append(full, x)
		}
	}
	batches := slices.Collect(slices.Chunk(full, w.engine.batch))
	return w.engine.each(ctx, len(batches), func(ctx context.Context, i int) error { return w.infer(ctx, batches[i]) })
}

func (w *sweep) bony(x int) bool {
	column := w.f.Dims[1] * w.f.Dims[2]
	n := 0
	for _, hu := range w.f.HU[x*column:][:column] {
		if hu > boneHU {
			if n++; n >= leastBone {
				return true
			}
		}
	}
	return false
}

func (w *sweep) infer(ctx context.Context, xs []int) error {
	n, h, width := int64(len(xs)), int64(w.h), int64(w.w)
	in := tensor{[]int64{n, int64(w.spec.Channels()), h, width}, w.f.Sagittal(w.spec, xs, nil)}
	out := newTensor(n, int64(w.spec.Classes), h, width)
	sum := out.data
	for i, fold := range w.folds {
		if i > 0 {
			out = newTensor(out.shape...)
		}
		if err := fold.run(ctx, in, out); err != nil {
			return neckfrac.E("segment", err)
		}
		if i > 0 {
			for j, v := range out.data {
				sum[j] += v
			}
		}
	}
	for i, x := range xs {
		w.take(x, sum[i*w.spec.Classes*w.h*w.w:])
	}
	return nil
}

// take chooses the label of every voxel of a column.
func (w *sweep) take(x int, logits []float32) {
	if len(w.answer) == len(w.labels) {
		w.copyAnswer(x)
		return
	}
	plane := w.h * w.w
	folds := float64(len(w.folds))
	for z := range w.f.Dims[2] {
		row := w.labels[w.f.Index(x, 0, z):][:w.f.Dims[1]]
		for y := range row {
			at := z*w.w + y
			best := 0
			for c := 1; c < w.spec.Classes; c++ {
				if logits[c*plane+at] > logits[best*plane+at] {
					best = c
				}
			}
			row[y] = uint8(best)
			if neckfrac.Vertebra(best).Valid() {
				var total float64
				for c := range w.spec.Classes {
					total += math.Exp(float64(logits[c*plane+at]-logits[best*plane+at]) / folds)
				}
				w.sure[x] += 1 / total
				w.hits[x]++
			}
		}
	}
}

// copyAnswer takes a column's labels from Options.Labels.
func (w *sweep) copyAnswer(x int) {
	column := w.f.Dims[1] * w.f.Dims[2]
	n := copy(w.labels[x*column:][:column], w.answer[x*column:])
	for _, l := range w.labels[x*column:][:n] {
		if neckfrac.Vertebra(l).Valid() {
			w.sure[x]++
			w.hits[x]++
		}
	}
}
