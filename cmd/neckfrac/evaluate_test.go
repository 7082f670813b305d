package main

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac/models/evaluate"
)

// TestEvaluateGate: a figure that a set can't give must not pass a limit.
func TestEvaluateGate(t *testing.T) {
	t.Parallel()
	report := func(level, patient, blind, blindPatient float64) evaluate.Report {
		at := func(x float64) evaluate.Estimate { return evaluate.Estimate{Value: evaluate.Number(x)} }
		return evaluate.Report{Vertebra: evaluate.Figures{AUC: at(level), BlindWithinAUC: at(blind), BlindAUC: at(0.7)},
			Patient: evaluate.Figures{AUC: at(patient), BlindAUC: at(blindPatient)}}
	}
	limits := EvaluateCmd{MinLevelAUC: 0.8, MinPatientAUC: 0.9, MaxBlindAUC: 0.55}
	nan := math.NaN()
	for _, tc := range []struct {
		name   string
		cmd    EvaluateCmd
		report evaluate.Report
		want   string
	}{
		{"at the limits", limits, report(0.8, 0.9, 0.55, 0.55), ""},
		{"level", limits, report(0.79, 0.9, 0.5, 0.5), "vertebra AUC is 0.790"},
		{"patient", limits, report(0.8, 0.89, 0.5, 0.5), "patient AUC is 0.890"},
		{"blind level", limits, report(0.8, 0.9, 0.56, 0.5), "vertebra AUC within levels with the image zeroed is 0.560"},
		{"blind patient", limits, report(0.8, 0.9, 0.5, 0.56), "patient AUC with the image zeroed is 0.560"},
		{"no figure", limits, report(nan, nan, nan, nan), "vertebra AUC is –"},
		{"no limits", EvaluateCmd{}, report(nan, 0, 1, 1), ""},
	} {
		err := tc.cmd.gate(tc.report)
		var exit *exitError
		switch {
		case tc.want == "" && err != nil:
			t.Errorf("%s: %v", tc.name, err)
		case tc.want != "" && (!errors.As(err, &exit) || exit.code != exitFailed || !strings.Contains(exit.text, tc.want)):
			t.Errorf("%s: got %v, want exit %d with %q", tc.name, err, exitFailed, tc.want)
		}
	}
}

func TestEvaluateUsage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, args := range [][]string{
		{"evaluate"},
		{"evaluate", "--in", dir, "--graphs", dir},
		{"evaluate", "--in", dir, "--graphs", dir, "--dump-scores", "s", "--pack", "p"},
		{"evaluate", "--in", dir, "--graphs", dir, "--dump-scores", "s", "--out", "o"},
	} {
		var out, errs strings.Builder
		if code := Run(args, Runtime{Context: t.Context(), Stdout: &out, Stderr: &errs}); code != exitUsage || out.Len() > 0 {
			t.Errorf("%v: exit %d, %s%s", args, code, &out, &errs)
		}
	}
}
