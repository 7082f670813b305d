package neckfrac

// Basis is why a study, or a part of it, was taken as complete when its job was made:
// DICOM has no end-of-study message. The zero value is unknown, for results of before
// and for files that somebody handed over.
type Basis string

const (
	BasisUnknown Basis = ""
	// BasisNotified: instance availability notifications named exactly what is held.
	BasisNotified Basis = "notification"
	// BasisCommitted: a storage commitment request covers every image.
	BasisCommitted Basis = "commitment"
	// BasisCounted: NumberOfStudyRelatedInstances is what is held.
	BasisCounted Basis = "count"
	// BasisContiguous: slices of a series lie in even steps without a gap, over the length
	// of a neck.
	BasisContiguous Basis = "geometry"
	// BasisQuiet: nothing came for the quiet time.
	BasisQuiet Basis = "quiet"
	// BasisOverdue: the study received for so long that what there was is analysed.
	BasisOverdue Basis = "time"
)

var basisText = map[Basis]string{
	BasisNotified:   "Taken as complete: the sender named these instances and no other.",
	BasisCommitted:  "Taken as complete: the sender asked for storage commitment of every image.",
	BasisCounted:    "Taken as complete: as many instances are held as the sender stated.",
	BasisContiguous: "Taken as complete: the slices lie without a gap over the length of a neck.",
	BasisQuiet:      "Taken as complete: no more was received for the quiet time.",
	BasisOverdue:    "Not known to be complete: analysed while images were still received.",
}

// Text is the basis in one sentence, "" for an unknown one.
func (b Basis) Text() string { return basisText[b] }

// Valid reports whether b is one of the constants, BasisUnknown among them.
func (b Basis) Valid() bool { return b == BasisUnknown || basisText[b] != "" }
