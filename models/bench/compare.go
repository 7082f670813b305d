package bench

import "github.com/neckfrac/neckfrac/models/phantom"

// Verdict says how studies stand to what was frozen.
type Verdict string

const (
	// Equal says that every study is as frozen.
	Equal Verdict = "equal"
	// PartEqual says so of the first studies of the benchmark.
	PartEqual Verdict = "part equal"
	// Differs says that the generator no longer makes the benchmark.
	Differs Verdict = "differs"
	// NotFrozen says that there is nothing to compare with.
	NotFrozen Verdict = "not frozen"
)

// Comparison says whether studies are the frozen ones.
type Comparison struct {
	// Digest is over the studies that were made, Want the recipe's; where only some were
	// made, these are digests of different things.
	Digest  string  `json:"digest"`
	Want    string  `json:"want"`
	Verdict Verdict `json:"verdict"`
	// Differ names the studies that are not as frozen.
	Differ []string `json:"differ,omitempty"`
}

// Compare holds studies, in the order of the recipe, against a frozen list, which may be
// nil for a recipe that has none.
func Compare(r Recipe, list []Entry, studies []Study) Comparison {
	var made []Entry
	for _, s := range studies {
		made = append(made, s.Entry())
	}
	c := Comparison{Digest: DigestOf(made), Want: r.Digest, Verdict: NotFrozen}
	for i, e := range made {
		if i < len(list) && e != list[i] {
			c.Differ = append(c.Differ, e.ID)
		}
	}
	whole := len(made) == r.Studies
	switch {
	case r.Digest == "":
	case len(c.Differ) > 0 || whole && c.Digest != r.Digest:
		c.Verdict = Differs
	case whole:
		c.Verdict = Equal
	case len(list) >= len(made):
		c.Verdict = PartEqual
	}
	return c
}

// CompareIndex holds what was written against the recipe.
func CompareIndex(r Recipe, ix *phantom.Index) Comparison {
	c := Comparison{Digest: ix.Digest, Want: r.Digest, Verdict: NotFrozen}
	switch r.Digest {
	case "":
	case ix.Digest:
		c.Verdict = Equal
	default:
		c.Verdict = Differs
	}
	return c
}
