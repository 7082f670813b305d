package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/neckfrac/neckfrac"
)

// WriteJSON writes the report; a figure that the set can't give is null.
func (r Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return neckfrac.Wrap(neckfrac.Unavailable, "bench: json", e.Encode(r))
}

// WriteText writes the report for a terminal.
func (r Report) WriteText(w io.Writer) error {
	var b strings.Builder
	c := r.Counts
	fmt.Fprintf(&b, "%s\n\n%s, %s, seeds %d to %d\n", r.Domain, r.Recipe.Name, r.Recipe.Edition, r.Recipe.Seed, r.Recipe.Seed+uint64(max(0, c.Studies-1)))
	fmt.Fprintf(&b, "digest %s: %s", r.Comparison.Digest, r.Comparison.Verdict)
	if n := len(r.Comparison.Differ); n > 0 {
		fmt.Fprintf(&b, ", %d studies differ, first %s", n, r.Comparison.Differ[0])
	}
	fmt.Fprintf(&b, "\n%d patients: %d with a fracture that can be seen, %d with occult ones alone, left out; %d stacks start or end inside the neck; %d hold no whole level\n",
		c.Studies, c.Positive, c.Occult, c.Cut, c.Without)
	fmt.Fprintf(&b, "%d levels scored, %d broken; %d occult left out; look-alikes in %.1f %% of broken and %.1f %% of whole levels\n",
		c.Levels, c.Broken, c.OccultLevels, 100*c.BrokenLookAlikes, 100*c.WholeLookAlikes)
	fmt.Fprintf(&b, "drawn: %s\nkernels: %s\nprotocols: %s\n", list(c.Drawn), list(c.Kernels), list(c.Protocols))
	t := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	table := func(head string, rows []Figures) {
		fmt.Fprintf(t, "\n%s\tvertebrae\twithin level\tpatients\n", head)
		for _, f := range rows {
			name := f.Name
			if f.Lower {
				name += " (less)"
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", name, f.All, f.Within, f.Patient)
		}
	}
	table("AUC (95 %) of", r.Baselines)
	table("of one feature", r.Features)
	table("of one field without the image, the first ten", r.Scan[:min(10, len(r.Scan))])
	by := ""
	for _, x := range r.Cells {
		if x.By != by {
			by = x.By
			fmt.Fprintf(t, "\nAUC within level by %s\tfractures\tbest feature\tall features\n", by)
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\n", x.Name, x.N, x.Best, x.Ridge)
	}
	fmt.Fprint(t, "\ngoal\tat most\tgot\t\n")
	for _, g := range r.Goals {
		fmt.Fprintf(t, "%s\t%.2f\t%s\t%s\n", g.Name, g.Most, g.Got, met(g.Met))
	}
	if err := t.Flush(); err != nil {
		return neckfrac.Wrap(neckfrac.Internal, "bench: text", err)
	}
	fmt.Fprintf(&b, "\nModels: logistic ridge, %d parts by patient. Intervals: bootstrap by patient, %d draws. The best of many features is chosen on the set itself.\n", folds, r.Draws)
	_, err := io.WriteString(w, b.String())
	return neckfrac.Wrap(neckfrac.Unavailable, "bench: text", err)
}

func met(ok bool) string {
	if ok {
		return "met"
	}
	return "missed"
}

func list(t []Tally) string {
	var out []string
	for _, x := range t {
		out = append(out, fmt.Sprintf("%s %d", x.Name, x.N))
	}
	return strings.Join(out, ", ")
}
