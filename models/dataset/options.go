package dataset

import (
	"context"
	"log/slog"
	"runtime"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/input"
	"github.com/neckfrac/neckfrac/models/nifti"
)

// Parts says which tensors a set holds.
type Parts string

const (
	// PartsSegment needs no segmenter: volumes and truth labels.
	PartsSegment Parts = "segment"
	// PartsCrops are crops and slices cut from predicted masks.
	PartsCrops Parts = "crops"
	// PartsAll are both.
	PartsAll Parts = "all"
)

// Splits of a data set. Calibration and test are never trained on.
const (
	SplitTrain = "train"
	SplitCalib = "calib"
	SplitTest  = "test"
)

// Input is a folder of studies and the split they belong to. An empty Split spreads
// them by a hash of the study id: 70 % train, 15 % calib, 15 % test.
type Input struct {
	Dir, Split string
}

// Segmenter labels a field: 0 background, 1..7 C1..C7, 8 other bone, in its order.
type Segmenter func(ctx context.Context, f *input.Field) ([]uint8, error)

// Readers bring in the files of a study.
type Readers struct {
	// Volume reads the DICOM files in a folder. LayoutPhantom needs it.
	Volume func(ctx context.Context, dir string) (*neckfrac.Volume, error)
	// Scan reads them with the place of every image. LayoutRSNA needs it.
	Scan func(ctx context.Context, dir string) (Scan, error)
	// Labels reads a label volume in LPS. Defaults to ReadLabels.
	Labels func(path string) (*neckfrac.Labels, error)
}

// Options configure Prepare.
type Options struct {
	Inputs []Input
	// Layout defaults to LayoutPhantom.
	Layout Layout
	Out    string
	// Parts defaults to PartsSegment without a Segmenter, else to PartsAll.
	Parts     Parts
	Segmenter Segmenter
	// SegmenterID names the segmenter's weights (a digest), since a set made with
	// another one is another set. Needed with a Segmenter.
	SegmenterID string
	Readers     Readers
	// Specs default to input.FirstForm.
	Specs input.Specs
	// Workers is how many studies are in work at once. Defaults to the processors.
	Workers int
	// Progress is called after every study, from one goroutine. May be nil.
	Progress func(done, total int)
	// Log tells of levels that the segmenter missed or misnamed. May be nil.
	Log *slog.Logger
}

func (o Options) filled() (Options, error) {
	const op = "dataset: options"
	bad := func(text string) (Options, error) { return o, neckfrac.Errorf(neckfrac.Invalid, op, "%s", text) }
	if o.Layout == "" {
		o.Layout = LayoutPhantom
	}
	if o.Parts == "" {
		o.Parts = PartsSegment
		if o.Segmenter != nil && o.Layout != LayoutNIfTI {
			o.Parts = PartsAll
		}
	}
	if o.Specs == (input.Specs{}) {
		o.Specs = input.FirstForm()
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Progress == nil {
		o.Progress = func(int, int) {}
	}
	if o.Readers.Labels == nil {
		o.Readers.Labels = ReadLabels
	}
	switch {
	case len(o.Inputs) == 0 || o.Out == "":
		return bad("an input and an output folder are needed")
	case o.Layout != LayoutPhantom && o.Layout != LayoutRSNA && o.Layout != LayoutNIfTI:
		return bad("layout must be phantom, rsna or nifti")
	case o.Layout == LayoutPhantom && o.Readers.Volume == nil, o.Layout == LayoutRSNA && o.Readers.Scan == nil:
		return bad("a reader of volumes is needed")
	case o.Layout == LayoutNIfTI && o.Parts != PartsSegment:
		return bad("volumes in NIfTI have no fracture labels: they give the segment part alone")
	case o.Parts != PartsSegment && o.Parts != PartsCrops && o.Parts != PartsAll:
		return bad("parts must be segment, crops or all")
	case o.Parts != PartsSegment && (o.Segmenter == nil || o.SegmenterID == ""):
		return bad("crops and slices need a segmenter and its id")
	}
	for _, in := range o.Inputs {
		switch in.Split {
		case "", SplitTrain, SplitCalib, SplitTest:
		default:
			return bad("split must be train, calib, test or empty")
		}
	}
	return o, o.Specs.Check()
}

// ReadLabels reads a label volume from a NIfTI file.
func ReadLabels(path string) (*neckfrac.Labels, error) {
	m, err := nifti.ReadFile(path, nifti.Limits{})
	if err != nil {
		return nil, err
	}
	l, err := m.Labels()
	return &l, err
}
