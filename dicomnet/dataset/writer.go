package dataset

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
)

// Encode writes a data set in implicit or explicit VR little endian, native or
// encapsulated; other transfer syntaxes are ErrUnsupported. Elements are
// written in ascending tag order whatever their order in ds, sequences and
// items with defined lengths, values padded to even length. Group lengths
// (gggg,0000) are left out. A duplicate tag, a value that its length field
// cannot hold, or sequences nested deeper than 64 are errors; what was written
// before is then on w.
func Encode(w io.Writer, ts TransferSyntax, ds Dataset) error {
	if ts.BigEndian || ts.Deflated {
		return fmt.Errorf("dataset: encode: %w", ErrUnsupported)
	}
	e := encoder{implicit: ts.Implicit}
	if err := e.dataset(w, ds, 0); err != nil {
		return fmt.Errorf("dataset: encode: %w", err)
	}
	return nil
}

// encoder holds what is the same at all depths.
type encoder struct {
	implicit bool
	buf      []byte
}

// maxEncodeDepth is the depth that readers of this package accept by default.
const maxEncodeDepth = 64

func (e *encoder) dataset(w io.Writer, ds Dataset, depth int) error {
	if depth > maxEncodeDepth {
		return fmt.Errorf("depth of sequences: %w", ErrLimit)
	}
	byTag := func(a, b Element) int { return cmp.Compare(a.Tag, b.Tag) }
	if !slices.IsSortedFunc(ds, byTag) {
		ds = slices.Clone(ds)
		slices.SortStableFunc(ds, byTag)
	}
	for i, x := range ds {
		if i > 0 && ds[i-1].Tag == x.Tag {
			return fmt.Errorf("tag %v: duplicate: %w", x.Tag, ErrSyntax)
		}
		if x.Tag.Element() == 0 {
			continue
		}
		if err := e.element(w, x, depth); err != nil {
			return err
		}
	}
	return nil
}

func (e *encoder) element(w io.Writer, x Element, depth int) error {
	switch {
	case x.Fragments != nil:
		return e.fragments(w, x)
	case x.VR == SQ:
		return e.sequence(w, x, depth)
	}
	n := len(x.Value)
	odd := n & 1
	if err := e.header(w, x, uint64(n)+uint64(odd)); err != nil {
		return err
	}
	if _, err := w.Write(x.Value); err != nil {
		return err
	}
	if odd == 1 {
		_, err := w.Write([]byte{x.VR.padding()})
		return err
	}
	return nil
}

// header writes tag, VR and length (PS3.5 §7.1.2, §7.1.3).
func (e *encoder) header(w io.Writer, x Element, n uint64) error {
	b := appendTag(e.buf[:0], x.Tag)
	switch {
	case e.implicit:
		if n >= undefinedLength {
			return fmt.Errorf("tag %v: value length: %w", x.Tag, ErrLimit)
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	case !wellFormedVR([]byte(x.VR)):
		return fmt.Errorf("tag %v: VR: %w", x.Tag, ErrSyntax)
	case x.VR.shortLength():
		if n > math.MaxUint16 {
			return fmt.Errorf("tag %v: value length: %w", x.Tag, ErrLimit)
		}
		b = append(b, x.VR...)
		b = binary.LittleEndian.AppendUint16(b, uint16(n))
	default:
		if n >= undefinedLength {
			return fmt.Errorf("tag %v: value length: %w", x.Tag, ErrLimit)
		}
		b = append(append(b, x.VR...), 0, 0)
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	e.buf = b
	_, err := w.Write(b)
	return err
}

// sequence writes the items into memory first, since their length stands in
// front of them.
func (e *encoder) sequence(w io.Writer, x Element, depth int) error {
	var items sliceWriter
	for _, item := range x.Items {
		at := len(items)
		items = appendTag(items, tagItem)
		items = append(items, 0, 0, 0, 0)
		if err := e.dataset(&items, item, depth+1); err != nil {
			return err
		}
		n := len(items) - at - 8
		if uint64(n) >= undefinedLength {
			return fmt.Errorf("tag %v: item length: %w", x.Tag, ErrLimit)
		}
		binary.LittleEndian.PutUint32(items[at+4:], uint32(n))
	}
	if err := e.header(w, x, uint64(len(items))); err != nil {
		return err
	}
	_, err := w.Write(items)
	return err
}

// fragments writes encapsulated pixel data (PS3.5 §A.4), always as OB.
func (e *encoder) fragments(w io.Writer, x Element) error {
	if e.implicit {
		return fmt.Errorf("tag %v: fragments in implicit VR: %w", x.Tag, ErrSyntax)
	}
	b := append(appendTag(nil, x.Tag), "OB\x00\x00\xFF\xFF\xFF\xFF"...)
	if _, err := w.Write(b); err != nil {
		return err
	}
	for _, f := range x.Fragments {
		n := uint64(len(f)) + uint64(len(f)&1)
		if n >= undefinedLength {
			return fmt.Errorf("tag %v: fragment length: %w", x.Tag, ErrLimit)
		}
		b = binary.LittleEndian.AppendUint32(appendTag(b[:0], tagItem), uint32(n))
		if _, err := w.Write(b); err != nil {
			return err
		}
		if _, err := w.Write(f); err != nil {
			return err
		}
		if len(f)&1 == 1 {
			if _, err := w.Write([]byte{0}); err != nil {
				return err
			}
		}
	}
	b = append(appendTag(b[:0], tagSequenceDelimitation), 0, 0, 0, 0)
	_, err := w.Write(b)
	return err
}

func appendTag(b []byte, t Tag) []byte {
	b = binary.LittleEndian.AppendUint16(b, t.Group())
	return binary.LittleEndian.AppendUint16(b, t.Element())
}

// sliceWriter collects what is written to it and never fails.
type sliceWriter []byte

func (s *sliceWriter) Write(p []byte) (int, error) {
	*s = append(*s, p...)
	return len(p), nil
}
