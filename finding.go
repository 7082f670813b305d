package neckfrac

// Presence is the state of one level. The zero value is Indeterminate, so that a
// value nobody set never reads as "no fracture".
type Presence uint8

const (
	// Indeterminate means that no statement can be made.
	Indeterminate Presence = iota
	// NotFlagged means below the flag point. It does not exclude a fracture.
	NotFlagged
	// Suspected means that the probability passed the flag point.
	Suspected
	// NotImaged means that the level is not wholly in the field of view.
	NotImaged
)

var presenceNames = [...]string{"indeterminate", "not-flagged", "flagged", "not-imaged"}

// String is the state's word in our own code system.
func (p Presence) String() string {
	if int(p) >= len(presenceNames) {
		return presenceNames[0]
	}
	return presenceNames[p]
}

// MarshalText writes the word of String.
func (p Presence) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads the word of String.
func (p *Presence) UnmarshalText(b []byte) error {
	for i, n := range presenceNames {
		if n == string(b) {
			*p = Presence(i)
			return nil
		}
	}
	return Errorf(Invalid, "parse presence", "unknown word")
}

// Finding is the result for one vertebra.
type Finding struct {
	Vertebra Vertebra `json:"vertebra"`
	Presence Presence `json:"presence"`
	// Coverage is how much of the level the field holds, by the segmentation.
	Coverage    Coverage `json:"coverage"`
	Probability float64  `json:"probability"`
	// Point is the highest operating point that the probability passed, flagged or
	// not: second-look lists read it.
	Point PointName `json:"point,omitempty"`
	// Grade is set for flagged levels only.
	Grade Grade `json:"grade,omitempty"`
	// Extent is the vertebra's box, Lesion the suspected place, LPS millimetres.
	Extent Box `json:"extent"`
	Lesion Box `json:"lesion"`
	// KeySlice shows the lesion best: the instance, its frame counted from 1 where it has
	// several, and its place in the volume.
	KeySlice InstanceUID `json:"keySlice,omitempty"`
	KeyFrame int         `json:"keyFrame,omitempty"`
	KeyIndex int         `json:"keyIndex"`
}
