package neckfrac

// ArtefactKind is what an artefact shows.
type ArtefactKind string

const (
	// ArtefactKeyImage is a PNG of one plane through a level, captioned by W9.
	ArtefactKeyImage ArtefactKind = "key-image"
	// ArtefactPreview is the spine-cropped volume, gzipped little-endian int16 HU.
	ArtefactPreview ArtefactKind = "preview"
	// ArtefactMask is the label mask on the preview's grid, gzipped uint8.
	ArtefactMask ArtefactKind = "mask"
)

// Plane is an anatomical plane.
type Plane string

const (
	Axial    Plane = "axial"
	Sagittal Plane = "sagittal"
	Coronal  Plane = "coronal"
)

// Planes lists the three planes in reading order.
func Planes() []Plane { return []Plane{Axial, Sagittal, Coronal} }

// ArtefactID names an artefact, random and opaque.
type ArtefactID string

// Artefact is a derived file that pages and results show instead of raw pixels. It
// is made by the runner, referenced by an Assessment and deleted with the study.
type Artefact struct {
	ID   ArtefactID   `json:"id"`
	Kind ArtefactKind `json:"kind"`
	// Vertebra and Plane are set for key images.
	Vertebra Vertebra `json:"vertebra,omitzero"`
	Plane    Plane    `json:"plane,omitempty"`
	// Marked says that the image shows a box: such an image never goes out in the
	// triage profile.
	Marked      bool   `json:"marked,omitempty"`
	ContentType string `json:"contentType"`
	// Grid places the artefact in the patient; zero Dims for pictures.
	Grid Grid    `json:"grid,omitzero"`
	Blob BlobRef `json:"blob"`
	// File is the name in the runner's private folder until the worker stores it.
	File string `json:"-"`
}
