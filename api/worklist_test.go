package api_test

import (
	"context"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/api"
)

func TestStateOfAStudy(t *testing.T) {
	t.Parallel()
	result := func(status neckfrac.Status, p neckfrac.Presence, r neckfrac.Reason, t0 time.Duration) *neckfrac.Assessment {
		return &neckfrac.Assessment{Status: status, Presence: p, Reason: r, T0: now.Add(t0), Created: now, Revision: 1, Profile: reading, ReasonLevel: neckfrac.C2}
	}
	const fresh, old, noImage = -time.Minute, -11 * time.Minute, time.Duration(0)
	for _, tc := range []struct {
		name          string
		state         neckfrac.StudyState
		job           neckfrac.JobState
		received      time.Duration
		latest        *neckfrac.Assessment
		want, update  api.State
		reason, words string
	}{
		{"just arriving", neckfrac.StudyReceiving, "", fresh, nil, api.StateReceived, "", "", "Images are being received."},
		{"objects without an image are not overdue", neckfrac.StudyReceiving, "", noImage, nil, api.StateReceived, "", "", "No image of this study was received."},
		{"taken back by its source", neckfrac.StudyAssessed, neckfrac.JobAssessed, old, result(neckfrac.Withdrawn, 0, "", old), api.StateWithdrawn, "", "", neckfrac.WithdrawnSentence},
		{"settled", neckfrac.StudyQueued, neckfrac.JobReady, fresh, nil, api.StateWaiting, "", "", "Waiting for analysis."},
		{"cancelled is not silent", neckfrac.StudyQueued, neckfrac.JobCancelled, old, nil, api.StateOverdue, "", "overdue", "Not analysed: no result in the expected time."},
		{"running", neckfrac.StudyQueued, neckfrac.JobRunning, fresh, nil, api.StateRunning, "", "", "AI analysis running."},
		{"running too long", neckfrac.StudyQueued, neckfrac.JobRunning, old, nil, api.StateOverdue, "", "overdue", "Not analysed: no result in the expected time."},
		{"exactly in time", neckfrac.StudyQueued, neckfrac.JobReady, -10 * time.Minute, nil, api.StateWaiting, "", "", "Waiting for analysis."},
		{"failed", neckfrac.StudyQueued, neckfrac.JobFailed, fresh, nil, api.StateNotAnalysed, "", "worker-failed", "Not analysed: the analysis failed repeatedly."},
		{"refused", neckfrac.StudyAssessed, neckfrac.JobAssessed, old, result(neckfrac.NotAnalysed, 0, neckfrac.CoverageShort, old), api.StateNotAnalysed, "", "coverage", "Not analysed: coverage stops at C2."},
		{"not flagged", neckfrac.StudyAssessed, neckfrac.JobAssessed, old, result(neckfrac.Analysed, neckfrac.NotFlagged, "", old), api.StateNotFlagged, "", "", "No AI flag. Does not exclude a fracture."},
		{"zero presence", neckfrac.StudyAssessed, neckfrac.JobAssessed, old, result(neckfrac.Analysed, 0, "", old), api.StateIndeterminate, "", "", "AI result indeterminate. Does not exclude a fracture."},
		{"newer images", neckfrac.StudyReceiving, neckfrac.JobAssessed, fresh, result(neckfrac.Analysed, neckfrac.NotFlagged, "", old), api.StateNotFlagged, api.StateReceived, "", "No AI flag. Does not exclude a fracture."},
		{"newer images overdue", neckfrac.StudyQueued, neckfrac.JobReady, old, result(neckfrac.Analysed, neckfrac.NotFlagged, "", -time.Hour), api.StateNotFlagged, api.StateOverdue, "", "No AI flag. Does not exclude a fracture."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			l := &ledger{}
			l.add(study("s", tc.received, tc.state), tc.job)
			l.records[0].Latest = tc.latest
			if tc.received == noImage {
				l.records[0].Study.LastReceived = time.Time{}
			}
			rows := decode[api.Worklist](t, get(serve(t, config(t, l)), "/api/v1/studies")).Studies
			if len(rows) != 1 {
				t.Fatalf("got %d rows, want 1", len(rows))
			}
			reason := ""
			if rows[0].Reason != nil {
				reason = rows[0].Reason.Code
			}
			if rows[0].State != tc.want || rows[0].Update != tc.update || reason != tc.reason || rows[0].Sentence != tc.words {
				t.Errorf("got %s/%s/%s %q, want %s/%s/%s %q", rows[0].State, rows[0].Update, reason, rows[0].Sentence, tc.want, tc.update, tc.reason, tc.words)
			}
		})
	}
}

// many is a ledger of five waiting studies and one flagged, the flagged the oldest.
func many() *ledger {
	l := &ledger{}
	for i := range 5 {
		l.add(study("s"+strconv.Itoa(i), -time.Duration(i)*time.Second, neckfrac.StudyReceiving), "")
	}
	l.add(study("flagged", -4*time.Minute, neckfrac.StudyAssessed), neckfrac.JobAssessed, flagged(reading))
	return l
}

func TestWorklistPutsFlaggedFirstAndPages(t *testing.T) {
	t.Parallel()
	h := serve(t, config(t, many()))
	var ids []string
	for offset := 0; offset < 8; offset += 2 {
		w := decode[api.Worklist](t, get(h, "/api/v1/studies?limit=2&offset="+strconv.Itoa(offset)))
		if w.Total != 6 || w.Counts[api.StateFlagged] != 1 || w.Counts[api.StateReceived] != 5 || w.More {
			t.Errorf("offset %d: got total %d counts %v more %v", offset, w.Total, w.Counts, w.More)
		}
		for _, r := range w.Studies {
			ids = append(ids, r.ID)
		}
	}
	want := []string{"flagged", "s0", "s1", "s2", "s3", "s4"}
	if len(ids) != len(want) {
		t.Fatalf("got %v, want %v", ids, want)
	}
	for i := range want {
		if ids[i] != want[i] {
			t.Fatalf("got %v, want %v", ids, want)
		}
	}
}

func TestWorklistRowTellsLevelsGradeAndWait(t *testing.T) {
	t.Parallel()
	cfg := config(t, many())
	cfg.Zone = time.FixedZone("", 3600)
	cfg.Priority = func(context.Context, neckfrac.StudyID) neckfrac.Priority { return neckfrac.Stat }
	cfg.ReadStatus = func(context.Context, neckfrac.Study) neckfrac.ReadStatus {
		return neckfrac.ReadStatus{Feed: true, AsOf: now}
	}
	r := decode[api.Worklist](t, get(serve(t, cfg), "/api/v1/studies")).Studies[0]
	if r.Sentence != "AI flag: possible fracture, C5. No radiologist report received as of 15:30 (+01:00)." {
		t.Errorf("got sentence %q", r.Sentence)
	}
	if r.Grade != "high" || len(r.Levels) != 1 || r.Levels[0] != "C5" || r.Priority != "stat" || r.Images != 280 {
		t.Errorf("got grade %q levels %v priority %q images %d", r.Grade, r.Levels, r.Priority, r.Images)
	}
	if got := r.WaitTo.Sub(r.WaitFrom); got != 2*time.Minute {
		t.Errorf("got wait %v, want 2m", got)
	}
	if r.Patient.Name != "Doe, Jane Q" || r.Patient.BirthDate != "1960-02-29" {
		t.Errorf("got patient %+v", r.Patient)
	}
	if r.Received.Format("15:04") != "15:26" {
		t.Errorf("got %v, want the site's zone", r.Received)
	}
}

func TestWorklistIsNotModified(t *testing.T) {
	t.Parallel()
	h := serve(t, config(t, many()))
	tag := get(h, "/api/v1/studies").Header().Get("ETag")
	if tag == "" {
		t.Fatal("no entity tag")
	}
	if w := get(h, "/api/v1/studies", "If-None-Match", `"x", W/`+tag); w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("got %d with %d bytes, want 304 without", w.Code, w.Body.Len())
	}
	if w := get(h, "/api/v1/studies", "If-None-Match", `"x"`); w.Code != http.StatusOK {
		t.Errorf("got %d, want 200", w.Code)
	}
}

func TestWorklistWindowSaysThatThereIsMore(t *testing.T) {
	t.Parallel()
	cfg := config(t, many())
	cfg.Limits.Worklist = 3
	if w := decode[api.Worklist](t, get(serve(t, cfg), "/api/v1/studies")); !w.More || w.Total != 3 {
		t.Errorf("got more %v total %d, want true 3", w.More, w.Total)
	}
}

func TestWorklistRefusesParameters(t *testing.T) {
	t.Parallel()
	h := serve(t, config(t, many()))
	for _, q := range []string{"limit=0", "limit=201", "limit=x", "limit=1&limit=2", "offset=-1", "offset=501", "uid=1..2", "accession=", "sort=name", "limit=99999999999999999999"} {
		if w := get(h, "/api/v1/studies?"+q); w.Code != http.StatusBadRequest {
			t.Errorf("%s: got %d, want 400", q, w.Code)
		}
	}
	for _, q := range []string{"limit=200", "offset=500", "uid=1.2.826.1", "accession=A1"} {
		if w := get(h, "/api/v1/studies?"+q); w.Code != http.StatusOK {
			t.Errorf("%s: got %d, want 200", q, w.Code)
		}
	}
}
