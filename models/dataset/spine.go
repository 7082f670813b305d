package dataset

import (
	"errors"
	"maps"
	"os"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/input"
)

const (
	// lastThoracic is T12 where labels count on from C1 = 1.
	lastThoracic = 19
	// leastBoneHU is what the mean of all cervical labels reaches in any CT: spongy bone of
	// the old has 100 to 150 HU, walls several times that, muscle 60 and fat less than 0.
	leastBoneHU = 100
)

// Why labels that exist are not used.
const (
	faultUnreadable = "unreadable"  // no NIfTI-1 volume that a grid can hold
	faultNumbers    = "numbers"     // a number that is no vertebra
	faultOutside    = "outside"     // no cervical vertebra within the picture
	faultNotOnBone  = "not-on-bone" // the affine puts them beside the bones
)

// readSpine reads labels 1 to 7 C1 to C7, 8 to 19 T1 to T12; all thoracic vertebrae become
// other bone. Without a file both results are empty; a file that can't be used gives the
// fault, since one bad mask of many is no reason to stop.
func (o Options) readSpine(paths ...string) (l *neckfrac.Labels, fault string, err error) {
	for _, p := range paths {
		l, err := o.Readers.Labels(p)
		switch neckfrac.KindOf(err) {
		case neckfrac.NotFound:
			if errors.Is(err, os.ErrNotExist) {
				continue
			}
			return nil, faultUnreadable, nil
		case neckfrac.Invalid, neckfrac.Unsupported, neckfrac.Limit:
			return nil, faultUnreadable, nil
		}
		if err != nil {
			return nil, "", neckfrac.E("dataset: labels", err)
		}
		for i, v := range l.Voxel {
			if v > lastThoracic {
				return nil, faultNumbers, nil
			}
			l.Voxel[i] = min(v, neckfrac.LabelOtherBone)
		}
		return l, "", nil
	}
	return nil, "", nil
}

// sampled brings the labels onto the field. Where they lie follows from both files'
// placement alone; that this was right is then read off the picture: labels that are not
// on bone are not used, and nobody tries other orientations until some fit.
func (s *sample) sampled(f *input.Field, in func(neckfrac.Vec3) bool) ([]uint8, error) {
	if s.labels == nil {
		s.labelled = LabelsNone
		return nil, nil
	}
	labels, err := input.SampleLabels(s.labels, f.Grid)
	if err != nil {
		return nil, err
	}
	hide(f.Grid, labels, in)
	if s.labelled != LabelsSpine {
		return labels, nil
	}
	if s.fault = misplaced(f, labels); s.fault != "" {
		s.labelled = LabelsNone
		return nil, nil
	}
	s.cover(f.Grid, labels)
	return labels, nil
}

// misplaced says what is wrong with where labels lie, "" if nothing is.
func misplaced(f *input.Field, labels []uint8) string {
	n, sum := 0, 0
	for i, l := range labels {
		if neckfrac.Vertebra(l).Valid() {
			n++
			sum += int(f.HU[i])
		}
	}
	switch {
	case n == 0:
		return faultOutside
	case sum < leastBoneHU*n:
		return faultNotOnBone
	}
	return ""
}

// cover reads off the labels how much of each level the picture holds: a vertebra that
// reaches its first or last row is cut.
func (s *sample) cover(g input.Grid, labels []uint8) {
	s.truth.Levels = maps.Clone(s.truth.Levels)
	regions := input.Regions(g, labels)
	for _, v := range neckfrac.Vertebrae() {
		l, r := s.truth.Levels[v], regions[v]
		switch {
		case r.Voxels == 0:
			l.InField = neckfrac.CoverageNone.String()
		case r.Lo[2] == 0 || r.Hi[2] == g.Dims[2]-1:
			l.InField = neckfrac.CoveragePartial.String()
		default:
			l.InField = neckfrac.CoverageFull.String()
		}
		s.truth.Levels[v] = l
	}
}
