package dataset

// readSequence reads the items of a sequence whose header was just read
// (PS3.5 §7.5).
func (r *Reader) readSequence(h header, s scope) ([]Dataset, error) {
	if s.depth+1 > r.lim.MaxDepth {
		return nil, r.limit(h.tag, "depth of sequences")
	}
	end := int64(-1)
	if h.length != undefinedLength {
		end = r.off + int64(h.length)
		if s.end >= 0 && end > s.end {
			return nil, r.syntax(h.tag, "sequence longer than its item")
		}
	}
	items := []Dataset{}
	for end < 0 || r.off < end {
		ih, err := r.readHeader(scope{implicit: true})
		if err != nil {
			return nil, truncated(err)
		}
		if ih.tag == tagSequenceDelimitation && end < 0 {
			return items, nil
		}
		if ih.tag != tagItem {
			return nil, r.syntax(h.tag, "item expected")
		}
		item, err := r.readItem(h.tag, ih, end, s)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	if r.off > end {
		return nil, r.syntax(h.tag, "sequence overrun")
	}
	return items, nil
}

func (r *Reader) readItem(seq Tag, ih header, seqEnd int64, s scope) (Dataset, error) {
	in := scope{implicit: s.implicit, depth: s.depth + 1, end: seqEnd, item: true}
	if seqEnd < 0 {
		in.end = s.end
	}
	if ih.length != undefinedLength {
		end := r.off + int64(ih.length)
		if in.end >= 0 && end > in.end {
			return nil, r.syntax(seq, "item longer than its sequence")
		}
		in.end, in.item = end, false
		return r.readElements(in)
	}
	item, err := r.readElements(in)
	if err != nil {
		return nil, err
	}
	return item, nil
}
