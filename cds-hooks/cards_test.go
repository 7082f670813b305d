package cdshooks_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	cdshooks "github.com/neckfrac/neckfrac/cds-hooks"

	"github.com/neckfrac/neckfrac"
)

var now = time.Date(2026, 11, 23, 13, 30, 0, 0, time.UTC)

// flagged is a study with a flag at C5 in the reading profile.
func flagged() neckfrac.Record {
	a := neckfrac.Assessment{
		ID: "as-4k2z", StudyID: "st7q2m9x", Revision: 1, Status: neckfrac.Analysed, Presence: neckfrac.Suspected,
		Probability: 0.94, Point: neckfrac.PointAlert, Grade: neckfrac.GradeHigh, Profile: neckfrac.Reading,
		Pack: neckfrac.PackID{ID: "example_pack", Version: "1.0", Digest: strings.Repeat("9f2c", 16), Domain: neckfrac.DomainPatients},
		Decision: neckfrac.Decision{Flag: neckfrac.PointBalanced, Points: []neckfrac.OperatingPoint{{
			Name: neckfrac.PointBalanced, Patient: neckfrac.Threshold{Probability: 0.5}, Level: neckfrac.Threshold{Probability: 0.4},
			Validation: "example set, 300 studies",
		}}},
	}
	for _, l := range neckfrac.Vertebrae() {
		a.Findings = append(a.Findings, neckfrac.Finding{Vertebra: l, Presence: neckfrac.NotFlagged, Probability: 0.02})
	}
	a.Findings[neckfrac.C5.Index()] = neckfrac.Finding{
		Vertebra: neckfrac.C5, Presence: neckfrac.Suspected, Probability: 0.93, Point: neckfrac.PointAlert, Grade: neckfrac.GradeHigh,
	}
	return neckfrac.Record{
		Study: neckfrac.Study{
			ID: "st7q2m9x", UID: "1.2.826.0.1.3680043.10.999.1",
			Patient: neckfrac.Patient{Key: neckfrac.PatientKey{Issuer: "EXAMPLE", ID: "000417"}},
			Started: now.Add(-time.Hour), LastReceived: now.Add(-50 * time.Minute),
		},
		Latest: &a,
	}
}

func cardConfig() cdshooks.CardConfig {
	return cdshooks.CardConfig{
		PublicURL: "https://neckfrac.example.org", Zone: time.FixedZone("", 3600),
		ReadStatus: neckfrac.ReadStatus{Feed: true, AsOf: now},
		Service:    "neckfrac-patient-view", HookInstance: "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
	}
}

func TestCardsShownOrNot(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*neckfrac.Record, *cdshooks.CardConfig)
		want   int
	}{
		{"flag", func(*neckfrac.Record, *cdshooks.CardConfig) {}, 1},
		{"triage", func(r *neckfrac.Record, _ *cdshooks.CardConfig) { r.Latest.Profile = neckfrac.Triage }, 1},
		{"research", func(r *neckfrac.Record, _ *cdshooks.CardConfig) { r.Latest.Profile = neckfrac.Research }, 0},
		{"no profile", func(r *neckfrac.Record, _ *cdshooks.CardConfig) { r.Latest.Profile = "" }, 0},
		{"in work", func(r *neckfrac.Record, _ *cdshooks.CardConfig) { r.Latest = nil }, 0},
		{"refused", func(r *neckfrac.Record, _ *cdshooks.CardConfig) { r.Latest.Status = neckfrac.NotAnalysed }, 0},
		{"not flagged", func(r *neckfrac.Record, _ *cdshooks.CardConfig) { r.Latest.Presence = neckfrac.NotFlagged }, 0},
		{"indeterminate", func(r *neckfrac.Record, _ *cdshooks.CardConfig) { r.Latest.Presence = neckfrac.Indeterminate }, 0},
		{"second look only", func(r *neckfrac.Record, _ *cdshooks.CardConfig) {
			r.Latest.Point, r.Latest.Findings[4].Point = neckfrac.PointSecondLook, neckfrac.PointSecondLook
		}, 0},
		{"no point", func(r *neckfrac.Record, _ *cdshooks.CardConfig) {
			r.Latest.Point, r.Latest.Findings[4].Point = neckfrac.PointNone, neckfrac.PointNone
		}, 0},
		{"level alone at balanced", func(r *neckfrac.Record, _ *cdshooks.CardConfig) {
			r.Latest.Point, r.Latest.Findings[4].Point = neckfrac.PointNone, neckfrac.PointBalanced
		}, 1},
		{"patient alone at balanced", func(r *neckfrac.Record, _ *cdshooks.CardConfig) {
			r.Latest.Point, r.Latest.Findings[4].Point = neckfrac.PointBalanced, neckfrac.PointNone
		}, 1},
		{"report received", func(_ *neckfrac.Record, c *cdshooks.CardConfig) { c.ReadStatus.Received = now }, 0},
		{"two people", func(r *neckfrac.Record, _ *cdshooks.CardConfig) { r.Study.Conflict = true }, 0},
		{"no issuer", func(r *neckfrac.Record, _ *cdshooks.CardConfig) { r.Study.Patient.Key.Issuer = "" }, 0},
		{"scanned a day ago", func(r *neckfrac.Record, _ *cdshooks.CardConfig) { r.Study.Started = now.Add(-24 * time.Hour) }, 0},
		{"just under a day", func(r *neckfrac.Record, _ *cdshooks.CardConfig) {
			r.Study.Started = now.Add(-24*time.Hour + time.Second)
			r.Study.LastReceived = r.Study.Started
		}, 1},
		{"received a day ago", func(r *neckfrac.Record, _ *cdshooks.CardConfig) { r.Study.LastReceived = now.Add(-24 * time.Hour) }, 0},
		{"no study time", func(r *neckfrac.Record, _ *cdshooks.CardConfig) { r.Study.Started = time.Time{} }, 1},
		{"no time", func(r *neckfrac.Record, _ *cdshooks.CardConfig) {
			r.Study.Started, r.Study.LastReceived = time.Time{}, time.Time{}
		}, 0},
		{"site allows an hour", func(_ *neckfrac.Record, c *cdshooks.CardConfig) { c.MaxStudyAge = time.Hour }, 0},
		{"no site may allow two days", func(r *neckfrac.Record, c *cdshooks.CardConfig) {
			c.MaxStudyAge = 48 * time.Hour
			r.Study.Started = now.Add(-30 * time.Hour)
		}, 0},
		{"synthetic pack on a patient", func(r *neckfrac.Record, _ *cdshooks.CardConfig) { r.Latest.Pack.Domain = neckfrac.DomainSynthetic }, 0},
		{"synthetic pack on a phantom", func(r *neckfrac.Record, _ *cdshooks.CardConfig) {
			r.Latest.Pack.Domain = neckfrac.DomainSynthetic
			r.Study.Patient.Key = neckfrac.PatientKey{Issuer: neckfrac.PhantomIssuer, ID: "NF-TEST-0001"}
		}, 1},
	} {
		rec, cfg := flagged(), cardConfig()
		c.change(&rec, &cfg)
		if got := cdshooks.Cards(rec, now, cfg); len(got) != c.want {
			t.Errorf("%s: got %d cards, want %d", c.name, len(got), c.want)
		}
	}
}

// TestCardText is W1, W4, W5, W6, W7 and W13.
func TestCardText(t *testing.T) {
	t.Parallel()
	rec := flagged()
	card := cdshooks.Cards(rec, now, cardConfig())[0]
	if want := "AI flag: possible fracture, C5. No radiologist report received as of 14:30 (+01:00)."; card.Summary != want {
		t.Errorf("summary %q, want %q", card.Summary, want)
	}
	if card.Indicator != "warning" || card.Source.Topic.Code != "ai-fracture-flag" {
		t.Errorf("got %+v", card)
	}
	for _, want := range []string{
		neckfrac.Action, neckfrac.GradeSentence(neckfrac.GradeHigh), neckfrac.LimitsText, neckfrac.ResearchUse, neckfrac.ConfirmationUnknown,
		"C5: calibrated probability 93.0 %, flag threshold 40.0 %", "validation set: example set, 300 studies", `example\_pack, version 1.0, digest 9f2c9f2c9f2c9f2c`,
	} {
		if !strings.Contains(card.Detail, want) {
			t.Errorf("detail lacks %q:\n%s", want, card.Detail)
		}
	}
	if got := card.Links[0]; got.URL != "https://neckfrac.example.org/studies/st7q2m9x" || got.Type != "absolute" {
		t.Errorf("link %+v", got)
	}
	rec.Latest.Pack.Domain = neckfrac.DomainSynthetic
	rec.Study.Patient.Key = neckfrac.PatientKey{Issuer: neckfrac.PhantomIssuer, ID: "NF-TEST-0001"}
	card = cdshooks.Cards(rec, now, cardConfig())[0]
	if !strings.Contains(card.Detail, neckfrac.SyntheticPack) || !strings.HasPrefix(card.Summary, neckfrac.TestPatientMark) {
		t.Errorf("phantom: %s\n%s", card.Summary, card.Detail)
	}
}

// TestTriageCard is W12: nothing names a place or a number, also for machines.
func TestTriageCard(t *testing.T) {
	t.Parallel()
	rec := flagged()
	rec.Latest.Profile = neckfrac.Triage
	b, err := json.Marshal(cdshooks.Cards(rec, now, cardConfig()))
	if err != nil {
		t.Fatal(err)
	}
	if m := regexp.MustCompile(`(?i)\bC[1-7]\b|grade|probabilit|93\.0|0\.93|threshold`).Find(b); m != nil {
		t.Errorf("triage card says %q: %s", m, b)
	}
}

// TestWords reads every string of every card for W2's words.
func TestWords(t *testing.T) {
	t.Parallel()
	forbidden := regexp.MustCompile(`(?i)\b(detected|positive|negative|normal|cleared|absent|present|safe|diagnos\w*|ruled out|excluded|no fracture|mild|moderate|severe|remove|final)\b`)
	for _, p := range []neckfrac.Profile{neckfrac.Triage, neckfrac.Reading} {
		for _, r := range append(neckfrac.Reasons(), "") {
			rec := flagged()
			rec.Latest.Profile = p
			if r != "" {
				rec.Latest.Limits = []neckfrac.Reason{r}
			}
			b, err := json.Marshal(cdshooks.Cards(rec, now, cardConfig()))
			if err != nil {
				t.Fatal(err)
			}
			if m := forbidden.FindString(strings.ReplaceAll(string(b), neckfrac.ResearchUse, "")); m != "" {
				t.Errorf("%s %s: %q in %s", p, r, m, b)
			}
		}
	}
}

// TestSummaryBound: the longest summary stays under 140 characters.
func TestSummaryBound(t *testing.T) {
	t.Parallel()
	rec := flagged()
	for i := range rec.Latest.Findings {
		rec.Latest.Findings[i].Presence = neckfrac.Suspected
	}
	rec.Study.Patient.Key = neckfrac.PatientKey{Issuer: neckfrac.PhantomIssuer, ID: "NF-TEST-0001"}
	s := cdshooks.Cards(rec, now, cardConfig())[0].Summary
	if n := utf8.RuneCountInString(s); n >= 140 || !strings.Contains(s, "C7") {
		t.Errorf("%d characters: %s", n, s)
	}
}

func TestMarkdownIsEscaped(t *testing.T) {
	t.Parallel()
	rec := flagged()
	rec.Latest.Pack.ID = "[x](http://evil)\n<script>"
	d := cdshooks.Cards(rec, now, cardConfig())[0].Detail
	if strings.Contains(d, "<script>") || strings.Contains(d, "[x](") || strings.Contains(d, "\n\\<script") {
		t.Errorf("detail is not escaped: %s", d)
	}
}

// TestUUID: stable for one call, another for each revision, service and instance.
func TestUUID(t *testing.T) {
	t.Parallel()
	uuid := func(change func(*neckfrac.Record, *cdshooks.CardConfig)) string {
		rec, cfg := flagged(), cardConfig()
		change(&rec, &cfg)
		return cdshooks.Cards(rec, now, cfg)[0].UUID
	}
	first := uuid(func(*neckfrac.Record, *cdshooks.CardConfig) {})
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(first) {
		t.Errorf("no UUID of version 8: %s", first)
	}
	if again := uuid(func(_ *neckfrac.Record, c *cdshooks.CardConfig) { c.HookInstance = strings.ToUpper(c.HookInstance) }); again != first {
		t.Errorf("same call: %s and %s", first, again)
	}
	for name, change := range map[string]func(*neckfrac.Record, *cdshooks.CardConfig){
		"revision": func(r *neckfrac.Record, _ *cdshooks.CardConfig) { r.Latest.Revision = 2 },
		"service":  func(_ *neckfrac.Record, c *cdshooks.CardConfig) { c.Service = "neckfrac-order-sign" },
		"instance": func(_ *neckfrac.Record, c *cdshooks.CardConfig) {
			c.HookInstance = "00000000-dfbe-44ad-ba6d-3e05e953b2ea"
		},
	} {
		if got := uuid(change); got == first {
			t.Errorf("another %s has the same uuid", name)
		}
	}
}

func ExampleCards() {
	rec := flagged()
	rec.Latest.Profile = neckfrac.Triage
	for _, c := range cdshooks.Cards(rec, now, cardConfig()) {
		fmt.Println(c.Indicator + ": " + c.Summary)
	}
	// Output:
	// warning: AI flag: possible cervical spine fracture. No radiologist report received as of 14:30 (+01:00).
}
