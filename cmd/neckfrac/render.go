package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/neckfrac/neckfrac"
)

// RenderText writes an assessment for a terminal. The sentences are the root's; what is
// laid out here is the table of levels.
func RenderText(w io.Writer, a neckfrac.Assessment, zone *time.Location) error {
	var b strings.Builder
	fmt.Fprintln(&b, neckfrac.ReportTitle)
	fmt.Fprintln(&b, strings.Repeat("─", len([]rune(neckfrac.ReportTitle))))
	wrap(&b, neckfrac.Conclusion(a, a.Profile, neckfrac.ReadStatus{}.Sentence(zone)), 96)
	if a.Status == neckfrac.Analysed && a.Profile != neckfrac.Triage {
		fmt.Fprintf(&b, "\n  level  state          probability            key slice\n")
		for _, f := range a.Findings {
			fmt.Fprintf(&b, "  %-6s %-14s %s\n", f.Vertebra, f.Presence, levelCells(f))
		}
		fmt.Fprintf(&b, "  spine  %-14s %.3f %s\n", a.Presence, a.Probability, bar(a.Probability))
		if p, ok := a.Decision.Point(a.Decision.Flag); ok {
			fmt.Fprintf(&b, "\n  flag point %q: level %.3f, spine %.3f (%s). %s\n", p.Name, p.Level.Probability, p.Patient.Probability, p.Validation, neckfrac.ConfirmationUnknown)
		}
	}
	for _, c := range a.Candidates {
		fmt.Fprintf(&b, "  series %q: %d slices, %s, score %.1f: %s\n", c.Description, c.Slices, millimetres(c.SpacingMM, 2), c.Score, candidateVerdict(c))
	}
	if a.Pack.ID != "" {
		fmt.Fprintf(&b, "  pack %s %s (%.12s), software %s, profile %s, revision %d\n", a.Pack.ID, a.Pack.Version, a.Pack.Digest, softwareVersion(), a.Profile, a.Revision)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func levelCells(f neckfrac.Finding) string {
	if f.Presence == neckfrac.NotImaged {
		return "–"
	}
	return fmt.Sprintf("%.3f %s  %d", f.Probability, bar(f.Probability), f.KeyIndex+1)
}

// bar draws a probability, 16 cells wide.
func bar(p float64) string {
	const cells = 16
	n := int(p*cells + 0.5)
	n = max(0, min(cells, n))
	return strings.Repeat("█", n) + strings.Repeat("·", cells-n)
}

// wrap breaks text between words.
func wrap(b *strings.Builder, text string, width int) {
	n := 0
	for _, word := range strings.Fields(text) {
		if l := len([]rune(word)); n > 0 && n+1+l > width {
			b.WriteByte('\n')
			n = 0
		}
		if n > 0 {
			b.WriteByte(' ')
			n++
		}
		b.WriteString(word)
		n += len([]rune(word))
	}
	b.WriteByte('\n')
}
