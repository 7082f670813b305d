package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/neckfrac/neckfrac"
)

// print writes the study as a table for a terminal: one row a candidate, the points of
// every rule, and the verdict.
func (e explained) print(w io.Writer) error {
	verdict := "not analysed: " + e.Reason.Text() + " (" + string(e.Reason) + ")"
	if e.Chosen {
		verdict = fmt.Sprintf("series %q", e.Candidates[0].Description)
	}
	fmt.Fprintf(w, "study %s, rules %s: %s\n", e.Study, e.Rules, verdict)
	if text := e.Basis.Text(); text != "" {
		fmt.Fprintf(w, "  %s\n", text)
	}
	if e.Changed {
		before := "none"
		if e.Before != "" {
			before = string(e.Before)
			for _, c := range e.Candidates {
				if c.Series == e.Before {
					before = fmt.Sprintf("%q", c.Description)
				}
			}
		}
		fmt.Fprintf(w, "  changed: before it was %s\n", before)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	rules := ruleNames(e.Candidates)
	head := []string{"", "series", "slices", "step", "thick", "extent", "field", "kernel", "score"}
	for _, r := range rules {
		head = append(head, fmt.Sprintf("%s/%g", r.Rule, r.Of))
	}
	fmt.Fprintln(t, strings.Join(append(head, "verdict"), "\t"))
	for _, c := range e.Candidates {
		fmt.Fprintln(t, strings.Join(candidateCells(c, rules), "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}

// ruleNames are the scoring rules that a candidate has points of, in their order. The
// rule that asks the pixels is there only where it was asked.
func ruleNames(cs []neckfrac.Candidate) []neckfrac.RulePoints {
	var most []neckfrac.RulePoints
	for _, c := range cs {
		if len(c.Rules) > len(most) {
			most = c.Rules
		}
	}
	return most
}

func candidateCells(c neckfrac.Candidate, rules []neckfrac.RulePoints) []string {
	cells := []string{"", fmt.Sprintf("%q", c.Description), fmt.Sprint(c.Slices), millimetres(c.SpacingMM, 2), millimetres(c.ThicknessMM, 2),
		millimetres(c.ExtentMM, 0), millimetres(c.FieldMM, 0), fmt.Sprintf("%q", c.Kernel), fmt.Sprintf("%.1f", c.Score)}
	for _, r := range rules {
		cell := "–"
		for _, p := range c.Rules {
			if p.Rule == r.Rule {
				cell = fmt.Sprintf("%.1f", p.Points)
			}
		}
		cells = append(cells, cell)
	}
	return append(cells, candidateVerdict(c))
}

// candidateVerdict is why it was not taken, with the rule, and the reason where that
// would end the study.
func candidateVerdict(c neckfrac.Candidate) string {
	switch {
	case c.Lost == "":
		return "chosen"
	case c.Reason != "":
		return fmt.Sprintf("%s [%s: %s]", c.Lost, c.Rule, c.Reason)
	case c.Rule != "":
		return fmt.Sprintf("%s [%s]", c.Lost, c.Rule)
	}
	return c.Lost
}

func millimetres(v float64, digits int) string {
	if v == 0 {
		return "–"
	}
	return fmt.Sprintf("%.*f mm", digits, v)
}
