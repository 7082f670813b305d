package dataset

import (
	"context"
	"encoding/binary"
	"path/filepath"
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
func (o Options) cut(ctx context.Context, dir, split string) (*piece, error) {
	truth, err := ReadTruth(dir)
	if err != nil {
		return nil, err
	}
	v, err := o.Readers.Volume(ctx, filepath.Join(dir, "dicom"))
	if r, ok := neckfrac.AsRefused(err); ok {
		o.Log.Info("study refused", "study", truth.ID, "reason", string(r.Reason))
		s := studyOf(truth, split)
		s.Refused = r.Reason
		return &piece{study: s}, nil
	}
	if err != nil {
		return nil, neckfrac.E("dataset: volume", err)
	}
	stack, err := input.NewStack(v)
	if err != nil {
		return nil, err
	}
	field, err := stack.Field(o.Specs.Segment)
	if err != nil {
		return nil, err
	}
	volume, err := o.Readers.Labels(filepath.Join(dir, "labels.nii.gz"))
	if err != nil {
		return nil, neckfrac.E("dataset: labels", err)
	}
	labels, err := input.SampleLabels(volume, field.Grid)
	if err != nil {
		return nil, err
	}
	p := &piece{study: studyOf(truth, split)}
	p.study.NoiseHU = stack.NoiseHU()
	if o.Parts != PartsCrops {
		p.segment(field, labels)
	}
	if o.Parts == PartsSegment {
		return p, nil
	}
	return p, o.cutFound(ctx, p, dir, truth, stack, field, labels)
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

func (p *piece) segment(f *input.Field, labels []uint8) {
	p.hu = make([]byte, 0, 2*len(f.HU))
	for _, hu := range f.HU {
		p.hu = binary.LittleEndian.AppendUint16(p.hu, uint16(hu))
	}
	p.labels = labels
	p.study.Segment = &Block{Dims: [3]int{f.Dims[0], f.Dims[2], f.Dims[1]}, OriginMM: f.OriginMM}
}

// cutFound cuts crops and slices from what the segmenter found.
func (o Options) cutFound(ctx context.Context, p *piece, dir string, truth Truth, stack *input.Stack, field *input.Field, labels []uint8) error {
	volume, err := o.Readers.Labels(filepath.Join(dir, "fracture.nii.gz"))
	if err != nil {
		return neckfrac.E("dataset: fracture volume", err)
	}
	broken, err := findLesions(volume)
	if err != nil {
		return err
	}
	raw, err := o.Segmenter(ctx, field)
	if err != nil {
		return neckfrac.E("dataset: segment", err)
	}
	if len(raw) != field.Len() {
		return neckfrac.Errorf(neckfrac.Internal, "dataset: segment", "%d labels for %d voxels", len(raw), field.Len())
	}
	found := level.Name(field.Grid, raw)
	o.cutCrops(p, truth, stack, field.Grid, found, labels, broken)
	spec := o.Specs.Model1
	buf := make([]float32, spec.Len())
	for _, sl := range spec.Slices(field.Grid, found.Labels) {
		stack.Slice(spec, sl, buf)
		p.sliceData = appendHalf(p.sliceData, buf)
		p.sliceRows = append(p.sliceRows, SliceRow{Study: truth.ID, ZMM: sl.CenterMM[2], Levels: sl.Levels,
			Fractured: broken.fractured(sl.CenterMM[2]), Patient: truth.PatientLabel})
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
		at, ok := TrueLevel(found.Labels, labels, uint8(v))
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
		p.cropRows = append(p.cropRows, rowOf(truth, v, at, f.Coverage, c))
	}
	for _, v := range neckfrac.Vertebrae() {
		if truth.Levels[v].Coverage() == neckfrac.CoverageFull && !seen[v] {
			p.study.Missed++
			o.Log.Info("level missed", "study", truth.ID, "level", v.String())
		}
	}
}

func rowOf(truth Truth, v, at neckfrac.Vertebra, cover neckfrac.Coverage, c input.CropGeometry) CropRow {
	l := truth.Levels[at]
	var types []string
	for _, f := range l.Fractures {
		types = append(types, f.Type)
	}
	return CropRow{Study: truth.ID, Level: v, TruthLevel: at, Coverage: cover.String(), Label: l.Label, Occult: l.Occult,
		MapKnown: true, StepMM: c.StepMM, Type: strings.Join(types, "+")}
}
