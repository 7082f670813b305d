package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
)

// pageStudy is the part of /api/v1/studies/{id} that tests read.
type pageStudy struct {
	Study struct {
		State    string   `json:"state"`
		Levels   []string `json:"levels"`
		Grade    string   `json:"grade"`
		Sentence string   `json:"sentence"`
		Images   int      `json:"images"`
		Reason   *struct {
			Code string `json:"code"`
		} `json:"reason"`
	} `json:"study"`
	Result *struct {
		Revision    int      `json:"revision"`
		Profile     string   `json:"profile"`
		Probability *float64 `json:"probability"`
		Details     bool     `json:"details"`
		Slices      int      `json:"slices"`
		Levels      []struct {
			Level, State string
		} `json:"levels"`
		Artefacts []struct {
			ID   string `json:"id"`
			Kind string `json:"kind"`
		} `json:"artefacts"`
	} `json:"result"`
	Revisions []struct {
		Revision int `json:"revision"`
	} `json:"revisions"`
}

func (r *running) page(t *testing.T, s testStudy) pageStudy {
	t.Helper()
	var p pageStudy
	decode(t, get(t, "http://"+r.HTTPAddr+"/api/v1/studies/"+s.uid), &p)
	return p
}

func TestStudyBecomesReportCardAndPage(t *testing.T) {
	t.Parallel()
	r := startService(t, nil)
	s := newStudy(1)
	s.send(t, r.DICOMAddr, 0, s.slices)
	rec := r.await(t, s, 1)
	if rec.Latest.Status != neckfrac.Analysed || rec.Latest.Slices != s.slices {
		t.Fatalf("status %s (%s), %d slices; want analysed, %d", rec.Latest.Status, rec.Latest.Reason, rec.Latest.Slices, s.slices)
	}
	report, levels := r.report(t, s)
	if report.Status != "preliminary" || !strings.Contains(report.Conclusion, "AI flag: possible fracture, C5.") {
		t.Errorf("report %s: %q", report.Status, report.Conclusion)
	}
	var states []string
	for _, o := range levels {
		if o.Status != "preliminary" || len(o.ValueCodeableConcept.Coding) == 0 {
			t.Fatalf("observation %s: status %s, value %+v", o.ID, o.Status, o.ValueCodeableConcept)
		}
		states = append(states, o.ValueCodeableConcept.Coding[0].Code)
	}
	const n = "not-flagged "
	if got, want := strings.Join(states, " "), strings.Repeat(n, 4)+"flagged "+strings.TrimSpace(n+n); got != want {
		t.Errorf("levels %q, want %q", got, want)
	}
	page := r.page(t, s)
	if page.Study.State != "flagged" || fmt.Sprint(page.Study.Levels) != "[C5]" || page.Study.Images != s.slices || page.Result == nil || !page.Result.Details || len(page.Result.Levels) != neckfrac.Levels {
		t.Errorf("page: %+v", page)
	}
	if len(page.Result.Artefacts) == 0 {
		t.Fatal("the page has no picture")
	}
	get(t, "http://"+r.HTTPAddr+"/api/v1/artefacts/"+page.Result.Artefacts[0].ID)
	if html := get(t, "http://"+r.HTTPAddr+"/studies/"+s.uid); !strings.Contains(html, "<html") {
		t.Errorf("page: %.100s", html)
	}
}

func TestCardNeedsOneCertainPerson(t *testing.T) {
	t.Parallel()
	r := startService(t, nil)
	s := newStudy(1)
	s.send(t, r.DICOMAddr, 0, s.slices)
	other := newStudy(2) // another person with the same number elsewhere
	other.patient = neckfrac.PatientKey{Issuer: "OTHER", ID: s.patient.ID}
	other.send(t, r.DICOMAddr, 0, other.slices)
	r.await(t, s, 1)
	r.await(t, other, 1)
	id := s.patient.ID
	for _, c := range []struct {
		name        string
		identifiers []string
		want        int
	}{
		{"the patient", []string{testSystem + "|" + id}, 1},
		{"the patient among numbers of nobody here", []string{testSystem + "|" + id, "urn:example:insurance|7"}, 1},
		{"same number, other issuer: a synthetic pack stays at research", []string{otherSystem + "|" + id}, 0},
		{"same number, issuer unknown", []string{"urn:example:nobody|" + id}, 0},
		{"unknown number", []string{testSystem + "|NF-TEST-404"}, 0},
		{"two persons", []string{testSystem + "|" + id, otherSystem + "|" + id}, 0},
		{"no identifier", nil, 0},
	} {
		cards, body := r.hook(t, c.identifiers...)
		if len(cards) != c.want {
			t.Errorf("%s: %d cards, want %d: %s", c.name, len(cards), c.want, body)
		}
		if c.want == 1 && len(cards) == 1 && (cards[0].Indicator != "warning" || !strings.Contains(cards[0].Summary, "C5")) {
			t.Errorf("%s: card %+v", c.name, cards[0])
		}
	}
}

func TestProfileBoundsWhatGoesOut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		profile neckfrac.Profile
		cards   int
		named   bool // levels in the sentences of card and report
		details bool // levels, numbers and marks for who asks page and API
	}{
		{neckfrac.Research, 0, true, true},
		{neckfrac.Triage, 1, false, false},
		{neckfrac.Reading, 1, true, true},
	} {
		t.Run(string(c.profile), func(t *testing.T) {
			t.Parallel()
			r := startService(t, func(cfg *Config, _ *Runtime) { cfg.Profile = string(c.profile) })
			s := newStudy(1)
			s.send(t, r.DICOMAddr, 0, s.slices)
			r.await(t, s, 1)
			cards, body := r.hook(t, testSystem+"|"+s.patient.ID)
			if len(cards) != c.cards {
				t.Fatalf("%d cards, want %d: %s", len(cards), c.cards, body)
			}
			if len(cards) == 1 && strings.Contains(body, "C5") != c.named {
				t.Errorf("level in the card: want %v: %s", c.named, body)
			}
			report, levels := r.report(t, s)
			if strings.Contains(report.Conclusion, "C5") != c.named {
				t.Errorf("level in the conclusion: want %v: %q", c.named, report.Conclusion)
			}
			if (len(levels) == neckfrac.Levels) != c.details {
				t.Errorf("%d level observations", len(levels))
			}
			p := r.page(t, s)
			if p.Result == nil || p.Result.Details != c.details || (p.Result.Probability != nil) != c.details || (len(p.Result.Levels) > 0) != c.details {
				t.Errorf("page: %+v", p.Result)
			}
		})
	}
}

func TestWithoutPackEveryStudyIsNotAnalysed(t *testing.T) {
	t.Parallel()
	r := startService(t, func(cfg *Config, rt *Runtime) { cfg.Models.Pack, rt.pack = "none", nil })
	s := newStudy(1)
	s.send(t, r.DICOMAddr, 0, s.slices)
	if rec := r.await(t, s, 1); rec.Latest.Status != neckfrac.NotAnalysed || rec.Latest.Reason != neckfrac.NoPack {
		t.Fatalf("got %s (%s)", rec.Latest.Status, rec.Latest.Reason)
	}
	report, _ := r.report(t, s)
	if report.Status != "cancelled" || !strings.Contains(report.Conclusion, "Not analysed") {
		t.Errorf("report %s: %q", report.Status, report.Conclusion)
	}
	if p := r.page(t, s); p.Study.Reason == nil || p.Study.Reason.Code != "no-pack" {
		t.Errorf("page: %+v", p.Study)
	}
	if cards, body := r.hook(t, testSystem+"|"+s.patient.ID); len(cards) != 0 {
		t.Errorf("a card without a result: %s", body)
	}
}

func TestGapIsAResult(t *testing.T) {
	t.Parallel()
	r := startService(t, nil)
	s := newStudy(1)
	s.send(t, r.DICOMAddr, 0, 10)
	s.send(t, r.DICOMAddr, 12, s.slices)
	if rec := r.await(t, s, 1); rec.Latest.Reason != neckfrac.Gap {
		t.Fatalf("got %s (%s), want not analysed for a gap", rec.Latest.Status, rec.Latest.Reason)
	}
	if report, _ := r.report(t, s); report.Status != "cancelled" {
		t.Errorf("report %s", report.Status)
	}
	// The missing slices mend it.
	s.send(t, r.DICOMAddr, 10, 12)
	if rec := r.await(t, s, 2); rec.Latest.Status != neckfrac.Analysed || rec.Latest.Slices != s.slices {
		t.Fatalf("got %s (%s)", rec.Latest.Status, rec.Latest.Reason)
	}
	if report, _ := r.report(t, s); report.Status != "preliminary" {
		t.Errorf("report %s", report.Status)
	}
}

func TestLateSlicesMakeARevision(t *testing.T) {
	t.Parallel()
	r := startService(t, nil)
	s := newStudy(1)
	s.send(t, r.DICOMAddr, 0, 20)
	first := r.await(t, s, 1)
	before, _ := r.report(t, s)
	s.send(t, r.DICOMAddr, 20, s.slices)
	second := r.await(t, s, 2)
	if first.Latest.Slices != 20 || second.Latest.Slices != s.slices || second.Latest.Revision != 2 || second.Latest.ID == first.Latest.ID {
		t.Errorf("revisions of %d and %d slices", first.Latest.Slices, second.Latest.Slices)
	}
	after, _ := r.report(t, s)
	if after.ID != before.ID || after.Status != "preliminary" {
		t.Errorf("report %s (%s), was %s: want a new version of the same", after.ID, after.Status, before.ID)
	}
	if p := r.page(t, s); len(p.Revisions) != 2 {
		t.Errorf("%d revisions on the page", len(p.Revisions))
	}
	// Sent once more, the same bytes are no news.
	s.send(t, r.DICOMAddr, 0, s.slices)
	last := newStudy(2)
	last.send(t, r.DICOMAddr, 0, last.slices)
	r.await(t, last, 1) // settled after the second sending had its time
	if rec := r.await(t, s, 2); rec.Latest.Revision != 2 {
		t.Errorf("a resent study has revision %d", rec.Latest.Revision)
	}
}

func TestWrongCalledAEIsRejected(t *testing.T) {
	t.Parallel()
	r := startService(t, nil)
	c, err := dicomnet.Dial(t.Context(), r.DICOMAddr, clientConfig("SOMEBODY"))
	if err == nil {
		c.Abort()
		t.Fatal("accepted")
	}
	if !strings.Contains(err.Error(), "rejected (1,1,7)") {
		t.Errorf("got %v, want called AE title not recognized", err)
	}
}

func TestAdminAnswers(t *testing.T) {
	t.Parallel()
	r := startService(t, nil)
	base := "http://" + r.AdminAddr
	if got := get(t, base+"/livez"); got != "ok\n" {
		t.Errorf("livez: %q", got)
	}
	if got := get(t, base+"/readyz"); got != "ready\n" {
		t.Errorf("readyz: %q", got)
	}
	get(t, "http://"+r.HTTPAddr+"/api/v1/studies")
	if got := get(t, base+"/metrics"); !strings.Contains(got, `neckfrac_http_requests_total{code="200",method="GET",route="/api/v1/studies"} 1`) {
		t.Errorf("metrics: %s", got)
	}
	for _, path := range []string{"/metrics", "/livez", "/debug/pprof/"} {
		rs, err := http.Get("http://" + r.HTTPAddr + path)
		if err != nil {
			t.Fatal(err)
		}
		rs.Body.Close()
		if rs.StatusCode != http.StatusNotFound {
			t.Errorf("%s on the public listener: %s", path, rs.Status)
		}
	}
}
