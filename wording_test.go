package neckfrac_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
)

// clearance are words that W1 and W2 forbid outside the two sentences that contain one.
var clearance = regexp.MustCompile(`(?i)\b(detected|positive|negative|normal|cleared|absent|safe|diagnos\w*|excluded?s?|remove|apply)\b`)

// allowed are the only places where such a word may stand.
var allowed = strings.NewReplacer(
	neckfrac.ResearchUse, "", neckfrac.PreviewCaption, "", neckfrac.NotExcluded, "",
)

func cases() []neckfrac.Assessment {
	var out []neckfrac.Assessment
	for _, pack := range []neckfrac.Domain{neckfrac.DomainSynthetic, neckfrac.DomainPatients} {
		for _, p := range []neckfrac.Presence{neckfrac.Indeterminate, neckfrac.NotFlagged, neckfrac.Suspected} {
			a := neckfrac.Assessment{Status: neckfrac.Analysed, Presence: p, Pack: neckfrac.PackID{Domain: pack}, Limits: neckfrac.Reasons()}
			for _, v := range neckfrac.Vertebrae() {
				f := neckfrac.Finding{Vertebra: v, Presence: neckfrac.NotFlagged}
				if v == neckfrac.C5 {
					f.Presence, f.Grade = p, neckfrac.GradeHigh
					a.Grade = neckfrac.GradeHigh
				}
				if v == neckfrac.C7 {
					f.Presence = neckfrac.NotImaged
				}
				a.Findings = append(a.Findings, f)
			}
			out = append(out, a)
		}
	}
	for _, r := range neckfrac.Reasons() {
		out = append(out, neckfrac.Assessment{Status: neckfrac.NotAnalysed, Reason: r, ReasonLevel: neckfrac.C2})
	}
	return out
}

func TestConclusionsKeepTheWordingRules(t *testing.T) {
	t.Parallel()
	read := neckfrac.ReadStatus{}.Sentence(time.UTC)
	for _, a := range cases() {
		for _, p := range []neckfrac.Profile{neckfrac.Research, neckfrac.Triage, neckfrac.Reading} {
			name := fmt.Sprintf("%s/%s/%s/%s", a.Status, a.Presence, a.Reason, p)
			got := neckfrac.Conclusion(a, p, read)
			if w := clearance.FindString(allowed.Replace(got)); w != "" {
				t.Errorf("%s: word %q in %q", name, w, got)
			}
			for _, must := range []string{neckfrac.ResearchUse, neckfrac.LimitsText} {
				if !strings.Contains(got, must) {
					t.Errorf("%s: %q is missing in %q", name, must, got)
				}
			}
			if synthetic := a.Pack.Domain == neckfrac.DomainSynthetic; synthetic != strings.Contains(got, neckfrac.SyntheticPack) {
				t.Errorf("%s: synthetic sentence wrong in %q", name, got)
			}
			if p == neckfrac.Triage && regexp.MustCompile(`\bC[1-7]\b|grade`).MatchString(got) && a.Status == neckfrac.Analysed {
				t.Errorf("%s: triage names a level or grade: %q", name, got)
			}
			if a.Presence == neckfrac.Suspected && !strings.Contains(got, neckfrac.Action) {
				t.Errorf("%s: no action in %q", name, got)
			}
		}
	}
}

func TestConclusionSentences(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 3600)
	asOf := time.Date(2026, 1, 2, 13, 32, 0, 0, time.UTC)
	flagged := neckfrac.Assessment{Status: neckfrac.Analysed, Presence: neckfrac.Suspected, Findings: []neckfrac.Finding{{Vertebra: neckfrac.C5, Presence: neckfrac.Suspected}}}
	tests := []struct{ name, got, want string }{
		{"no report yet", neckfrac.ReadStatus{Feed: true, AsOf: asOf}.Sentence(zone), "No radiologist report received as of 14:32 (+01:00)."},
		{"report received", neckfrac.ReadStatus{Feed: true, Received: asOf}.Sentence(zone), "Radiologist's report received 14:32; see report."},
		{"no feed", neckfrac.ReadStatus{}.Sentence(zone), "Read status not known to NeckFrac."},
		{"flag in reading", neckfrac.FlagSentence(flagged, neckfrac.Reading, "X."), "AI flag: possible fracture, C5. X."},
		{"flag in triage", neckfrac.FlagSentence(flagged, neckfrac.Triage, "X."), "AI flag: possible cervical spine fracture. X."},
		{"coverage", neckfrac.RefusalSentence(neckfrac.CoverageShort, neckfrac.C2), "Not analysed: coverage stops at C2."},
		{"gap", neckfrac.RefusalSentence(neckfrac.Gap, 0), "Not analysed: slices are missing."},
		{"grade", neckfrac.GradeSentence(neckfrac.GradeHigh), "AI severity grade: high (probability band; does not measure displacement, stability or cord risk)"},
	}
	for _, tc := range tests {
		if tc.got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, tc.got, tc.want)
		}
	}
}

// TestCoverageSentences: each level of a stack that starts in C1, misses C4 and ends in C6.
func TestCoverageSentences(t *testing.T) {
	t.Parallel()
	cover := [neckfrac.Levels]neckfrac.Coverage{0, 1, 2, 0, 2, 1, 0}
	want := [neckfrac.Levels]string{"C1 not analysed: not in the field of view.", "C2 not analysed: only partly in the field of view.",
		"C3 is wholly in the field of view.", "C4 not analysed: not found in the images.", "C5 is wholly in the field of view.",
		"C6 not analysed: only partly in the field of view.", "C7 not analysed: coverage stops at C5."}
	var a, before neckfrac.Assessment
	for i, v := range neckfrac.Vertebrae() {
		f := neckfrac.Finding{Vertebra: v, Presence: neckfrac.NotImaged, Coverage: cover[i]}
		if cover[i] == neckfrac.CoverageFull {
			f.Presence = neckfrac.NotFlagged
		}
		a.Findings = append(a.Findings, f)
		f.Coverage = 0
		before.Findings = append(before.Findings, f)
	}
	for i, v := range neckfrac.Vertebrae() {
		if got := neckfrac.CoverageSentence(a, v); got != want[i] {
			t.Errorf("got %q, want %q", got, want[i])
		}
	}
	if got := neckfrac.CoverageSentence(before, neckfrac.C7); got != want[6] {
		t.Errorf("a result without coverage: %q, want %q", got, want[6])
	}
	if got := neckfrac.CoverageSentence(neckfrac.Assessment{}, neckfrac.C3); got != "C3 not analysed: not in the field of view." {
		t.Errorf("nothing found: %q", got)
	}
}

func TestBasesHaveOneSentenceEach(t *testing.T) {
	t.Parallel()
	for _, b := range []neckfrac.Basis{neckfrac.BasisNotified, neckfrac.BasisCommitted, neckfrac.BasisCounted, neckfrac.BasisContiguous, neckfrac.BasisQuiet, neckfrac.BasisOverdue} {
		s := b.Text()
		if !b.Valid() || !strings.HasSuffix(s, ".") || strings.Count(s, ".") != 1 || clearance.MatchString(s) {
			t.Errorf("%s: %q is not one sentence by the rules", b, s)
		}
	}
	if !neckfrac.BasisUnknown.Valid() || neckfrac.BasisUnknown.Text() != "" || neckfrac.Basis("made-up").Valid() {
		t.Error("an unknown basis has a sentence, or a made-up one is valid")
	}
}

func TestReasonsHaveOneSentenceEach(t *testing.T) {
	t.Parallel()
	// The contract's closed list, written again by hand: a reason that is renamed or
	// lost breaks other systems.
	want := strings.Fields("no-eligible-series coverage coverage-partial gap geometry slice-thickness age-under-18 age-unknown hardware post-op contrast-unvalidated intrathecal-contrast intra-operative motion metal resolution level-ambiguous out-of-domain pixel-unreadable identity-conflict pack-fault no-pack worker-failed order-cancelled test-patient overdue")
	got := neckfrac.Reasons()
	if len(got) != len(want) {
		t.Fatalf("got %d reasons, want %d", len(got), len(want))
	}
	for i, r := range got {
		if string(r) != want[i] {
			t.Errorf("reason %d: got %q, want %q", i, r, want[i])
		}
		if s := r.Text(); !strings.HasSuffix(s, ".") || strings.Count(s, ".") != 1 {
			t.Errorf("%s: not one sentence: %q", r, s)
		}
	}
	if neckfrac.Reason("made-up").Valid() {
		t.Error("a reason outside the list is valid")
	}
}

func TestZeroPresenceIsNotAClearance(t *testing.T) {
	t.Parallel()
	var f neckfrac.Finding
	if f.Presence != neckfrac.Indeterminate {
		t.Fatalf("zero presence is %v", f.Presence)
	}
	if c, ok := neckfrac.NotImaged.Code(); ok {
		t.Errorf("not imaged has a value code %v", c)
	}
}

func TestEffectiveProfile(t *testing.T) {
	t.Parallel()
	phantom := neckfrac.PatientKey{Issuer: neckfrac.PhantomIssuer, ID: "NF-TEST-7"}
	tests := []struct {
		name   string
		domain neckfrac.Domain
		key    neckfrac.PatientKey
		want   neckfrac.Profile
	}{
		{"synthetic pack, phantom", neckfrac.DomainSynthetic, phantom, neckfrac.Reading},
		{"synthetic pack, patient", neckfrac.DomainSynthetic, neckfrac.PatientKey{Issuer: "H", ID: "1"}, neckfrac.Research},
		{"synthetic pack, id borrowed", neckfrac.DomainSynthetic, neckfrac.PatientKey{Issuer: "H", ID: "NF-TEST-7"}, neckfrac.Research},
		{"synthetic pack, issuer borrowed", neckfrac.DomainSynthetic, neckfrac.PatientKey{Issuer: neckfrac.PhantomIssuer, ID: "1"}, neckfrac.Research},
		{"prefix alone", neckfrac.DomainSynthetic, neckfrac.PatientKey{Issuer: neckfrac.PhantomIssuer, ID: neckfrac.PhantomIDPrefix}, neckfrac.Research},
		{"patients pack, patient", neckfrac.DomainPatients, neckfrac.PatientKey{Issuer: "H", ID: "1"}, neckfrac.Reading},
	}
	for _, tc := range tests {
		if got := neckfrac.EffectiveProfile(neckfrac.Reading, tc.domain, tc.key); got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.name, got, tc.want)
		}
	}
}

func TestIdentityMapSelectsByAuthority(t *testing.T) {
	t.Parallel()
	m := neckfrac.IdentityMap{
		{Issuer: "A", FHIRSystem: "urn:a", FHIRServer: "https://ehr-a"},
		{Issuer: "B", FHIRSystem: "urn:b"},
	}
	tests := []struct {
		name   string
		server string
		ids    []neckfrac.FHIRIdentifier
		want   int
	}{
		{"mapped", "https://ehr-a", []neckfrac.FHIRIdentifier{{System: "urn:a", Value: "1"}}, 1},
		{"same number, unknown authority", "https://ehr-a", []neckfrac.FHIRIdentifier{{System: "urn:x", Value: "1"}}, 0},
		{"other server of the same authority", "https://ehr-b", []neckfrac.FHIRIdentifier{{System: "urn:a", Value: "1"}}, 0},
		{"no system", "", []neckfrac.FHIRIdentifier{{Value: "1"}}, 0},
		{"two", "", []neckfrac.FHIRIdentifier{{System: "urn:a", Value: "1"}, {System: "urn:b", Value: "2"}}, 2},
	}
	for _, tc := range tests {
		if got := m.Keys(tc.server, tc.ids); len(got) != tc.want {
			t.Errorf("%s: got %v, want %d keys", tc.name, got, tc.want)
		}
	}
}
