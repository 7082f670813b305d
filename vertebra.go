package neckfrac

import "fmt"

// Vertebra is a cervical vertebra, C1 (atlas) to C7. The zero value is no
// vertebra; label volumes use the same numbers, with 0 as background.
type Vertebra uint8

// The cervical vertebrae in anatomical order, head to foot.
const (
	C1 Vertebra = 1 + iota
	C2
	C3
	C4
	C5
	C6
	C7
)

// LabelOtherBone is the value that label volumes give to bone which is not C1 to
// C7 (skull, thoracic vertebrae, ribs), so that a segmenter can learn what a
// cervical vertebra is not.
const LabelOtherBone = 8

// Levels is the number of vertebrae that an Assessment covers.
const Levels = 7

// Vertebrae returns C1 to C7, head to foot. It is the only place that knows the
// order; callers range over it.
func Vertebrae() [Levels]Vertebra {
	return [Levels]Vertebra{C1, C2, C3, C4, C5, C6, C7}
}

// Valid reports whether v is one of C1 to C7.
func (v Vertebra) Valid() bool { return v >= C1 && v <= C7 }

// Index is the position of v in Vertebrae, 0 for C1. It panics when v is not
// valid, since an index out of a model's seven outputs is a broken invariant.
func (v Vertebra) Index() int {
	if !v.Valid() {
		panic(fmt.Sprintf("neckfrac: index of invalid vertebra %d", uint8(v)))
	}
	return int(v - C1)
}

// String is the radiologist's name of the level, "C5", or "none".
func (v Vertebra) String() string {
	if !v.Valid() {
		return "none"
	}
	return "C" + string(rune('0'+v))
}

// ParseVertebra reads "C1" to "C7", upper or lower case.
func ParseVertebra(s string) (Vertebra, error) {
	if len(s) == 2 && (s[0] == 'C' || s[0] == 'c') && s[1] >= '1' && s[1] <= '7' {
		return Vertebra(s[1] - '0'), nil
	}
	return 0, Errorf(Invalid, "parse vertebra", "want C1 to C7")
}

// MarshalText writes the level's name, so that JSON carries "C5" and not 5.
func (v Vertebra) MarshalText() ([]byte, error) {
	if !v.Valid() {
		return nil, Errorf(Invalid, "marshal vertebra", "not C1 to C7")
	}
	return []byte(v.String()), nil
}

// UnmarshalText reads what MarshalText wrote.
func (v *Vertebra) UnmarshalText(b []byte) error {
	p, err := ParseVertebra(string(b))
	if err != nil {
		return err
	}
	*v = p
	return nil
}
