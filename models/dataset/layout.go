package dataset

import (
	"context"
	"errors"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/input"
)

// Layout says how the studies of an input lie on disk.
type Layout string

const (
	// LayoutPhantom is a folder per study as package models/phantom writes it.
	LayoutPhantom Layout = "phantom"
	// LayoutRSNA is that of the RSNA 2022 cervical spine fracture data.
	LayoutRSNA Layout = "rsna"
	// LayoutNIfTI is pairs of CT and label volumes. It knows no fractures, so it gives
	// the segment part alone.
	LayoutNIfTI Layout = "nifti"
)

// What the labels of a study name, in dataset.json.
const (
	// LabelsBone are the vertebrae and all other bone.
	LabelsBone = "bone"
	// LabelsSpine are C1 to C7 and the thoracic vertebrae as other bone: skull, ribs and
	// the rest are background.
	LabelsSpine = "spine"
	// LabelsNone are none: the label tensor holds Unknown.
	LabelsNone = "none"
)

// Unknown fills labels and maps that nobody knows.
const Unknown = 255

// Why a study is left out, beside the reasons of the service.
const (
	leftNoImages   = "no-images"   // its folder is missing or empty
	leftUnreadable = "unreadable"  // its files are no CT that can be read
	leftNoLabels   = "no-labels"   // the part that was asked for needs labels
	leftLabels     = "labels"      // its labels can't be used, see LabelFault
	leftConflict   = "label-clash" // its row of labels contradicts itself
)

// job is one study to cut.
type job struct {
	// name is what an error calls the study: its folder or identifier.
	name, id, split string
	// open reads the study. A leftOut error leaves it out of the set.
	open func(context.Context) (*sample, error)
}

// sample is a study in memory.
type sample struct {
	truth  Truth
	volume *neckfrac.Volume
	// labels are the true ones, nil if there are none; labelled is what they name.
	labels   *neckfrac.Labels
	labelled string
	// fault says why labels that exist are not used, "" otherwise.
	fault string
	// marks finds the visible fractures. names are the levels on g: the true ones where
	// they are known, else the segmenter's.
	marks func(g input.Grid, names []uint8) (lesions, error)
}

// leftOut says that a study is not part of the set and why.
type leftOut struct{ reason string }

func (l *leftOut) Error() string { return "left out: " + l.reason }

func leave(reason string) error { return &leftOut{reason} }

// leftOutFor gives the reason for which an error leaves a study out. The service's
// refusals always do. In a foreign data set files that can't be read do too.
func leftOutFor(err error, foreign bool) (string, bool) {
	var l *leftOut
	if errors.As(err, &l) {
		return l.reason, true
	}
	if r, ok := neckfrac.AsRefused(err); ok {
		return string(r.Reason), true
	}
	if err == nil || !foreign || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return "", false
	}
	switch neckfrac.KindOf(err) {
	case neckfrac.Invalid, neckfrac.Unsupported, neckfrac.Limit, neckfrac.NotFound:
		return leftUnreadable, true
	}
	return "", false
}
