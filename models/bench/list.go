package bench

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/neckfrac/neckfrac"
)

// Entry is a frozen study: a line of the committed list.
type Entry struct {
	// ID is the study's name and Digest that of phantom.Study.
	ID, Digest string
	// State has a sign for each of C1 to C7: '.' for whole, 'x' for a fracture that can
	// be seen, 'o' for an occult one.
	State string
	// Field has a letter for each level: f, p and n for full, partial and none.
	Field string
}

//go:embed v1.tsv
var v1TSV string

// V1Studies are the frozen studies of bench-v1, in the order of the recipe.
func V1Studies() []Entry {
	list, err := parseList(v1TSV)
	if err != nil {
		panic("bench: the embedded list of bench-v1: " + err.Error())
	}
	return list
}

func parseList(text string) ([]Entry, error) {
	var out []Entry
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 4 || len(f[1]) != 64 || len(f[2]) != neckfrac.Levels || len(f[3]) != neckfrac.Levels {
			return nil, neckfrac.Errorf(neckfrac.Invalid, "bench: list", "line %d: want name, digest, state and field", len(out)+1)
		}
		out = append(out, Entry{f[0], f[1], f[2], f[3]})
	}
	return out, nil
}

// Listed are studies in the form of the committed list.
type Listed []Study

// WriteText writes a line for each study.
func (l Listed) WriteText(w io.Writer) error {
	for _, s := range l {
		e := s.Entry()
		if _, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", e.ID, e.Digest, e.State, e.Field); err != nil {
			return neckfrac.Wrap(neckfrac.Unavailable, "bench: write list", err)
		}
	}
	return nil
}

// DigestOf is the digest over all entries, the same as phantom.Index has.
func DigestOf(list []Entry) string {
	h := sha256.New()
	for _, e := range list {
		h.Write([]byte(e.ID + " " + e.Digest + "\n"))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Entry is the study as the list has it.
func (s Study) Entry() Entry {
	var state, field []byte
	for _, l := range s.Levels {
		letter := byte('n')
		if l.Field == "full" || l.Field == "partial" {
			letter = l.Field[0]
		}
		field = append(field, letter)
		switch {
		case l.Occult:
			state = append(state, 'o')
		case l.Label == 1:
			state = append(state, 'x')
		default:
			state = append(state, '.')
		}
	}
	return Entry{s.ID, s.Digest, string(state), string(field)}
}
