package scp

import (
	"slices"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// Handling is what becomes of an object of a storage class.
type Handling uint8

const (
	// Kept objects are stored and change nothing. The zero value, and what a class that
	// is only configured gets.
	Kept Handling = iota
	// Analysed objects are images that a runner reads.
	Analysed
	// Note objects may reject instances, by their document title; else they are kept.
	Note
)

// Class is a storage class that is accepted.
type Class struct {
	UID      string
	Handling Handling
}

// classes is every storage class that is accepted without being configured: what
// arrives with a cervical CT, so that no object of its study is lost for a class that
// nobody thought of.
var classes = []Class{
	{dataset.CTImageStorage, Analysed},
	{dataset.EnhancedCTImageStorage, Analysed},
	{dataset.LegacyConvertedEnhancedCTImageStorage, Analysed},
	{dataset.KeyObjectSelectionStorage, Note},
	{dataset.BasicTextSRStorage, Kept},
	{dataset.EnhancedSRStorage, Kept},
	{dataset.ComprehensiveSRStorage, Kept},
	{dataset.Comprehensive3DSRStorage, Kept},
	{dataset.XRayRadiationDoseSRStorage, Kept},
	{dataset.SegmentationStorage, Kept},
	{dataset.SecondaryCaptureImageStorage, Kept},
	{dataset.MultiFrameSingleBitSecondaryCapture, Kept},
	{dataset.MultiFrameGrayscaleByteSecondaryCapture, Kept},
	{dataset.MultiFrameGrayscaleWordSecondaryCapture, Kept},
	{dataset.MultiFrameTrueColorSecondaryCapture, Kept},
}

// StorageClasses lists what is accepted, the configured classes last, each once. One
// that is no UID is Invalid.
func StorageClasses(configured []string) ([]Class, error) {
	out := slices.Clone(classes)
	for _, uid := range configured {
		if !dataset.ValidUID(uid) || uid == dataset.Verification {
			return nil, neckfrac.Errorf(neckfrac.Invalid, "storage classes", "%q is not the UID of a storage SOP class", uid)
		}
		if !slices.ContainsFunc(out, func(c Class) bool { return c.UID == uid }) {
			out = append(out, Class{UID: uid})
		}
	}
	return out, nil
}

// handling is a class's row, Kept for one that has none.
func handling(uid string) Handling {
	for _, c := range classes {
		if c.UID == uid {
			return c.Handling
		}
	}
	return Kept
}

// classify says what an object may do to its study. An image stays one under any UID:
// the mark of our own objects must not be a way to hide slices.
func classify(ds dataset.Dataset, a neckfrac.Arrival) (neckfrac.InstanceKind, *neckfrac.Rejection, error) {
	h := handling(a.Instance.SOPClassUID)
	switch {
	case h == Analysed:
		return neckfrac.ImageInstance, nil, nil
	case neckfrac.OwnUID(string(a.Instance.UID)):
		return neckfrac.EchoInstance, nil, nil
	case h == Note:
		r, err := readRejection(ds, a.Study.UID)
		if r != nil {
			return neckfrac.RejectionInstance, r, err
		}
		return neckfrac.ObjectInstance, nil, err
	}
	return neckfrac.ObjectInstance, nil, nil
}
