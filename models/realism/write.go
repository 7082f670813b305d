package realism

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/neckfrac/neckfrac"
)

// WriteJSON writes the report, indented.
func (r Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return neckfrac.E("realism: write report", e.Encode(r))
}

// WriteText writes the report as two tables, measures and gates.
func (r Report) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%d real and %d synthetic scans, %s, cells of %.4g x %.4g x %.4g mm\n\n", r.Real, r.Synthetic, r.Region, r.CellMM[0], r.CellMM[1], r.CellMM[2])
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "measure\tunit\treal 5 %\tmedian\t95 %\tsynthetic 5 %\tmedian\t95 %\tKS\tshift\tinside\t")
	for _, row := range r.Rows {
		mark := ""
		if !row.MedianInside {
			mark = "out"
		}
		fmt.Fprintf(t, "%s\t%s\t%.3g\t%.3g\t%.3g\t%.3g\t%.3g\t%.3g\t%.2f\t%.2f\t%.0f %%\t%s\n", row.Name, row.Unit,
			row.Real.P5, row.Real.Median, row.Real.P95, row.Synthetic.P5, row.Synthetic.Median, row.Synthetic.P95, row.KS, row.Shift, 100*row.Inside, mark)
	}
	if err := t.Flush(); err != nil {
		return neckfrac.E("realism: write report", err)
	}
	fmt.Fprintf(w, "\nsynthetic median inside the real 5-95 %% range: %.0f %% of %d measures\n", 100*r.MediansInside, len(r.Rows))
	if len(r.Gates) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	passed := 0
	for _, g := range r.Gates {
		word, found := "FAIL", "absent"
		if g.Pass {
			word = "pass"
			passed++
		}
		if g.Found != nil {
			found = fmt.Sprintf("%.3g", *g.Found)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\tin %.3g to %.3g\n", word, g.Measure, g.Statistic, found, g.Low, g.High)
	}
	fmt.Fprintf(t, "%d of %d gates passed\n", passed, len(r.Gates))
	return neckfrac.E("realism: write report", t.Flush())
}

// WriteSamples writes what the classifier reads: the values of every patch one after the
// other as little-endian int16 in z, y, x order, and an index of them as JSON.
func WriteSamples(values, index io.Writer, cellMM neckfrac.Vec3, samples []Sample) error {
	const op = "realism: write samples"
	ix := patchIndex{Schema: 1, CellMM: cellMM, Shape: [3]int{PatchZ, PatchY, PatchX}, Clip: [2]int{ClipLow, ClipHigh}, Patches: []patchRow{}}
	bw := bufio.NewWriter(values)
	for _, s := range samples {
		if len(s.HU) != PatchX*PatchY*PatchZ {
			return neckfrac.Errorf(neckfrac.Invalid, op, "patch of another size")
		}
		if err := binary.Write(bw, binary.LittleEndian, s.HU); err != nil {
			return neckfrac.E(op, err)
		}
		ix.Patches = append(ix.Patches, patchRow{Patient: s.Name, Synthetic: s.Synthetic, AtMM: s.AtMM})
	}
	if err := bw.Flush(); err != nil {
		return neckfrac.E(op, err)
	}
	return neckfrac.E(op, json.NewEncoder(index).Encode(ix))
}
