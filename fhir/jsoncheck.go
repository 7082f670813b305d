package fhir

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/neckfrac/neckfrac"
)

// CheckJSON is the gate before any decoder reads JSON of others: one value, UTF-8,
// nesting up to maxDepth, no key twice in an object. Decoders keep the last of two
// equal keys, so that two readers of one Patient could see two people.
// It does not bound the size: the caller has the bytes already.
func CheckJSON(b []byte, maxDepth int) error {
	const op = "check json"
	if !utf8.Valid(b) {
		return neckfrac.Errorf(neckfrac.Invalid, op, "not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var open []level
	for {
		t, err := d.Token()
		if err != nil {
			return neckfrac.Errorf(neckfrac.Invalid, op, "not JSON")
		}
		if n := len(open); n > 0 && open[n-1].keys != nil && t != json.Delim('}') {
			if l := &open[n-1]; !l.value {
				key, ok := t.(string)
				if !ok || l.keys[key] {
					return neckfrac.Errorf(neckfrac.Invalid, op, "duplicate or missing key")
				}
				l.keys[key], l.value = true, true
				continue
			}
			open[n-1].value = false
		}
		switch t {
		case json.Delim('{'):
			open = append(open, level{keys: map[string]bool{}})
		case json.Delim('['):
			open = append(open, level{})
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
		if len(open) > maxDepth {
			return neckfrac.Errorf(neckfrac.Limit, op, "nested deeper than %d", maxDepth)
		}
		if len(open) == 0 {
			break
		}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return neckfrac.Errorf(neckfrac.Invalid, op, "bytes after the value")
	}
	return nil
}

// level is an open object or array; keys is nil for an array, value tells that the
// next token of an object is a key's value.
type level struct {
	keys  map[string]bool
	value bool
}
