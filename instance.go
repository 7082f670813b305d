package neckfrac

// InstanceKind says what an arriving instance may do to its study. The zero value is
// ImageInstance, so that what nobody classified is analysed and not passed over.
type InstanceKind uint8

const (
	// ImageInstance is of a class that is analysed: it opens, and reopens, its study.
	ImageInstance InstanceKind = iota
	// ObjectInstance is kept beside the images and changes nothing.
	ObjectInstance
	// EchoInstance is an object of ours that came back; it changes nothing.
	EchoInstance
	// RejectionInstance is a note that takes instances of its study back.
	RejectionInstance
)

var instanceKindNames = [...]string{"image", "object", "echo", "rejection"}

// String is the kind's word, as a ledger stores it.
func (k InstanceKind) String() string {
	if int(k) >= len(instanceKindNames) {
		return instanceKindNames[ObjectInstance]
	}
	return instanceKindNames[k]
}

// ParseInstanceKind reads what String wrote.
func ParseInstanceKind(s string) (InstanceKind, error) {
	for i, n := range instanceKindNames {
		if n == s {
			return InstanceKind(i), nil
		}
	}
	return ObjectInstance, Errorf(Invalid, "parse instance kind", "not in the closed list")
}

// InstanceRef names an instance as other objects and transactions do (PS3.3 §10.8).
type InstanceRef struct {
	SOPClassUID string
	UID         InstanceUID
}

// RejectionCode is the document title of a rejection note, PS3.16 CID 7011; "" is
// none.
type RejectionCode string

const (
	// RejectedForQuality: Rejected for Quality Reasons.
	RejectedForQuality RejectionCode = "113001"
	// RejectedForSafety: Rejected for Patient Safety Reasons, such as a wrong patient.
	RejectedForSafety RejectionCode = "113037"
	// WrongWorklistEntry: Incorrect Modality Worklist Entry.
	WrongWorklistEntry RejectionCode = "113038"
	// RetentionExpired: Data Retention Policy Expired. The images were right.
	RetentionExpired RejectionCode = "113039"
)

// Valid reports whether c is one of the four.
func (c RejectionCode) Valid() bool {
	return c == RejectedForQuality || c == RejectedForSafety || c == WrongWorklistEntry || c == RetentionExpired
}

// Mistaken reports whether the images should never have been used, so that a result
// made of them has to be made anew or withdrawn.
func (c RejectionCode) Mistaken() bool { return c.Valid() && c != RetentionExpired }

// Rejection is what a note says of its own study (IHE RAD TF-3 4.66.4.1.3, IOCM).
type Rejection struct {
	Code      RejectionCode
	Instances []InstanceUID
}

// MaxRejected bounds a note; the largest CT studies have some thousand instances.
const MaxRejected = 20_000

// Analysable reports whether the instance may be given to a runner.
func (i Instance) Analysable() bool { return i.Kind == ImageInstance && i.Withdrawn == "" }
