package bench

import "slices"

// Counts say what a benchmark holds.
type Counts struct {
	Studies int `json:"studies"`
	// Positive patients have a fracture that can be seen; Occult ones only such as can't
	// be, or that lie out of the field, and are judged by nothing. Without have no level
	// wholly in the field.
	Positive int `json:"positive"`
	Occult   int `json:"occult_patients"`
	Without  int `json:"without_level"`
	// Cut stacks start or end inside the neck.
	Cut int `json:"cut_stacks"`
	// Levels are those scored, Broken among them; OccultLevels were left out.
	Levels       int `json:"levels"`
	Broken       int `json:"broken_levels"`
	OccultLevels int `json:"occult_levels"`
	// BrokenLookAlikes and WholeLookAlikes are the shares of scored levels with a
	// look-alike: alike, or it would give the answer away.
	BrokenLookAlikes float64 `json:"look_alikes_in_broken"`
	WholeLookAlikes  float64 `json:"look_alikes_in_whole"`
	// Drawn counts all fractures that were drawn by width, seen or not.
	Drawn     []Tally `json:"drawn_widths"`
	Kernels   []Tally `json:"kernels"`
	Protocols []Tally `json:"protocols"`
}

// Tally is a word and how often it occurs.
type Tally struct {
	Name string `json:"name"`
	N    int    `json:"n"`
}

func count(studies []Study) Counts {
	c := Counts{Studies: len(studies), Drawn: tallies(names(widthClasses))}
	var brokenLike, wholeLike int
	for i := range studies {
		s := &studies[i]
		broken := false
		for k := range s.Levels {
			l := &s.Levels[k]
			broken = broken || l.Label == 1 || l.Occult
			if l.Type != "" {
				c.Drawn = note(c.Drawn, classOf(l.WidthMM, widthClasses))
			}
			if l.Occult {
				c.OccultLevels++
			}
			if !l.scored() {
				continue
			}
			c.Levels++
			like := int(yes(l.LookAlikes > 0))
			if l.Label == 1 {
				c.Broken++
				brokenLike += like
			} else {
				wholeLike += like
			}
		}
		switch {
		case s.Patient == 1:
			c.Positive++
		case broken:
			c.Occult++
		}
		if s.Scanner.Partial != "" {
			c.Cut++
		}
		if !slices.ContainsFunc(s.Levels[:], func(l Level) bool { return l.scored() }) {
			c.Without++
		}
		c.Kernels = note(c.Kernels, s.Scanner.Kernel)
		c.Protocols = note(c.Protocols, s.Scanner.Protocol)
	}
	c.BrokenLookAlikes = float64(brokenLike) / float64(max(1, c.Broken))
	c.WholeLookAlikes = float64(wholeLike) / float64(max(1, c.Levels-c.Broken))
	byName := func(a, b Tally) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	}
	slices.SortFunc(c.Kernels, byName)
	slices.SortFunc(c.Protocols, byName)
	return c
}

func tallies(names []string) []Tally {
	var out []Tally
	for _, n := range names {
		out = append(out, Tally{Name: n})
	}
	return out
}

func note(t []Tally, name string) []Tally {
	i := slices.IndexFunc(t, func(x Tally) bool { return x.Name == name })
	if i < 0 {
		return append(t, Tally{name, 1})
	}
	t[i].N++
	return t
}
