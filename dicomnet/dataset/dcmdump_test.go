package dataset_test

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

var (
	dumpMutants = flag.Int("dcmdump-mutants", 0, "mutants of TestBesideDcmdump, which needs DCMTK; 0 skips it")
	dumpSeed    = flag.Uint64("dcmdump-seed", 1, "seed of the mutants")
	dumpKeep    = flag.String("dcmdump-keep", "", "folder for the objects that no rule explains")
)

// reading is what a reader makes of an object: its verdict and a line an element.
type reading struct {
	// refused is why; "" is read.
	refused string
	lines   []string
}

// oursOf reads an object to its end.
func oursOf(b []byte) reading {
	_, r, err := dataset.ReadPart10(bytes.NewReader(b), dataset.Limits{})
	if err != nil {
		return reading{refused: err.Error()}
	}
	ds, err := r.ReadDataset()
	if err != nil {
		return reading{refused: err.Error()}
	}
	return reading{lines: appendLines(nil, ds, 0)}
}

// appendLines lists elements as depth, tag, VR and length of the value, in DCMTK's order:
// it sorts by tag and keeps the first of a tag, which is what Find returns here.
func appendLines(to []string, ds dataset.Dataset, depth int) []string {
	sorted := slices.Clone(ds)
	slices.SortStableFunc(sorted, func(a, b dataset.Element) int { return cmp.Compare(a.Tag, b.Tag) })
	sorted = slices.CompactFunc(sorted, func(a, b dataset.Element) bool { return a.Tag == b.Tag })
	for _, e := range sorted {
		head := fmt.Sprintf("%d (%04x,%04x) %s", depth, e.Tag.Group(), e.Tag.Element(), e.VR)
		switch {
		case e.VR == dataset.SQ:
			to = append(to, head)
			for _, item := range e.Items {
				to = append(to, fmt.Sprintf("%d item", depth+1))
				to = appendLines(to, item, depth+2)
			}
		case e.Fragments != nil:
			to = append(to, head)
			for _, f := range e.Fragments {
				to = append(to, fmt.Sprintf("%d item %d", depth+1, len(f)))
			}
		default:
			to = append(to, fmt.Sprintf("%s %d", head, len(e.Value)))
		}
	}
	return to
}

// dumpLine is an element of dcmdump; what stands between may hold anything but a line feed.
var dumpLine = regexp.MustCompile(`^( *)\(([0-9a-f]{4},[0-9a-f]{4})\) (\S\S) (.*)# +(u/l|\d+), *\d+ \S.*$`)

// theirsOf has dcmdump read files, in one process as long as it lives.
func theirsOf(t *testing.T, files []string) []reading {
	t.Helper()
	out := make([]reading, len(files))
	args := []string{"+F", "+M", "+Qo", "-dc", "-ll", "error"}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command("dcmdump", append(args, files...)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() < 0) {
		if len(files) > 1 { // it died of one of them
			for i := range files {
				out[i] = theirsOf(t, files[i:i+1])[0]
			}
			return out
		}
		out[0].refused = fmt.Sprintf("dcmdump died: %v", err)
		return out
	}
	index := map[string]int{}
	for i, f := range files {
		index[f] = i
	}
	for line := range strings.Lines(stderr.String()) {
		what, file, ok := strings.Cut(strings.TrimSpace(line), ": reading file: ")
		if i, known := index[file]; ok && known {
			out[i].refused = strings.TrimPrefix(what, "E: dcmdump: ")
		}
	}
	var at *reading
	body := false
	for line := range strings.Lines(stdout.String()) {
		line = strings.TrimSuffix(line, "\n")
		if _, file, ok := strings.Cut(line, "): "); ok && strings.HasPrefix(line, "# dcmdump (") {
			at, body = &out[index[file]], false
			continue
		}
		body = body || line == "# Dicom-Data-Set"
		if m := dumpLine.FindStringSubmatch(line); m != nil && body && at != nil {
			at.add(len(m[1])/2, m[2], m[3], m[4], m[5])
		}
	}
	return out
}

func (r *reading) add(depth int, tag, vr, value, length string) {
	switch {
	case tag == "fffe,e00d" || tag == "fffe,e0dd":
	case tag == "fffe,e000" && vr == "pi":
		r.lines = append(r.lines, fmt.Sprintf("%d item %s", depth, length))
	case tag == "fffe,e000":
		r.lines = append(r.lines, fmt.Sprintf("%d item", depth))
	case vr == "SQ" || strings.HasPrefix(value, "(PixelSequence "):
		r.lines = append(r.lines, fmt.Sprintf("%d (%s) %s", depth, tag, vr))
	default:
		r.lines = append(r.lines, fmt.Sprintf("%d (%s) %s %s", depth, tag, vr, length))
	}
}

// TestBesideDcmdump reads damaged objects, and with NECKFRAC_SHARED odd ones, with our
// reader and with dcmdump, and wants one verdict and one list of elements, but for the
// differences that a rule explains.
func TestBesideDcmdump(t *testing.T) {
	if *dumpMutants == 0 {
		t.Skip("needs DCMTK; run make dataset-diff")
	}
	fmt.Printf("%d mutants, -dcmdump-seed %d\n", *dumpMutants, *dumpSeed)
	m, dir := newMutator(t), t.TempDir()
	tally := newTally(t)
	const batch = 250
	for from := 0; from < *dumpMutants; from += batch {
		var files []string
		for n := from; n < min(from+batch, *dumpMutants); n++ {
			files = append(files, filepath.Join(dir, fmt.Sprintf("mutant-%d.dcm", n)))
			if err := os.WriteFile(files[n-from], m.make(*dumpSeed, uint64(n)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		tally.compare(files)
		for _, f := range files {
			if err := os.Remove(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	tally.print("mutants")
	if shared := os.Getenv("NECKFRAC_SHARED"); shared != "" {
		odd := newTally(t)
		odd.compare(collected(t, filepath.Join(shared, "data", "real-ct", "odd")))
		odd.print("odd files")
	}
}

func collected(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() && strings.HasSuffix(p, ".dcm") {
			files = append(files, p)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%d odd files: %v", len(files), err)
	}
	return files
}

// dumpTally counts how the two readers compare.
type dumpTally struct {
	t     *testing.T
	count map[string]int
	rules map[string]int
}

func newTally(t *testing.T) *dumpTally {
	return &dumpTally{t, map[string]int{}, map[string]int{}}
}

var outcomes = []string{"agree", "both refuse", "we refuse only", "they refuse only", "differ"}

func (d *dumpTally) compare(files []string) {
	d.t.Helper()
	theirs := theirsOf(d.t, files)
	for i, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			d.t.Fatal(err)
		}
		ours, theirs := oursOf(b), theirs[i]
		outcome := outcomeOf(ours, theirs)
		d.count[outcome]++
		if outcome == "agree" || outcome == "both refuse" {
			continue
		}
		if rules := explain(outcome, ours, theirs); len(rules) > 0 {
			for _, rule := range rules {
				d.rules[outcome+": "+rule]++
			}
			continue
		}
		d.t.Errorf("%s: %s\nours: %s%s\ntheirs: %s%s", filepath.Base(f), outcome, ours.refused, firstDifference(ours, theirs), theirs.refused, firstDifference(theirs, ours))
		if *dumpKeep != "" {
			if err := os.WriteFile(filepath.Join(*dumpKeep, filepath.Base(f)), b, 0o600); err != nil {
				d.t.Fatal(err)
			}
		}
	}
}

func outcomeOf(ours, theirs reading) string {
	switch {
	case ours.refused != "" && theirs.refused != "":
		return "both refuse"
	case ours.refused != "":
		return "we refuse only"
	case theirs.refused != "":
		return "they refuse only"
	case slices.EqualFunc(ours.lines, theirs.lines, sameLine):
		return "agree"
	}
	return "differ"
}

// firstDifference is the first line of a that b lacks there, for the log.
func firstDifference(a, b reading) string {
	if a.refused != "" || b.refused != "" {
		return ""
	}
	for i, line := range a.lines {
		if i >= len(b.lines) || !sameLine(line, b.lines[i]) && !sameLine(b.lines[i], line) {
			return fmt.Sprintf("line %d of %d: %s", i+1, len(a.lines), line)
		}
	}
	return fmt.Sprintf("all %d lines", len(a.lines))
}

func (d *dumpTally) print(what string) {
	var parts []string
	for _, o := range outcomes {
		parts = append(parts, fmt.Sprintf("%d %s", d.count[o], o))
	}
	fmt.Printf("%s: %s\n", what, strings.Join(parts, ", "))
	for _, r := range slices.Sorted(func(yield func(string) bool) {
		for r := range d.rules {
			if !yield(r) {
				return
			}
		}
	}) {
		fmt.Printf("  %5d %s\n", d.rules[r], r)
	}
}
