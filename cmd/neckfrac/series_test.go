package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// seriesRun runs a series command.
func seriesRun(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Run(append([]string{"series"}, args...), Runtime{Context: t.Context(), Stdout: &out, Stderr: &errs})
	return code, out.String(), errs.String()
}

// ruleFile writes the shipped rules with texts replaced.
func ruleFile(t *testing.T, pairs ...string) string {
	t.Helper()
	_, text, _ := seriesRun(t, "rules")
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the shipped rules have no %s", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	path := filepath.Join(t.TempDir(), "rules.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// twoSeries writes a study with a bone and a soft series, 24 slices each, and a
// localizer.
func twoSeries(t *testing.T, dir string) testStudy {
	t.Helper()
	s := newStudy(77)
	for part, kernel := range []string{"B70f", "B30s", "localizer"} {
		for k := range s.slices {
			ds := s.dataset(k)
			uid := s.instance(k + 100*part)
			ds = ds.Put(dataset.NewText(dataset.TagSeriesInstanceUID, s.uid+"."+string(rune('1'+part)))).Put(dataset.NewText(dataset.TagSOPInstanceUID, uid)).
				Put(dataset.NewText(dataset.TagConvolutionKernel, kernel)).Put(dataset.NewText(dataset.TagSeriesDescription, "CSPINE "+kernel))
			if kernel == "localizer" {
				ds = ds.Put(dataset.NewText(dataset.TagImageType, "ORIGINAL", "PRIMARY", "LOCALIZER"))
			}
			var b bytes.Buffer
			meta := dataset.Meta{TransferSyntaxUID: dataset.ExplicitVRLittleEndian, SOPClassUID: dataset.CTImageStorage, SOPInstanceUID: uid, ImplementationClassUID: "1.2.3.4"}
			if err := dataset.EncodePart10(&b, meta, ds); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, uid), b.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return s
}

func decodeExplained(t *testing.T, stdout string) explained {
	t.Helper()
	var e explained
	if err := json.Unmarshal([]byte(stdout), &e); err != nil {
		t.Fatalf("%v in %s", err, stdout)
	}
	return e
}

func TestSeriesExplainFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := twoSeries(t, dir)
	code, out, _ := seriesRun(t, "explain", dir)
	for _, want := range []string{`study ` + s.uid + `, rules cervical-1: series "CSPINE B70f"`, "kernel/12", "chosen",
		"Another series has a bone kernel. [kernel]", "It is a localizer. [localizer: no-eligible-series]"} {
		if code != exitOK || !strings.Contains(out, want) {
			t.Errorf("exit %d, want %q in\n%s", code, want, out)
		}
	}
	code, out, _ = seriesRun(t, "explain", "--json", dir)
	e := decodeExplained(t, out)
	if code != exitOK || !e.Chosen || e.Changed || len(e.Candidates) != 3 || string(e.Candidates[0].Series) != s.uid+".1" || e.Candidates[2].Reason != neckfrac.NoEligibleSeries {
		t.Errorf("exit %d, %+v", code, e)
	}
}

// TestSeriesExplainTriesRules: rules that prefer a soft kernel choose the other series
// and say so; rules that can't be read are a usage error that names the rule.
func TestSeriesExplainTriesRules(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := twoSeries(t, dir)
	soft := ruleFile(t, `"id": "cervical-1"`, `"id": "soft-first"`, `^(B[678]\\d[A-Z]?|[BHQ]`, `^(B3\\d[A-Z]?|[HQ]`)
	code, out, errs := seriesRun(t, "explain", "--rules", soft, "--json", dir)
	e := decodeExplained(t, out)
	if code != exitOK || string(e.Candidates[0].Series) != s.uid+".2" || !e.Changed || string(e.Before) != s.uid+".1" || !strings.Contains(errs, "soft-first change the series of 1 of 1") {
		t.Errorf("exit %d, %+v, %s", code, e, errs)
	}
	if _, out, _ = seriesRun(t, "explain", "--rules", soft, dir); !strings.Contains(out, `changed: before it was "CSPINE B70f"`) {
		t.Errorf("no word of the change in\n%s", out)
	}
	code, _, errs = seriesRun(t, "explain", "--rules", ruleFile(t, `"below": 4`, `"under": 4`), dir)
	if code != exitUsage || !strings.Contains(errs, "under") {
		t.Errorf("exit %d, %s; want %d and the key", code, errs, exitUsage)
	}
}

func TestSeriesExplainNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newStudy(78)
	s.slices = 3
	s.write(t, dir)
	code, out, _ := seriesRun(t, "explain", dir)
	if code != exitNotAnalysed || !strings.Contains(out, "No CT series of the neck that can be analysed was received. (no-eligible-series)") {
		t.Errorf("exit %d, %s", code, out)
	}
	for _, args := range [][]string{{"no-such-thing"}, {"1.2.3", "--data", t.TempDir()}, {"--data", t.TempDir()}} {
		if code, _, errs := seriesRun(t, append([]string{"explain"}, args...)...); code != exitFailed || errs == "" {
			t.Errorf("%v: exit %d, %q; want %d and a line", args, code, errs, exitFailed)
		}
	}
}

// TestSeriesExplainPast asks a data directory beside its running service.
func TestSeriesExplainPast(t *testing.T) {
	t.Parallel()
	config := configFile(t, noPack+"study:\n  quiet: 1h\n")
	dir := filepath.Join(filepath.Dir(config), "data")
	c := startChild(t, config)
	s := newStudy(79)
	s.send(t, c.dicom, 0, s.slices)
	for _, args := range [][]string{{s.uid}, nil} {
		code, out, errs := seriesRun(t, append([]string{"explain", "--json", "--data", dir}, args...)...)
		if code != exitOK {
			t.Fatalf("%v: exit %d, %s", args, code, errs)
		}
		if e := decodeExplained(t, out); string(e.Study) != s.uid || !e.Chosen || e.Candidates[0].Slices != s.slices || e.Changed {
			t.Errorf("%v: %+v", args, e)
		}
	}
	if code, _, _ := seriesRun(t, "explain", "--data", dir, "1.2.3.99"); code != exitFailed {
		t.Errorf("unknown study: exit %d, want %d", code, exitFailed)
	}
}

func TestChosenBefore(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		a    neckfrac.Assessment
		want neckfrac.SeriesUID
		ok   bool
	}{
		{"analysed", neckfrac.Assessment{Series: "1.2"}, "1.2", true},
		{"no choice was made", neckfrac.Assessment{Reason: neckfrac.NoPack, Created: time.Now()}, "", false},
		{"refused for coverage", neckfrac.Assessment{Reason: neckfrac.CoverageShort, Candidates: []neckfrac.Candidate{{Series: "1.3"}}}, "1.3", true},
		{"refused for age", neckfrac.Assessment{Reason: neckfrac.AgeUnder18, Candidates: []neckfrac.Candidate{{Series: "1.4", Lost: "x", Reason: neckfrac.AgeUnder18}}}, "1.4", true},
		{"refused by the gate", neckfrac.Assessment{Reason: neckfrac.Gap, Candidates: []neckfrac.Candidate{{Series: "1.5", Lost: "x", Rule: "gate", Reason: neckfrac.Gap}}}, "", true},
	} {
		if got, ok := chosenBefore(tc.a); got != tc.want || ok != tc.ok {
			t.Errorf("%s: %q %v, want %q %v", tc.name, got, ok, tc.want, tc.ok)
		}
	}
}
