package dataset

// Element is one data element (PS3.5 §7.1).
type Element struct {
	Tag Tag
	VR  VR
	// Value holds the bytes of the value as encoded in little endian, padding
	// included. Nil for sequences and encapsulated pixel data.
	Value []byte
	// Items holds the items of a sequence, VR SQ.
	Items []Dataset
	// Fragments holds encapsulated pixel data: the basic offset table, which
	// may be empty, and then the compressed fragments (PS3.5 §A.4). Not nil
	// means encapsulated.
	Fragments [][]byte
}

// Dataset is a list of elements in the order in which they were read. The zero
// value is an empty data set. It may be read by many goroutines at once.
type Dataset []Element

// Find returns the first element with the tag at this level.
func (d Dataset) Find(tag Tag) (Element, bool) {
	for i := range d {
		if d[i].Tag == tag {
			return d[i], true
		}
	}
	return Element{}, false
}

// Has reports whether an element with the tag is present, empty or not.
func (d Dataset) Has(tag Tag) bool {
	_, ok := d.Find(tag)
	return ok
}

// Items returns the items of a sequence; ok is false if the element is absent
// or no sequence. An empty sequence is present.
func (d Dataset) Items(tag Tag) (items []Dataset, ok bool) {
	e, ok := d.Find(tag)
	if !ok || e.VR != SQ {
		return nil, false
	}
	return e.Items, true
}

// Item returns the first item of a sequence.
func (d Dataset) Item(tag Tag) (Dataset, bool) {
	items, ok := d.Items(tag)
	if !ok || len(items) == 0 {
		return nil, false
	}
	return items[0], true
}

// Put returns a data set in which e replaces the elements with its tag, or is
// inserted in tag order. The receiver is not modified, values are shared.
func (d Dataset) Put(e Element) Dataset {
	out := make(Dataset, 0, len(d)+1)
	placed := false
	for _, x := range d {
		if !placed && x.Tag >= e.Tag {
			out = append(out, e)
			placed = true
		}
		if x.Tag != e.Tag {
			out = append(out, x)
		}
	}
	if !placed {
		out = append(out, e)
	}
	return out
}
