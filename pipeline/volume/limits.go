package volume

import "github.com/neckfrac/neckfrac/dicomnet/dataset"

// Limits bounds what one assembly may cost. A zero field takes its default; no value
// means unlimited.
type Limits struct {
	// MaxInputs caps the files of a study. Defaults to 20 000: a header's facts are
	// about 1 KiB, so 20 MiB.
	MaxInputs int
	// MaxFrames caps the frames of a multi-frame object, and those of all objects
	// beyond one each. Defaults to 20 000, as MaxInputs.
	MaxFrames int
	// MaxSlices caps the slices of one stack. Defaults to 4000.
	MaxSlices int
	// MaxSide caps rows and columns. Defaults to 2048.
	MaxSide int
	// MaxVoxels caps the volume. Defaults to 512 Mi voxels, 1 GiB of int16: 2048
	// slices of 512×512. The pixels of one slice come on top.
	MaxVoxels int64
	// Header bounds the elements in front of the pixels; see dataset.Limits. Its
	// MaxTotalBytes defaults to 32 MiB and MaxElements to a million, about 100 MiB
	// while one header is read: 20 000 frames with 50 elements and 1.6 KiB of
	// functional groups each. MaxInflatedBytes defaults to 64 MiB.
	Header dataset.Limits
}

func (l Limits) withDefaults() Limits {
	if l.MaxInputs <= 0 {
		l.MaxInputs = 20_000
	}
	if l.MaxFrames <= 0 {
		l.MaxFrames = 20_000
	}
	if l.MaxSlices <= 0 {
		l.MaxSlices = 4000
	}
	if l.MaxSide <= 0 {
		l.MaxSide = 2048
	}
	if l.MaxVoxels <= 0 {
		l.MaxVoxels = 512 << 20
	}
	if l.Header.MaxTotalBytes <= 0 {
		l.Header.MaxTotalBytes = 32 << 20
	}
	if l.Header.MaxElements <= 0 {
		l.Header.MaxElements = 1_000_000
	}
	if l.Header.MaxInflatedBytes <= 0 {
		l.Header.MaxInflatedBytes = 64 << 20
	}
	return l
}

// maxInflation is how often a deflated file may grow. CT shrinks to about a half; what
// shrinks to a hundredth has no patient in it.
const maxInflation = 100

// inflate is the header's limits for a file of size bytes.
func (l Limits) inflate(size int64) dataset.Limits {
	h := l.Header
	if size < h.MaxInflatedBytes/maxInflation {
		h.MaxInflatedBytes = size * maxInflation
	}
	return h
}

// The bounds of the geometry gate. They are part of what the output means, so they
// are no settings.
const (
	// MaxTiltDegrees is how far slices may lean from the plane across the patient's long
	// axis, and the table's way from the slices' normal. Scanners tilt by up to 30°.
	MaxTiltDegrees = 30
	// MaxThicknessMM is the thickest slice or widest step that is analysed.
	MaxThicknessMM = 5
	// FullThicknessMM and FullPixelMM bound the resolution that the analysis is made
	// for; coarser stacks carry the limit Resolution.
	FullThicknessMM = 1.5
	FullPixelMM     = 1.0

	// minSlices is the smallest stack; localizers come as one to three images.
	minSlices = 4
	// stepShare and stepMM: a step may differ from the usual one by the larger of both.
	stepShare = 0.01
	stepMM    = 0.1
	// samePlaceMM: two slices closer than this are at the same place.
	samePlaceMM = 0.01
	// maxDriftMM is how far a slice's corner may lie beside the stack's axis before the
	// stack counts as sheared: half a pixel or so. A gantry tilt of 1° moves it by 0.5 mm
	// within 30 mm.
	maxDriftMM = 0.5
	// epsMM forgives decimal rounding in comparisons of millimetres.
	epsMM = 1e-4
)
