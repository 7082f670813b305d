package volume

import (
	"encoding/binary"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// fragmentIndex says which bytes of a file are a frame of encapsulated pixels, PS3.5
// §A.4: fragments all[first[i]:first[i+1]] are frame i.
type fragmentIndex struct {
	all   []fragment
	first []int
}

type fragment struct {
	at     int64  // of the item's header, from the end of the offset table
	offset int64  // of the first byte, in the file
	length uint32 // in bytes
}

// maxFragments bounds the index of one object to 2.4 MiB. Encoders that split a frame
// make a few fragments of it.
const maxFragments = 100_000

// itemBytes is the length of an item's tag and length.
const itemBytes = 8

// readFragments walks over the items at offset and deals them to the frames. It reads
// their headers alone; fault says what is wrong with them.
func readFragments(in Input, offset int64, ds dataset.Dataset, frames int) (x fragmentIndex, fault string) {
	if offset < 0 {
		return x, "fragments in a deflated data set"
	}
	table, pos, ok := offsetTable(in, offset, frames)
	if !ok {
		return x, "offset table"
	}
	for base := pos; ; {
		tag, n, ok := item(in, pos)
		switch {
		case !ok:
			return x, "file ends inside the pixels"
		case tag == tagSequenceDelimitation && n == 0:
			if x.deal(ds, table, frames) {
				return x, ""
			}
			return x, "fragments do not make up the frames"
		case tag != tagItem || int64(n) > in.Size-pos-itemBytes:
			return x, "fragments"
		case len(x.all) == maxFragments:
			return x, "too many fragments"
		}
		x.all = append(x.all, fragment{at: pos - base, offset: pos + itemBytes, length: n})
		pos += itemBytes + int64(n)
	}
}

const (
	tagItem                 dataset.Tag = 0xFFFEE000
	tagSequenceDelimitation dataset.Tag = 0xFFFEE0DD
)

// item reads the header of an item, which is little endian in every syntax that has
// fragments.
func item(in Input, pos int64) (dataset.Tag, uint32, bool) {
	var b [itemBytes]byte
	if pos > in.Size-itemBytes {
		return 0, 0, false
	}
	if n, _ := in.File.ReadAt(b[:], pos); n < itemBytes {
		return 0, 0, false
	}
	tag := dataset.Tag(binary.LittleEndian.Uint16(b[:]))<<16 | dataset.Tag(binary.LittleEndian.Uint16(b[2:]))
	return tag, binary.LittleEndian.Uint32(b[4:]), true
}

// offsetTable reads the basic offset table, which is empty or has one offset for each
// frame, and returns where the fragments start.
func offsetTable(in Input, pos int64, frames int) (offsets []int64, next int64, ok bool) {
	tag, n, ok := item(in, pos)
	pos += itemBytes
	if !ok || tag != tagItem || n != 0 && int64(n) != 4*int64(frames) || int64(n) > in.Size-pos {
		return nil, 0, false
	}
	b := make([]byte, n)
	if got, _ := in.File.ReadAt(b, pos); got < len(b) {
		return nil, 0, false
	}
	for at := b; len(at) >= 4; at = at[4:] {
		offsets = append(offsets, int64(binary.LittleEndian.Uint32(at)))
	}
	return offsets, pos + int64(n), true
}

// deal gives each frame its fragments: by the offset table, else by the extended one,
// else one to each, else all to the only frame. A table that does not name starts of
// fragments in order is a lie, and no other way is tried.
func (x *fragmentIndex) deal(ds dataset.Dataset, table []int64, frames int) bool {
	if len(table) == 0 {
		var ok bool
		if table, ok = extendedTable(ds, frames); !ok {
			return false
		}
	}
	switch {
	case len(x.all) < frames:
		return false
	case len(table) > 0:
		for at, f := range x.all {
			if i := len(x.first); i < frames && f.at == table[i] {
				x.first = append(x.first, at)
			}
		}
		if len(x.first) != frames || x.first[0] != 0 {
			return false
		}
	case frames == 1:
		x.first = []int{0}
	case len(x.all) == frames:
		for i := range frames {
			x.first = append(x.first, i)
		}
	default:
		return false
	}
	x.first = append(x.first, len(x.all))
	return true
}

// extendedTable reads (7FE0,0001), nil where it is absent.
func extendedTable(ds dataset.Dataset, frames int) ([]int64, bool) {
	e, ok := ds.Find(dataset.TagExtendedOffsetTable)
	if !ok || len(e.Value) == 0 {
		return nil, true
	}
	if len(e.Value) != 8*frames {
		return nil, false
	}
	out := make([]int64, 0, frames)
	for b := e.Value; len(b) >= 8; b = b[8:] {
		v := binary.LittleEndian.Uint64(b)
		if v > 1<<62 {
			return nil, false
		}
		out = append(out, int64(v))
	}
	return out, true
}

// frame returns the fragments of a frame and their length in bytes.
func (x *fragmentIndex) frame(i int) ([]fragment, int64) {
	all := x.all[x.first[i]:x.first[i+1]]
	sum := int64(0)
	for _, f := range all {
		sum += int64(f.length)
	}
	return all, sum
}
