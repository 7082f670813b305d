package dataset

import "fmt"

// Tag identifies a data element: group number in the high 16 bits, element
// number in the low 16 bits (PS3.5 §7.1).
type Tag uint32

// NewTag joins a group and an element number.
func NewTag(group, element uint16) Tag { return Tag(uint32(group)<<16 | uint32(element)) }

// Group returns the group number.
func (t Tag) Group() uint16 { return uint16(t >> 16) }

// Element returns the element number.
func (t Tag) Element() uint16 { return uint16(t) }

// String formats the tag as PS3.6 prints it: "(0010,0020)".
func (t Tag) String() string { return fmt.Sprintf("(%04X,%04X)", t.Group(), t.Element()) }

// Private reports whether the tag has an odd group number (PS3.5 §7.8).
func (t Tag) Private() bool { return t.Group()&1 == 1 }

// Item and delimiter tags have neither a VR nor a place in the dictionary
// (PS3.5 §7.5).
const (
	tagItem                 Tag = 0xFFFEE000
	tagItemDelimitation     Tag = 0xFFFEE00D
	tagSequenceDelimitation Tag = 0xFFFEE0DD
)

// isPixelTag reports whether the tag holds the pixels of an image when it
// stands at the top level (PS3.3 §C.7.6.3, §C.7.6.24, §C.7.6.25).
func isPixelTag(t Tag) bool {
	return t == TagPixelData || t == TagFloatPixelData || t == TagDoubleFloatPixelData
}
