package neckfrac

import "time"

// Placement is what the header of a CT image says of where its pixels lie and which
// stack it belongs to (PS3.3 §C.7.6.2, §C.7.6.16). The receiver writes it down, so that
// a study can settle by its geometry without any file being opened. It holds no name,
// date or free text. The zero value says nothing.
type Placement struct {
	Modality  string   `json:"m,omitempty"`
	ImageType []string `json:"t,omitempty"`
	// Computed is how a multi-frame object says its pixels were made, if not from one scan.
	Computed []string `json:"c,omitempty"`
	Kernel   string   `json:"k,omitempty"`
	Frame    string   `json:"f,omitempty"` // frame of reference UID
	Rows     int      `json:"r,omitempty"`
	Columns  int      `json:"w,omitempty"`
	// Orientation are the direction cosines of a row and of a column, SpacingMM the
	// distance of rows and of columns as PixelSpacing has them; all zero if not stated.
	Orientation [6]float64 `json:"o,omitzero"`
	SpacingMM   [2]float64 `json:"s,omitzero"`
	ThicknessMM float64    `json:"d,omitempty"`
	// PositionsMM has one ImagePositionPatient a frame, in the object's order.
	PositionsMM [][3]float64 `json:"p,omitempty"`
	// Mixed says that the frames of an object differ in more than their position, or are
	// more than MaxPlacedFrames: then nothing above speaks for all of them.
	Mixed bool `json:"x,omitempty"`
	// What tells scans of one place apart.
	Temporal    string `json:"e,omitempty"`
	Acquisition string `json:"a,omitempty"`
	Stack       string `json:"g,omitempty"`
	KVP         string `json:"v,omitempty"`
	// Concatenation is its UID; the object is Part of Parts, 0 where not stated.
	Concatenation string `json:"u,omitempty"`
	Part          int    `json:"i,omitempty"`
	Parts         int    `json:"n,omitempty"`
	// Related is NumberOfStudyRelatedInstances (0020,1208), 0 if not stated.
	Related int `json:"q,omitempty"`
}

// MaxPlacedFrames bounds the positions that are kept of one object, about 200 KiB.
const MaxPlacedFrames = 5000

// Placed is one analysable image with its placement and its time of receipt.
type Placed struct {
	Placement
	SOPClassUID string
	Received    time.Time
}

// SeriesProgress is how far a series has come. Images are those that can be analysed.
type SeriesProgress struct {
	UID    SeriesUID
	Images int
	// First is the receipt of its first image since the study was last assessed, zero if
	// none came; Last that of its newest image.
	First, Last time.Time
}

// Progress is how far a study in StudyReceiving has come, and what its sender said of
// how far it will.
type Progress struct {
	ID           StudyID
	LastReceived time.Time
	// Assessed is when the study's latest assessment was made; zero before the first.
	Assessed time.Time
	// Series are those with an image, by UID.
	Series []SeriesProgress
	// Held counts instances of all kinds but our own echoes and rejection notes.
	Held int
	// Announced says that notifications named instances of the study, that all of them
	// are held and that nothing else is.
	Announced bool
	// Committed says that every image is named by a storage commitment request that came
	// no earlier than the newest image.
	Committed bool
}

// Images is the number of images of all series.
func (p Progress) Images() int {
	n := 0
	for _, s := range p.Series {
		n += s.Images
	}
	return n
}

// First is the receipt of the study's first image since it was last assessed, zero if
// none came.
func (p Progress) First() time.Time {
	var t time.Time
	for _, s := range p.Series {
		if !s.First.IsZero() && (t.IsZero() || s.First.Before(t)) {
			t = s.First
		}
	}
	return t
}

// Snapshot is the part of a study that is analysed while the rest still arrives: what
// came of Series until Seen.
type Snapshot struct {
	Series []SeriesUID
	Seen   time.Time
	// T0 is the receipt of the last image that the analysis needs.
	T0 time.Time
}
