package phantom

import (
	"fmt"
	"slices"
	"strings"

	"github.com/neckfrac/neckfrac"
)

// SeriesKind names a series that a scanner sends beside the main one.
type SeriesKind string

const (
	// Localizer is a frontal and a lateral projection image.
	Localizer SeriesKind = "localizer"
	// Soft and Bone say that the study has a series of the same slices with such a
	// kernel: nothing is added if the main series is one.
	Soft SeriesKind = "soft"
	Bone SeriesKind = "bone"
	// Sagittal and Coronal are reformats of 2 mm round the spine.
	Sagittal SeriesKind = "sagittal"
	Coronal  SeriesKind = "coronal"
	// DoseReport is an X-Ray Radiation Dose SR.
	DoseReport SeriesKind = "dose-report"

	mainSeries SeriesKind = "main"
)

// SeriesKinds lists the kinds in the order in which they are sent.
func SeriesKinds() []SeriesKind {
	return []SeriesKind{Localizer, Soft, Bone, Sagittal, Coronal, DoseReport}
}

// MaxFormTilt bounds Form.TiltDegrees: gantries stop at 30, what lies beyond is there to
// be refused.
const MaxFormTilt = 45

// maxDropped bounds the list of missing slices.
const maxDropped = 600

// Form says how the scanner acquires a patient and what it sends. It changes neither
// the patient nor what is true about it: Truth stays in the patient's millimetres. The
// zero value is one complete series of a supine patient, head first.
type Form struct {
	// Series are sent beside the main series.
	Series []SeriesKind `json:"series,omitempty"`
	// Position is how the patient lies. Defaults to HFS.
	Position Position `json:"position,omitempty"`
	// TiltDegrees leans the gantry: the lower end of an image's columns goes to the
	// patient's head by this much, to the feet if negative. The table still moves along
	// the patient, so slices are sheared against each other. Where a leaning slice
	// leaves the drawn volume, it is air.
	TiltDegrees float64 `json:"tilt_degrees,omitempty"`
	// LocalizerInSeries sends the localizer under the main series' UID.
	LocalizerInSeries bool `json:"localizer_in_series,omitempty"`
	// Drop are instance numbers of main slices that never arrive; -1 is the last.
	Drop []int `json:"drop,omitempty"`
	// TwoSpacings makes the lower half of the main series of slices twice as far apart
	// and at least as thick as that.
	TwoSpacings bool `json:"two_spacings,omitempty"`
	// Reverse numbers the main series from its other end.
	Reverse bool `json:"reverse,omitempty"`
}

// Plain reports whether f is the zero form.
func (f Form) Plain() bool { return f.String() == "" }

// String names the settings that differ from the zero form.
func (f Form) String() string {
	var out []string
	note := func(is bool, format string, args ...any) {
		if is {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	note(len(f.Series) > 0, "series %v", f.Series)
	note(f.Position != "" && f.Position != HFS, "position %s", f.Position)
	note(f.TiltDegrees != 0, "tilt %v", f.TiltDegrees)
	note(f.LocalizerInSeries, "localizer in series")
	note(len(f.Drop) > 0, "drop %v", f.Drop)
	note(f.TwoSpacings, "two spacings")
	note(f.Reverse, "reverse")
	return strings.Join(out, ", ")
}

func (f Form) check() error {
	const op = "phantom: form"
	for _, k := range f.Series {
		if !slices.Contains(SeriesKinds(), k) {
			return neckfrac.Errorf(neckfrac.Invalid, op, "unknown kind of series")
		}
	}
	if _, ok := lyings[f.position()]; !ok {
		return neckfrac.Errorf(neckfrac.Invalid, op, "unknown patient position")
	}
	if !(f.TiltDegrees >= -MaxFormTilt && f.TiltDegrees <= MaxFormTilt) {
		return neckfrac.Errorf(neckfrac.Invalid, op, "tilt: want -%d to %d degrees", MaxFormTilt, MaxFormTilt)
	}
	if len(f.Drop) > maxDropped {
		return neckfrac.Errorf(neckfrac.Limit, op, "more than %d missing slices", maxDropped)
	}
	if slices.Contains(f.Drop, 0) {
		return neckfrac.Errorf(neckfrac.Invalid, op, "missing slices are numbered from 1, or from -1 backwards")
	}
	return nil
}

// has reports whether a kind of series is sent.
func (f Form) has(k SeriesKind) bool {
	return slices.Contains(f.Series, k) || k == Localizer && f.LocalizerInSeries
}

func (f Form) position() Position {
	if f.Position == "" {
		return HFS
	}
	return f.Position
}

// copied is f with its own lists.
func (f Form) copied() Form {
	f.Series, f.Drop = slices.Clone(f.Series), slices.Clone(f.Drop)
	return f
}
