package dataset

import (
	"bytes"
	"context"
	"encoding/binary"
	"strings"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/input"
	"github.com/neckfrac/neckfrac/models/level"
)

// piece is everything that one study adds to the files. Row numbers and offsets are
// given by the writer.
type piece struct {
	study                              Study
	hu, labels, crops, maps, sliceData []byte
	cropRows                           []CropRow
	sliceRows                          []SliceRow
}

// cut makes the tensors of one study.
func (o Options) cut(ctx context.Context, j job) (*piece, error) {
	s, err := j.open(ctx)
	if reason, ok := leftOutFor(err, o.Layout != LayoutPhantom); ok {
		return o.left(j, reason), nil
	}
	if err != nil {
		return nil, err
	}
	stack, err := input.NewStack(s.volume)
	if err != nil {
		return nil, err
	}
	field, err := stack.Field(o.Specs.Segment)
	if err != nil {
		return nil, err
	}
	in := shown(s.volume)
	labels, err := s.sampled(field, in)
	if err != nil {
		return nil, err
	}
	if labels == nil && o.Parts == PartsSegment && o.Layout != LayoutNIfTI {
		return o.left(j, leftLabels), nil
	}
	p := &piece{study: studyOf(s.truth, j.split)}
	p.study.NoiseHU, p.study.Labels, p.study.LabelFault = stack.NoiseHU(), s.labelled, s.fault
	if o.Parts != PartsCrops && (labels != nil || o.Layout == LayoutNIfTI) {
		p.segment(field, labels)
	}
	if o.Parts == PartsSegment {
		return p, nil
	}
	err = o.cutFound(ctx, p, s, stack, field, labels, in)
	if reason, ok := leftOutFor(err, false); ok {
		return o.left(j, reason), nil
	}
	return p, err
}

// left is a study that is not in the set: the journal keeps why.
func (o Options) left(j job, reason string) *piece {
	o.Log.Info("study left out", "study", j.id, "reason", reason)
	return &piece{study: Study{ID: j.id, Split: j.split, Refused: reason}}
}

func studyOf(t Truth, split string) Study {
	s := Study{ID: t.ID, Split: split, Seed: t.Seed, Label: t.PatientLabel, Levels: map[neckfrac.Vertebra]int{},
		Occult: []neckfrac.Vertebra{}, InField: []neckfrac.Vertebra{}}
	for _, v := range neckfrac.Vertebrae() {
		l := t.Levels[v]
		s.Levels[v] = l.Label
		if l.Occult {
			s.Occult = append(s.Occult, v)
		}
		if l.Coverage() == neckfrac.CoverageFull {
			s.InField = append(s.InField, v)
		}
	}
	return s
}

// segment keeps the field with its labels, which are Unknown if there are none.
func (p *piece) segment(f *input.Field, labels []uint8) {
	p.hu = make([]byte, 0, 2*len(f.HU))
	for _, hu := range f.HU {
		p.hu = binary.LittleEndian.AppendUint16(p.hu, uint16(hu))
	}
	if labels == nil {
		labels = bytes.Repeat([]byte{Unknown}, len(f.HU))
	}
	p.labels = labels
	p.study.Segment = &Block{Dims: [3]int{f.Dims[0], f.Dims[2], f.Dims[1]}, OriginMM: f.OriginMM}
}

// cutFound cuts crops and slices from what the segmenter found. Without true labels the
// segmenter's names are all there is: a study whose names are in doubt is left out, since
// its labels would land on the wrong bones.
func (o Options) cutFound(ctx context.Context, p *piece, s *sample, stack *input.Stack, field *input.Field, labels []uint8, in func(neckfrac.Vec3) bool) error {
	raw, err := o.Segmenter(ctx, field)
	if err != nil {
		return neckfrac.E("dataset: segment", err)
	}
	if len(raw) != field.Len() {
		return neckfrac.Errorf(neckfrac.Internal, "dataset: segment", "%d labels for %d voxels", len(raw), field.Len())
	}
	found := level.Name(field.Grid, raw)
	names := labels
	if names == nil {
		if found.Ambiguous {
			return leave(string(neckfrac.LevelAmbiguous))
		}
		names = found.Labels
	}
	broken, err := s.marks(field.Grid, names)
	if err != nil {
		return err
	}
	broken = broken.within(in)
	p.study.Boxes, p.study.Unplaced = broken.boxes, broken.unplaced
	o.cutCrops(p, s.truth, stack, field.Grid, found, labels, broken)
	spec := o.Specs.Model1
	buf := make([]float32, spec.Len())
	for _, sl := range spec.Slices(field.Grid, found.Labels) {
		stack.Slice(spec, sl, buf)
		p.sliceData = appendHalf(p.sliceData, buf)
		z := sl.CenterMM[2]
		p.sliceRows = append(p.sliceRows, SliceRow{Study: s.truth.ID, ZMM: z, Levels: sl.Levels,
			Fractured: broken.fractured(z), Weak: broken.weak(z), Patient: s.truth.PatientLabel})
	}
	return nil
}

func (o Options) cutCrops(p *piece, truth Truth, stack *input.Stack, g input.Grid, found level.Result, labels []uint8, broken lesions) {
	spec := o.Specs.Classify
	buf := make([]float32, spec.Len())
	seen := map[neckfrac.Vertebra]bool{}
	for _, v := range neckfrac.Vertebrae() {
		f := found.Levels[v.Index()]
		if f.Coverage == neckfrac.CoverageNone {
			continue
		}
		at, ok := v, true
		if labels != nil {
			at, ok = TrueLevel(found.Labels, labels, uint8(v))
		}
		if !ok {
			o.Log.Info("mask on no vertebra", "study", truth.ID, "level", v.String())
			continue
		}
		seen[at] = true
		if at != v {
			p.study.Misnamed++
			o.Log.Info("level misnamed", "study", truth.ID, "level", v.String(), "truth", at.String())
		}
		c := spec.CropGeometry(f.Region)
		stack.Crop(c, g, found.Labels, uint8(v), buf)
		p.crops = appendHalf(p.crops, buf)
		p.maps = append(p.maps, broken.cells(c, at)...)
		p.cropRows = append(p.cropRows, rowOf(truth, v, at, f.Coverage, c, broken.mapKnown(at)))
	}
	for _, v := range neckfrac.Vertebrae() {
		if truth.Levels[v].Coverage() == neckfrac.CoverageFull && !seen[v] {
			p.study.Missed++
			o.Log.Info("level missed", "study", truth.ID, "level", v.String())
		}
	}
}

func rowOf(truth Truth, v, at neckfrac.Vertebra, cover neckfrac.Coverage, c input.CropGeometry, mapKnown bool) CropRow {
	l := truth.Levels[at]
	var types []string
	for _, f := range l.Fractures {
		types = append(types, f.Type)
	}
	return CropRow{Study: truth.ID, Level: v, TruthLevel: at, Coverage: cover.String(), Label: l.Label, Occult: l.Occult,
		MapKnown: mapKnown, StepMM: c.StepMM, Type: strings.Join(types, "+")}
}
