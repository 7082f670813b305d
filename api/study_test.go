package api_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/api"
)

func oneFlagged(p neckfrac.Profile) *ledger {
	l := &ledger{}
	first := flagged(p)
	first.ID, first.Revision, first.Status, first.Reason = "as0", 1, neckfrac.NotAnalysed, neckfrac.Gap
	first.Presence, first.Findings, first.Artefacts, first.Grade = 0, nil, nil, ""
	l.add(study("flagged", -4*time.Minute, neckfrac.StudyAssessed), neckfrac.JobAssessed, first, flagged(p))
	return l
}

func TestStudyShowsLevelsImagesAndHistory(t *testing.T) {
	t.Parallel()
	for _, profile := range []neckfrac.Profile{neckfrac.Research, neckfrac.Reading} {
		h := serve(t, config(t, oneFlagged(profile)))
		v := decode[api.StudyView](t, get(h, "/api/v1/studies/flagged"))
		r := v.Result
		if r == nil || !r.Details || r.Open != "C5" || len(r.Levels) != neckfrac.Levels {
			t.Fatalf("%s: got result %+v", profile, r)
		}
		c5, c7 := r.Levels[4], r.Levels[6]
		if c5.StateText != "flagged" || *c5.Probability != 0.8765 || c5.Sentences[1] != "AI severity grade: high (probability band; does not measure displacement, stability or cord risk)." {
			t.Errorf("%s: got C5 %+v", profile, c5)
		}
		if len(c5.Images) != 3 || c5.Images[0].Plane != "axial" || c5.Images[0].Caption != neckfrac.PreviewCaption || c5.Images[0].Href != "/api/v1/artefacts/k1" {
			t.Errorf("%s: got images %+v", profile, c5.Images)
		}
		if c5.Coverage != "full" || c5.CoverageText != "C5 is wholly in the field of view." || c5.KeySlice == nil || *c5.KeySlice != (api.KeySliceView{Instance: "1.2.3.1.7", Frame: 41}) {
			t.Errorf("%s: got C5 %+v, want coverage and key slice", profile, c5)
		}
		if c7.Coverage != "none" || c7.KeySlice != nil || r.ShearDegrees != 12.5 || r.Basis == nil || r.Basis.Code != "geometry" || r.Basis.Text != neckfrac.BasisContiguous.Text() {
			t.Errorf("%s: got C7 %+v, basis %+v", profile, c7, r.Basis)
		}
		if c7.Probability != nil || c7.Sentences[0] != "C7 not analysed: coverage stops at C6." {
			t.Errorf("%s: got C7 %+v", profile, c7)
		}
		if !strings.Contains(r.Conclusion, "AI flag: possible fracture, C5.") || *r.FlagThreshold != 0.41 || !strings.Contains(r.Points[0], "90.0 %") {
			t.Errorf("%s: got %q, threshold %v, points %v", profile, r.Conclusion, *r.FlagThreshold, r.Points)
		}
		if len(v.Revisions) != 2 || v.Revisions[0].Revision != 2 || v.Revisions[1].Sentence != "Not analysed: slices are missing." {
			t.Errorf("%s: got revisions %+v", profile, v.Revisions)
		}
		if len(r.Candidates) != 2 || !r.Candidates[0].Chosen || r.Candidates[1].Lost == "" {
			t.Errorf("%s: got candidates %+v", profile, r.Candidates)
		}
		if c := r.Candidates[1]; c.Rule != "thickness" || len(c.Rules) != 2 || c.Rules[1].Of != 16 || c.ThicknessMM != 5 || c.Kernel != "B30s" {
			t.Errorf("%s: got candidate %+v, want its facts, its points and the rule", profile, c)
		}
		kinds := map[string]bool{}
		for _, b := range v.Banners {
			kinds[b.Kind] = true
		}
		if kinds["research"] != (profile == neckfrac.Research) || !kinds["synthetic"] || kinds["test"] {
			t.Errorf("%s: got banners %v", profile, v.Banners)
		}
	}
}

func TestTriageShowsNoLevelGradeProbabilityOrMark(t *testing.T) {
	t.Parallel()
	for _, profile := range []neckfrac.Profile{neckfrac.Triage, ""} {
		h := serve(t, config(t, oneFlagged(profile)))
		for _, path := range []string{"/api/v1/studies/flagged", "/api/v1/studies"} {
			body := get(h, path).Body.String()
			if !strings.Contains(body, "AI flag: possible cervical spine fracture.") {
				t.Errorf("%q %s: the flag itself is missing: %s", profile, path, body)
			}
			for _, hidden := range []string{`"C5"`, "C5", "C7", `"grade"`, "severity", "0.9371", "0.8765", "probability", "levels", "threshold", "key-image", "k1", "mask", `"open"`} {
				if strings.Contains(body, hidden) {
					t.Errorf("%q %s: shows %q in %s", profile, path, hidden, body)
				}
			}
		}
	}
}

func TestPageOpensWhereToLookFirst(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		mend func(f *neckfrac.Finding)
		want string
	}{
		{"highest flagged", func(f *neckfrac.Finding) {
			if f.Vertebra == neckfrac.C6 {
				f.Presence, f.Probability = neckfrac.Suspected, 0.99
			}
		}, "C6"},
		{"only flagged", func(*neckfrac.Finding) {}, "C5"},
		{"indeterminate", func(f *neckfrac.Finding) {
			if f.Presence == neckfrac.Suspected {
				f.Presence = neckfrac.NotFlagged
			}
		}, "C3"},
		{"with pictures", func(f *neckfrac.Finding) { f.Presence = neckfrac.NotFlagged }, "C5"},
	} {
		a := flagged(reading)
		for i := range a.Findings {
			tc.mend(&a.Findings[i])
		}
		l := &ledger{}
		l.add(study("s", -time.Minute, neckfrac.StudyAssessed), neckfrac.JobAssessed, a)
		v := decode[api.StudyView](t, get(serve(t, config(t, l)), "/api/v1/studies/s"))
		if v.Result.Open != tc.want {
			t.Errorf("%s: opens %q, want %q", tc.name, v.Result.Open, tc.want)
		}
	}
}

func TestStudyByUID(t *testing.T) {
	t.Parallel()
	h := serve(t, config(t, oneFlagged(reading)))
	if v := decode[api.StudyView](t, get(h, "/api/v1/studies/1.2.826.1")); v.Study.ID != "flagged" {
		t.Errorf("got %q", v.Study.ID)
	}
	for _, id := range []string{"1.2.9", "unknown", "1..2", "a.b", "%2e%2e", strings.Repeat("a", 65)} {
		if w := get(h, "/api/v1/studies/"+id); w.Code != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", id, w.Code)
		}
	}
}

func TestUncertainIdentityIsShown(t *testing.T) {
	t.Parallel()
	l := &ledger{}
	s := study("s", 0, neckfrac.StudyReceiving)
	s.Patient.Key.Issuer = ""
	l.add(s, "")
	v := decode[api.StudyView](t, get(serve(t, config(t, l)), "/api/v1/studies/s"))
	if v.Result != nil || len(v.Study.Marks) != 1 || v.Study.Marks[0].Text != "Identity to be checked." {
		t.Errorf("got result %v marks %v", v.Result, v.Study.Marks)
	}
}

func TestArtefact(t *testing.T) {
	t.Parallel()
	digest := strings.Repeat("ab", 32)
	for _, tc := range []struct {
		name, id string
		profile  neckfrac.Profile
		header   []string
		want     int
		typ      string
	}{
		{"key image", "k1", reading, nil, 200, "image/png"},
		{"research page", "k1", neckfrac.Research, nil, 200, "image/png"},
		{"cached", "k1", reading, []string{"If-None-Match", `"` + digest + `"`}, 304, ""},
		{"range", "k1", reading, []string{"Range", "bytes=0-3"}, 206, "image/png"},
		{"bad range", "k1", reading, []string{"Range", "bytes=99-"}, 416, ""},
		{"foreign type is bytes", "mk", reading, nil, 200, "application/octet-stream"},
		{"triage: marked", "k1", neckfrac.Triage, nil, 403, "application/problem+json"},
		{"triage: key image without mark", "k3", neckfrac.Triage, nil, 403, "application/problem+json"},
		{"triage: mask", "mk", neckfrac.Triage, nil, 403, "application/problem+json"},
		{"triage: preview", "pv", neckfrac.Triage, nil, 200, "application/gzip"},
		{"profile unknown", "k1", "", nil, 403, "application/problem+json"},
		{"unknown", "zz", reading, nil, 404, "application/problem+json"},
		{"no id", "%2e%2e%2fpasswd", reading, nil, 404, "application/problem+json"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t, oneFlagged(tc.profile))
			if err := os.WriteFile(filepath.Join(cfg.Blobs.(store).dir, digest), []byte("png bytes"), 0o600); err != nil {
				t.Fatal(err)
			}
			w := get(serve(t, cfg), "/api/v1/artefacts/"+tc.id, tc.header...)
			if w.Code != tc.want || tc.typ != "" && w.Header().Get("Content-Type") != tc.typ {
				t.Fatalf("got %d %q, want %d %q", w.Code, w.Header().Get("Content-Type"), tc.want, tc.typ)
			}
			cache := w.Header().Get("Cache-Control")
			if ok := w.Code == 200; ok && (w.Body.String() != "png bytes" || w.Header().Get("ETag") != `"`+digest+`"` || cache != "private, max-age=31536000, immutable") {
				t.Errorf("got %q, ETag %s, cache %q", w.Body, w.Header().Get("ETag"), cache)
			}
			if w.Code >= 400 && cache != "no-store" && w.Code != 416 {
				t.Errorf("an error may be cached: %q", cache)
			}
		})
	}
}

func TestMissingBlobIsNotFound(t *testing.T) {
	t.Parallel()
	if w := get(serve(t, config(t, oneFlagged(reading))), "/api/v1/artefacts/k1"); w.Code != http.StatusNotFound || w.Header().Get("Etag") != "" {
		t.Errorf("got %d with tag %q, want 404 without", w.Code, w.Header().Get("Etag"))
	}
}
