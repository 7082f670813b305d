package dataset

import "sync"

// LookupKeyword returns the tag of a keyword that the dictionary holds ("PatientID").
func LookupKeyword(keyword string) (Tag, bool) {
	t, ok := keywords()[keyword]
	return t, ok
}

var keywords = sync.OnceValue(func() map[string]Tag {
	m := make(map[string]Tag, len(dict))
	for t, e := range dict {
		m[e.keyword] = t
	}
	return m
})
