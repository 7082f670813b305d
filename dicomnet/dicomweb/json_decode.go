package dicomweb

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// ErrJSON means that a document is not DICOM JSON.
var ErrJSON = errors.New("dicomweb: not DICOM JSON")

// JSONLimits bounds what a document costs. A zero field takes its default.
type JSONLimits struct {
	// Bytes of the whole document. Defaults to 64 MiB: 5000 instances of 8 KiB.
	Bytes int64
	// Elements of one object, its items included. Defaults to 20 000.
	Elements int
	// Depth of sequences. Defaults to 16.
	Depth int
}

func (l JSONLimits) withDefaults() JSONLimits {
	if l.Bytes <= 0 {
		l.Bytes = 64 << 20
	}
	if l.Elements <= 0 {
		l.Elements = 20_000
	}
	if l.Depth <= 0 {
		l.Depth = 16
	}
	return l
}

// Object is one object of a DICOM JSON document.
type Object struct {
	Dataset dataset.Dataset
	// BulkData maps the path of a value that is elsewhere ("7FE00010",
	// "00081140/0/00091002") to its address, which is the peer's text.
	BulkData map[string]string
}

// DecodeJSON reads an array of objects (PS3.18 §F.2.1), or one object, and calls fn for
// each until fn fails, whose error comes back unchanged. Text is kept as UTF-8 and the
// data set says so. A repeated key, an unknown member or a value that does not fit its
// VR is ErrJSON; an exceeded limit is ErrLimit.
func DecodeJSON(r io.Reader, lim JSONLimits, fn func(Object) error) error {
	lim = lim.withDefaults()
	capped := &capReader{r: r, left: lim.Bytes}
	d := json.NewDecoder(capped)
	d.UseNumber()
	p := &jsonDecoder{d: d, lim: lim}
	t, err := p.token()
	switch {
	case err == nil && t == json.Delim('{'):
		err = p.object(fn)
	case err == nil && t == json.Delim('['):
		for err == nil && d.More() {
			if err = p.want('{'); err == nil {
				err = p.object(fn)
			}
		}
		if err == nil {
			err = p.want(']')
		}
	case err == nil:
		err = ErrJSON
	}
	if err == nil {
		if _, end := d.Token(); end != io.EOF {
			err = ErrJSON
		}
	}
	if capped.over {
		return fmt.Errorf("dicomweb: document: %w", ErrLimit)
	}
	return err
}

type jsonDecoder struct {
	d        *json.Decoder
	lim      JSONLimits
	elements int
	bulk     map[string]string
}

func (p *jsonDecoder) object(fn func(Object) error) error {
	p.elements, p.bulk = 0, nil
	ds, err := p.dataset("", 0)
	if err != nil {
		return err
	}
	return fn(Object{Dataset: ds, BulkData: p.bulk})
}

// token hides the decoder's texts, which quote the document.
func (p *jsonDecoder) token() (json.Token, error) {
	t, err := p.d.Token()
	if err != nil {
		return nil, ErrJSON
	}
	return t, nil
}

func (p *jsonDecoder) want(d json.Delim) error {
	t, err := p.token()
	if err == nil && t != d {
		err = ErrJSON
	}
	return err
}

// dataset reads the members of an object whose brace was read.
func (p *jsonDecoder) dataset(path string, depth int) (dataset.Dataset, error) {
	if depth > p.lim.Depth {
		return nil, fmt.Errorf("dicomweb: depth of sequences: %w", ErrLimit)
	}
	ds := dataset.Dataset{}
	seen := map[dataset.Tag]bool{}
	for {
		t, err := p.token()
		if err != nil {
			return nil, err
		}
		if t == json.Delim('}') {
			return ds, nil
		}
		key, _ := t.(string)
		tag, ok := parseTagKey(key)
		if !ok || seen[tag] {
			return nil, ErrJSON
		}
		seen[tag] = true
		if p.elements++; p.elements > p.lim.Elements {
			return nil, fmt.Errorf("dicomweb: number of elements: %w", ErrLimit)
		}
		if err := p.want('{'); err != nil {
			return nil, err
		}
		e, err := p.element(tag, path+key, depth)
		if err != nil {
			return nil, err
		}
		ds = append(ds, e)
	}
}

// element reads {"vr":…,"Value":[…]} after its brace. The members come in any order, so
// values are kept until the VR is known; only sequences are read in place, as they
// are the one thing that nests.
func (p *jsonDecoder) element(tag dataset.Tag, path string, depth int) (dataset.Element, error) {
	e := dataset.Element{Tag: tag}
	var values []any
	var inline, bulk *string
	for {
		t, err := p.token()
		if err != nil {
			return e, err
		}
		if t == json.Delim('}') {
			break
		}
		switch member := t.(string); {
		case member == "vr" && e.VR == "":
			if err := p.vr(&e); err != nil {
				return e, err
			}
		case member == "Value" && values == nil && e.Items == nil:
			if values, err = p.values(&e, path, depth); err != nil {
				return e, err
			}
		case member == "InlineBinary" && inline == nil:
			inline, err = p.text()
		case member == "BulkDataURI" && bulk == nil:
			bulk, err = p.text()
		default:
			err = ErrJSON
		}
		if err != nil {
			return e, err
		}
	}
	return p.finish(e, path, values, inline, bulk)
}

func (p *jsonDecoder) vr(e *dataset.Element) error {
	s, err := p.text()
	if err != nil {
		return err
	}
	vr := dataset.VR(*s)
	if vr != dataset.SQ && vr != dataset.AT && !numberVR(vr) && !textVR(vr) && (!binaryVR(vr) || len(vr) != 2 || vr[0] != 'O' && vr != dataset.UN) {
		return ErrJSON
	}
	e.VR = vr
	return nil
}

func (p *jsonDecoder) text() (*string, error) {
	t, err := p.token()
	s, ok := t.(string)
	if err != nil || !ok {
		return nil, ErrJSON
	}
	return &s, nil
}

// values reads an array. A person name becomes a map of its groups; objects under any
// other key than theirs are items.
func (p *jsonDecoder) values(e *dataset.Element, path string, depth int) ([]any, error) {
	if err := p.want('['); err != nil {
		return nil, err
	}
	values := []any{}
	for {
		t, err := p.token()
		if err != nil {
			return nil, err
		}
		switch v := t.(type) {
		case json.Delim:
			if v == ']' {
				return values, nil
			}
			if v != '{' {
				return nil, ErrJSON
			}
			if e.VR == dataset.PN || e.VR == "" && dataset.LookupVR(e.Tag) == dataset.PN {
				name, err := p.name()
				if err != nil {
					return nil, err
				}
				values = append(values, name)
				break
			}
			item, err := p.dataset(path+"/"+strconv.Itoa(len(e.Items))+"/", depth+1)
			if err != nil {
				return nil, err
			}
			e.Items = append(e.Items, item)
		case string, json.Number, nil:
			values = append(values, v)
		default:
			return nil, ErrJSON
		}
		if p.elements++; p.elements > p.lim.Elements {
			return nil, fmt.Errorf("dicomweb: number of values: %w", ErrLimit)
		}
	}
}

// name joins the component groups of a person name after its brace.
func (p *jsonDecoder) name() (string, error) {
	var groups [3]string
	for {
		t, err := p.token()
		if err != nil {
			return "", err
		}
		if t == json.Delim('}') {
			return strings.TrimRight(strings.Join(groups[:], "="), "="), nil
		}
		s, err := p.text()
		if err != nil {
			return "", err
		}
		at := -1
		for i, g := range personGroups {
			if t == g {
				at = i
			}
		}
		if at < 0 || groups[at] != "" || strings.ContainsAny(*s, `=\`) {
			return "", ErrJSON
		}
		groups[at] = *s
	}
}

// finish turns the members into the element's value.
func (p *jsonDecoder) finish(e dataset.Element, path string, values []any, inline, bulk *string) (dataset.Element, error) {
	if e.VR == "" {
		return e, ErrJSON
	}
	if e.Items != nil && e.VR != dataset.SQ {
		return e, ErrJSON
	}
	switch {
	case e.VR == dataset.SQ:
		if len(values) > 0 || inline != nil {
			return e, ErrJSON
		}
		if e.Items == nil {
			e.Items = []dataset.Dataset{}
		}
		return e, nil
	case bulk != nil:
		if len(values) > 0 || inline != nil {
			return e, ErrJSON
		}
		if p.bulk == nil {
			p.bulk = map[string]string{}
		}
		p.bulk[path] = *bulk
		return e, nil
	case inline != nil:
		b, err := base64.StdEncoding.DecodeString(*inline)
		if err != nil || len(values) > 0 || !binaryVR(e.VR) {
			return e, ErrJSON
		}
		e.Value = b
		return e, nil
	}
	var err error
	e.Value, err = encodeValues(e, values)
	return e, err
}
