package neckfrac

import "time"

// StudyID is our own opaque name of a study, random, safe in URLs, logs and
// metrics. Every FHIR resource id of a study derives from it.
type StudyID string

// StudyState is where a study stands on its way to a result.
type StudyState string

const (
	// StudyReceiving means that instances arrive or may still arrive.
	StudyReceiving StudyState = "receiving"
	// StudyQueued means that the study has settled and a Job exists.
	StudyQueued StudyState = "queued"
	// StudyAssessed means that the latest Assessment covers all that was received.
	StudyAssessed StudyState = "assessed"
)

// Study is the ledger's view of a DICOM study (PS3.3 §A.1.2).
type Study struct {
	ID        StudyID         `json:"id"`
	UID       StudyUID        `json:"uid"`
	Patient   Patient         `json:"patient"`
	Accession AccessionNumber `json:"accession,omitempty"`
	// AccessionIssuer is (0008,0051) Local Namespace, or "".
	AccessionIssuer string `json:"accessionIssuer,omitempty"`
	// Started is study date and time with its zone resolved, in UTC; zero if absent.
	Started     time.Time  `json:"started,omitzero"`
	Description string     `json:"description,omitempty"`
	From        AETitle    `json:"from,omitempty"`
	State       StudyState `json:"state"`
	// LastReceived is T0's source: server receipt of the newest image, UTC; zero while
	// only other objects came.
	LastReceived time.Time `json:"lastReceived,omitzero"`
	// Conflict is set when instances of another person claimed this study's UID; the
	// study then ends NotAnalysed(identity-conflict).
	Conflict bool     `json:"conflict,omitempty"`
	Series   []Series `json:"series,omitempty"`
}

// Series is a DICOM series with what arrived of it.
type Series struct {
	UID         SeriesUID  `json:"uid"`
	Modality    string     `json:"modality,omitempty"`
	Number      int        `json:"number"`
	Description string     `json:"description,omitempty"`
	Instances   []Instance `json:"instances,omitempty"`
	// Count is the number of instances, also where Instances is left out.
	Count int `json:"count"`
}

// Instance is one received SOP instance.
type Instance struct {
	UID               InstanceUID `json:"uid"`
	SOPClassUID       string      `json:"sopClass"`
	TransferSyntaxUID string      `json:"transferSyntax"`
	Number            int         `json:"number"`
	Blob              BlobRef     `json:"blob"`
	// Sequence is the ledger's receive order; DICOM clocks decide no order.
	Sequence int64     `json:"sequence"`
	Received time.Time `json:"received"`
	// Kind is the receiver's word on what the instance may do.
	Kind InstanceKind `json:"kind,omitempty"`
	// Withdrawn is why the source took the instance back, "" if it did not. Only the
	// ledger sets it.
	Withdrawn RejectionCode `json:"withdrawn,omitempty"`
}

// Arrival is one instance with the study and series facts of its header, as the
// receiver hands it to Intake.
type Arrival struct {
	Study    Study
	Series   Series
	Instance Instance
	// Placement is what an image says of its place.
	Placement Placement
	// Rejection is set for a RejectionInstance.
	Rejection *Rejection
}
