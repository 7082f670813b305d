package api_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
)

// clearance finds the words that no output may hold (W1, W2).
var clearance = regexp.MustCompile(`(?i)\b(normal|cleared|negative|positive|absent|detected|diagnosis|diagnostic|safe|no fracture|present)\b`)

func TestNoAnswerClearsOrDiagnoses(t *testing.T) {
	t.Parallel()
	l := &ledger{}
	for i, p := range []neckfrac.Profile{neckfrac.Research, neckfrac.Triage, neckfrac.Reading} {
		for j, presence := range []neckfrac.Presence{neckfrac.Suspected, neckfrac.NotFlagged, neckfrac.Indeterminate} {
			a := flagged(p)
			a.Presence, a.Limits = presence, neckfrac.Reasons()
			l.add(study(string(rune('a'+3*i+j)), -time.Minute, neckfrac.StudyAssessed), neckfrac.JobAssessed, a)
		}
	}
	for i, r := range neckfrac.Reasons() {
		l.add(study("r"+string(rune('a'+i)), -time.Minute, neckfrac.StudyAssessed), neckfrac.JobAssessed,
			neckfrac.Assessment{Status: neckfrac.NotAnalysed, Reason: r, Profile: neckfrac.Triage, Revision: 1})
	}
	h := serve(t, config(t, l))
	paths := []string{"/api/v1/studies?limit=200", "/api/v1/openapi.json", "/api/v1/nothing"}
	for _, r := range l.records {
		paths = append(paths, "/api/v1/studies/"+string(r.Study.ID))
	}
	for _, path := range paths {
		body := get(h, path).Body.String()
		for _, allowed := range []string{neckfrac.ResearchUse, neckfrac.PreviewCaption} {
			body = strings.ReplaceAll(body, allowed, "")
		}
		if w := clearance.FindString(body); w != "" {
			t.Errorf("%s says %q", path, w)
		}
	}
}
