package volume_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// TestMultiframeIsTheSamePatient is the promise that the form of storage changes
// nothing: single frames, Enhanced and Legacy Converted give one volume.
func TestMultiframeIsTheSamePatient(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		s := drawScan(r)
		class := rapid.SampledFrom([]string{dataset.EnhancedCTImageStorage, dataset.LegacyConvertedEnhancedCTImageStorage}).Draw(r, "class")
		syntax := rapid.SampledFrom([]string{dataset.ExplicitVRLittleEndian, dataset.DeflatedExplicitVRLittleEndian, dataset.JPEGLSLossless}).Draw(r, "syntax")
		m := s.enhanced(class, syntax)
		m.frames = rapid.Permutation(m.frames).Draw(r, "frames")
		m.perFrame = rapid.Bool().Draw(r, "groups in each frame")
		m.parts = 1
		switch rapid.IntRange(0, 2).Draw(r, "offset table") {
		case 1:
			m.basic, m.parts = true, rapid.IntRange(1, 3).Draw(r, "fragments")
		case 2:
			m.extended = true
		}
		want, err := volume.Assemble(context.Background(), s.files(t), volume.Limits{})
		if err != nil {
			r.Fatalf("single frames: %v", err)
		}
		got, err := volume.Assemble(context.Background(), []volume.Input{m.input(t)}, volume.Limits{})
		if err != nil {
			r.Fatalf("multi-frame: %v", err)
		}
		samePatient(r, got, want)
		if v := got.Volume; len(v.Source) != s.n || slices.ContainsFunc(v.Source, func(u neckfrac.InstanceUID) bool { return string(u) != m.instance }) {
			r.Fatalf("sources %v, want %d times %s", v.Source, s.n, m.instance)
		}
	})
}

func drawScan(r *rapid.T) scan {
	s := neck()
	s.n = rapid.IntRange(4, 20).Draw(r, "slices")
	s.rows, s.cols = rapid.IntRange(1, 9).Draw(r, "rows"), rapid.IntRange(1, 9).Draw(r, "cols")
	s.stepMM = rapid.SampledFrom([]float64{-3, -1, 0.625, 1, 2.5}).Draw(r, "step")
	s.thickness = rapid.SampledFrom([]float64{0.5, 1, 3}).Draw(r, "thickness")
	s.kernel = rapid.SampledFrom([]string{"B70f", "BONE", ""}).Draw(r, "kernel")
	s.signed = rapid.Bool().Draw(r, "signed")
	a := rapid.SampledFrom([]float64{0, 7, 90, 180, 270}).Draw(r, "turned") * math.Pi / 180
	s.row, s.col = neckfrac.Vec3{math.Cos(a), math.Sin(a), 0}, neckfrac.Vec3{-math.Sin(a), math.Cos(a), 0}
	return s
}

func samePatient(t interface{ Fatalf(string, ...any) }, got, want volume.Assembled) {
	g, w := got.Volume, want.Volume
	if !slices.Equal(g.HU, w.HU) || g.Grid != w.Grid {
		t.Fatalf("grid %+v, want %+v, or other values", g.Grid, w.Grid)
	}
	if g.FrameOfReference != w.FrameOfReference || g.Kernel != w.Kernel || g.SliceThicknessMM != w.SliceThicknessMM ||
		got.AgeYears != want.AgeYears || got.Contrast != want.Contrast || !slices.Equal(got.Limits, want.Limits) {
		t.Fatalf("got %q %q %v, age %d, contrast %v, limits %v, want %q %q %v, %d, %v, %v", g.FrameOfReference, g.Kernel, g.SliceThicknessMM,
			got.AgeYears, got.Contrast, got.Limits, w.FrameOfReference, w.Kernel, w.SliceThicknessMM, want.AgeYears, want.Contrast, want.Limits)
	}
}

// TestStoredTwice holds a series as single frames and as Enhanced, whichever order the
// files come in: one is analysed, the other is named as equal.
func TestStoredTwice(t *testing.T) {
	t.Parallel()
	s := neck()
	other := s
	other.series = "1.2.3.5"
	in := append(s.files(t), other.enhanced(dataset.EnhancedCTImageStorage, dataset.ExplicitVRLittleEndian).input(t))
	for range 2 {
		got := assembled(t, in)
		if c := got.Candidates; len(c) != 2 || c[0].Series != "1.2.3.1" || c[1].Slices != s.n || c[1].Lost == "" {
			t.Errorf("candidates %+v, want the single frames first of two", c)
		}
		slices.Reverse(in)
	}
	// In one series, the two forms are still two stacks.
	in[0] = s.enhanced(dataset.EnhancedCTImageStorage, dataset.ExplicitVRLittleEndian).input(t)
	if got := assembled(t, append(s.files(t), in[0])); len(got.Candidates) != 2 {
		t.Errorf("candidates %+v, want two", got.Candidates)
	}
}

// TestConcatenation: parts of one object make one stack; a missing part is a gap also
// where it is the last.
func TestConcatenation(t *testing.T) {
	t.Parallel()
	s := neck()
	part := func(number int64, from, to int) volume.Input {
		m := s.enhanced(dataset.EnhancedCTImageStorage, dataset.ExplicitVRLittleEndian)
		m.frames, m.instance = m.frames[from:to], fmt.Sprintf("1.2.3.1.9%d", number)
		m.edit = func(ds dataset.Dataset) dataset.Dataset {
			return ds.Put(dataset.NewText(dataset.TagConcatenationUID, "1.2.3.77")).
				Put(dataset.NewInt(dataset.TagInConcatenationNumber, number)).
				Put(dataset.NewInt(dataset.TagInConcatenationTotalNumber, 2))
		}
		return m.input(t)
	}
	a, b := part(1, 0, 7), part(2, 7, s.n)
	assembled(t, []volume.Input{b, a})
	err := second(volume.Assemble(t.Context(), []volume.Input{a}, volume.Limits{}))
	if r, ok := neckfrac.AsRefused(err); !ok || r.Reason != neckfrac.Gap {
		t.Fatalf("one part of two: %v, want refused gap", err)
	}
}

// TestMultiframeRefuses changes one thing each in a good object.
func TestMultiframeRefuses(t *testing.T) {
	t.Parallel()
	inGroup := func(frame int, e dataset.Element) func(*multi) {
		return func(m *multi) {
			m.group = func(i int, ds dataset.Dataset) dataset.Dataset {
				if frame >= 0 && i != frame {
					return ds
				}
				return ds.Put(e)
			}
		}
	}
	top := func(e dataset.Element) func(*multi) {
		return func(m *multi) { m.edit = func(ds dataset.Dataset) dataset.Dataset { return ds.Put(e) } }
	}
	rescale := func(es ...dataset.Element) dataset.Element {
		return dataset.NewSequence(dataset.TagPixelValueTransformationSequence, dataset.Dataset(es))
	}
	slope, intercept := dataset.NewFloat(dataset.TagRescaleSlope, 1), dataset.NewFloat(dataset.TagRescaleIntercept, -1024)
	frameType := func(es ...dataset.Element) dataset.Element {
		return dataset.NewSequence(dataset.TagCTImageFrameTypeSequence, append(dataset.Dataset{
			{Tag: dataset.TagFrameType, VR: dataset.CS, Value: []byte(`ORIGINAL\PRIMARY\VOLUME\NONE`)}}, es...))
	}
	each := func(m *multi) { m.perFrame = true }
	both := func(fs ...func(*multi)) func(*multi) {
		return func(m *multi) {
			for _, f := range fs {
				f(m)
			}
		}
	}
	for _, tc := range []struct {
		name string
		edit func(*multi)
		want neckfrac.Reason
	}{
		{"a frame is missing", func(m *multi) { m.frames = slices.Delete(m.frames, 5, 6) }, neckfrac.Gap},
		{"three frames", func(m *multi) { m.frames = m.frames[:3] }, neckfrac.NoEligibleSeries},
		{"frames more than groups", top(dataset.NewInt(dataset.TagNumberOfFrames, 13)), neckfrac.PixelUnreadable},
		{"frames fewer than groups", top(dataset.NewInt(dataset.TagNumberOfFrames, 11)), neckfrac.PixelUnreadable},
		{"no frames", top(dataset.NewInt(dataset.TagNumberOfFrames, 0)), neckfrac.PixelUnreadable},
		{"frames -1", top(dataset.NewText(dataset.TagNumberOfFrames, "-1")), neckfrac.PixelUnreadable},
		{"frames 1e9", top(dataset.NewText(dataset.TagNumberOfFrames, "1000000000")), neckfrac.PixelUnreadable},
		{"frames empty", top(dataset.NewText(dataset.TagNumberOfFrames, "")), neckfrac.PixelUnreadable},
		{"pixels of a frame fewer", top(dataset.NewBytes(dataset.TagPixelData, dataset.OW, make([]byte, 11*96))), neckfrac.PixelUnreadable},
		{"no rescale in one frame", both(each, inGroup(4, rescale())), neckfrac.PixelUnreadable},
		{"rescale not HU", both(each, inGroup(4, rescale(slope, intercept, dataset.NewText(dataset.TagRescaleType, "US")))), neckfrac.PixelUnreadable},
		{"rescale at the top only", both(each, inGroup(-1, rescale()), top(slope)), neckfrac.PixelUnreadable},
		{"rescale shared and per frame", inGroup(2, rescale(slope, intercept)), neckfrac.PixelUnreadable},
		{"rescale twice", both(each, inGroup(2, dataset.NewSequence(dataset.TagPixelValueTransformationSequence,
			dataset.Dataset{slope, intercept}, dataset.Dataset{slope, intercept}))), neckfrac.PixelUnreadable},
		{"no position in one frame", inGroup(5, dataset.NewSequence(dataset.TagPlanePositionSequence)), neckfrac.Gap},
		{"colours", both(each, inGroup(-1, frameType(dataset.NewText(dataset.TagPixelPresentation, "COLOR")))), neckfrac.PixelUnreadable},
		{"projection", both(each, inGroup(-1, frameType(dataset.NewText(dataset.TagVolumeBasedCalculationTechnique, "MAX_IP")))), neckfrac.NoEligibleSeries},
		{"distorted", both(each, inGroup(-1, frameType(dataset.NewText(dataset.TagVolumetricProperties, "DISTORTED")))), neckfrac.NoEligibleSeries},
		{"localizer", both(each, inGroup(-1, dataset.NewSequence(dataset.TagCTImageFrameTypeSequence, dataset.Dataset{
			{Tag: dataset.TagFrameType, VR: dataset.CS, Value: []byte(`ORIGINAL\PRIMARY\LOCALIZER\NONE`)}}))), neckfrac.NoEligibleSeries},
		{"intrathecal", top(dataset.NewSequence(dataset.TagContrastBolusAgentSequence, dataset.Dataset{
			dataset.NewText(dataset.TagCodeMeaning, "Iohexol"),
			dataset.NewSequence(dataset.TagContrastBolusAdministrationRouteSequence, dataset.Dataset{dataset.NewText(dataset.TagCodeMeaning, "Intrathecal route")}),
		})), neckfrac.IntrathecalContrast},
		{"no groups", func(m *multi) {
			m.edit = func(ds dataset.Dataset) dataset.Dataset {
				return drop(dataset.TagPerFrameFunctionalGroupsSequence)(0, ds)
			}
		}, neckfrac.PixelUnreadable},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := neck().enhanced(dataset.EnhancedCTImageStorage, dataset.ExplicitVRLittleEndian)
			tc.edit(&m)
			err := second(volume.Assemble(t.Context(), []volume.Input{m.input(t)}, volume.Limits{}))
			if r, ok := neckfrac.AsRefused(err); !ok || r.Reason != tc.want || r.Detail == "" {
				t.Fatalf("%v, want refused %s with a detail", err, tc.want)
			}
		})
	}
}

// TestMultiframeContrast reads the coded contrast module.
func TestMultiframeContrast(t *testing.T) {
	t.Parallel()
	m := neck().enhanced(dataset.EnhancedCTImageStorage, dataset.ExplicitVRLittleEndian)
	m.edit = func(ds dataset.Dataset) dataset.Dataset {
		return ds.Put(dataset.NewSequence(dataset.TagContrastBolusAgentSequence, dataset.Dataset{dataset.NewText(dataset.TagCodeMeaning, "Iohexol")}))
	}
	if got := assembled(t, []volume.Input{m.input(t)}); got.Contrast != neckfrac.ContrastGiven {
		t.Errorf("contrast %v, want given", got.Contrast)
	}
	m.edit = func(ds dataset.Dataset) dataset.Dataset {
		return ds.Put(dataset.NewSequence(dataset.TagContrastBolusAgentSequence))
	}
	if got := assembled(t, []volume.Input{m.input(t)}); got.Contrast != neckfrac.ContrastNone {
		t.Errorf("contrast %v, want none", got.Contrast)
	}
}

// TestFrameLimit is the cap of frames at its value and one below what comes.
func TestFrameLimit(t *testing.T) {
	t.Parallel()
	in := []volume.Input{neck().enhanced(dataset.EnhancedCTImageStorage, dataset.ExplicitVRLittleEndian).input(t)}
	if _, err := volume.Assemble(t.Context(), in, volume.Limits{MaxFrames: 12}); err != nil {
		t.Fatalf("at the limit: %v", err)
	}
	err := second(volume.Assemble(t.Context(), in, volume.Limits{MaxFrames: 11}))
	if r, ok := neckfrac.AsRefused(err); !ok || r.Reason != neckfrac.PixelUnreadable {
		t.Fatalf("one above: %v, want refused", err)
	}
	soft := neck()
	soft.series = "1.2.3.2"
	in = append(in, soft.enhanced(dataset.EnhancedCTImageStorage, dataset.ExplicitVRLittleEndian).input(t))
	err = second(volume.Assemble(t.Context(), in, volume.Limits{MaxFrames: 12}))
	if r, ok := neckfrac.AsRefused(err); !ok || r.Reason != neckfrac.Geometry {
		t.Fatalf("two objects of twelve: %v, want refused", err)
	}
}

// TestMultiframeTruncated cuts an object at every length: never a volume.
func TestMultiframeTruncated(t *testing.T) {
	t.Parallel()
	s := neck()
	s.n = 4
	for _, syntax := range []string{dataset.ExplicitVRLittleEndian, dataset.JPEGLSLossless} {
		full := s.enhanced(dataset.EnhancedCTImageStorage, syntax).input(t)
		all := make([]byte, full.Size)
		if _, err := full.File.ReadAt(all, 0); err != nil {
			t.Fatal(err)
		}
		for n := range all {
			in := full
			in.File, in.Size = bytes.NewReader(all[:n]), int64(n)
			if _, err := volume.Assemble(t.Context(), []volume.Input{in}, volume.Limits{}); neckfrac.KindOf(err) != neckfrac.Refused {
				t.Fatalf("%s cut at %d of %d: %v", syntax, n, len(all), err)
			}
		}
	}
}
