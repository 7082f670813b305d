package evaluate

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/neckfrac/neckfrac"
)

// WriteText writes the report for a terminal.
func (r Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", r.Domain)
	for _, line := range r.head() {
		fmt.Fprintln(&b, line)
	}
	t := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "\n\tn\tfractured\tAUC (95 %)\timage zeroed\t… within level\tposition only\tBrier\tcalib. error\tF2 of flagging all")
	for _, row := range r.rows() {
		f := row.Figures
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row.Name, f.N, f.Fractured, f.AUC, f.BlindAUC.Value, f.BlindWithinAUC.Value, f.PositionAUC.Value, f.Brier, f.ECE, f.FlagAllF2)
	}
	fmt.Fprintln(t, "\npoint\tthreshold\tsensitivity (95 %)\tspecificity (95 %)\tF2\tflag all\tMCC\t\t\t")
	for _, row := range r.rows()[:2] {
		for _, p := range row.Points {
			fmt.Fprintf(t, "%s, %s\t%.3f\t%s\t%s\t%s\t%s\t%s\t\t\t\n", row.Name, p.Name, p.Threshold, p.Sensitivity, p.Specificity, p.F2, row.FlagAllF2, p.MCC)
		}
	}
	if err := t.Flush(); err != nil {
		return neckfrac.E("evaluate: text", err)
	}
	fmt.Fprintf(&b, "\n%s\n", r.foot())
	_, err := io.WriteString(w, b.String())
	return neckfrac.E("evaluate: text", err)
}

// row is a line of the table of figures.
type row struct {
	Name string
	Figures
}

// rows are patient, vertebra and the seven levels.
func (r Report) rows() []row {
	out := []row{{"patient", r.Patient}, {"vertebra", r.Vertebra}}
	for _, l := range r.Levels {
		out = append(out, row{l.Level.String(), l.Figures})
	}
	return out
}

// head says what was judged on what, and what no figure holds.
func (r Report) head() []string {
	f := r.Finding
	share := func(k, n int) string { return fmt.Sprintf("%d of %d (%s)", k, n, wilson(k, n)) }
	out := []string{
		fmt.Sprintf("pack %s %s (%.12s), domain %s; data %.12s, %d studies", r.Pack.ID, r.Pack.Version, r.Pack.Digest, r.Pack.Domain, r.Data, r.Studies),
		fmt.Sprintf("analysed %d%s", r.Analysed, reasons("limited", r.Limited, r.Limits)),
		fmt.Sprintf("refused %d, %d of them with a fracture%s", r.Studies-r.Analysed, r.RefusedBroken, reasons("", 0, r.Refused)),
		fmt.Sprintf("occult fractures left out: %d levels, %d patients", r.OccultLevels, r.OccultPatients),
	}
	if f.Studies == 0 {
		return out
	}
	return append(out,
		"levels in field named right: "+share(f.Named, f.InField)+fmt.Sprintf("; misnamed %d, missed %d, taken for partial %d, found out of field %d", f.Misnamed, f.Missed, f.Partial, f.Phantom),
		"all seven named in whole necks: "+share(f.AllSeven, f.Whole)+fmt.Sprintf("; mean Dice at the segmenter's grid %s", f.Dice))
}

// reasons lists counts in the order of the closed list.
func reasons(what string, n int, by map[neckfrac.Reason]int) string {
	var parts []string
	for _, reason := range neckfrac.Reasons() {
		if by[reason] > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", reason, by[reason]))
		}
	}
	switch list := strings.Join(parts, ", "); {
	case what != "" && list != "":
		return fmt.Sprintf("; %s %d (%s)", what, n, list)
	case what != "":
		return fmt.Sprintf("; %s %d", what, n)
	case list != "":
		return " (" + list + ")"
	}
	return ""
}

func (r Report) foot() string {
	return fmt.Sprintf("A level that was not found whole counts as not flagged. AUC intervals: bootstrap by patient, %d draws, seed %d; shares: Wilson. "+
		"Position only uses this set's own shares, which flatters it.", r.Bootstrap.Draws, r.Bootstrap.Seed)
}
