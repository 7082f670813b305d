package cdshooks

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/fhir"
)

// maxSummary is CDS Hooks' bound: under 140 characters.
const maxSummary = 139

// CardConfig is what a card says beside the result.
type CardConfig struct {
	// PublicURL is the reading page's absolute base without a trailing slash.
	PublicURL string
	// Zone is the site's zone. Defaults to UTC.
	Zone *time.Location
	// ReadStatus is what is known of the radiologist's report of the record's study.
	ReadStatus neckfrac.ReadStatus
	// Service and HookInstance make the uuid stable for one call.
	Service, HookInstance string
	// MaxStudyAge is W14's bound where the encounter can't be resolved. Defaults to
	// 24h, which it can't exceed.
	MaxStudyAge time.Duration
}

// Cards makes the cards for one study: one for a flag that may be shown, else none.
// It is pure; two calls with equal arguments give equal cards.
func Cards(rec neckfrac.Record, now time.Time, cfg CardConfig) []Card {
	if rec.Latest == nil {
		return nil
	}
	a := *rec.Latest
	// W13 once more: whatever was stored, a synthetic pack speaks of phantoms only.
	profile := neckfrac.EffectiveProfile(a.Profile, a.Pack.Domain, rec.Study.Patient.Key)
	if !shown(a, profile) || rec.Study.Conflict || !rec.Study.Patient.Key.Certain() ||
		!young(rec.Study, now, cfg.MaxStudyAge) || !cfg.ReadStatus.Received.IsZero() {
		return nil
	}
	zone := cfg.Zone
	if zone == nil {
		zone = time.UTC
	}
	read := cfg.ReadStatus.Sentence(zone)
	topic := neckfrac.CodeFractureFlag
	return []Card{{
		UUID:      cardUUID(a, cfg),
		Summary:   summary(rec.Study, a, profile, read),
		Detail:    detail(rec.Study, a, profile, read),
		Indicator: "warning", // W11
		Source: Source{Label: "NeckFrac", URL: cfg.PublicURL, Topic: &Coding{
			System: topic.System, Code: topic.Value, Display: topic.Display,
		}},
		Links: []Link{{
			Label: "Open the study in NeckFrac", Type: "absolute",
			URL: cfg.PublicURL + "/studies/" + url.PathEscape(string(rec.Study.ID)),
		}},
		Extension: map[string]Extension{extensionKey: extension(a, profile)},
	}}
}

// shown is W2 and W12: a flag at the balanced point or above, outside research.
func shown(a neckfrac.Assessment, p neckfrac.Profile) bool {
	if a.Status != neckfrac.Analysed || a.Presence != neckfrac.Suspected {
		return false
	}
	if p != neckfrac.Triage && p != neckfrac.Reading {
		return false
	}
	if atLeastBalanced(a.Point) {
		return true
	}
	return slices.ContainsFunc(a.Flagged(), func(f neckfrac.Finding) bool { return atLeastBalanced(f.Point) })
}

func atLeastBalanced(p neckfrac.PointName) bool {
	order := neckfrac.PointNames()
	return slices.Index(order, p) >= slices.Index(order, neckfrac.PointBalanced)
}

// young is W14. Acquisition and receipt both count: an old study that comes late is
// no news. A study without any time is not shown.
func young(s neckfrac.Study, now time.Time, limit time.Duration) bool {
	if limit <= 0 || limit > 24*time.Hour {
		limit = 24 * time.Hour
	}
	if s.LastReceived.IsZero() || now.Sub(s.LastReceived) >= limit {
		return false
	}
	return s.Started.IsZero() || now.Sub(s.Started) < limit
}

// summary is W1's sentence. Should it ever grow past the bound, the sentence without
// levels is the shorter truth.
func summary(s neckfrac.Study, a neckfrac.Assessment, p neckfrac.Profile, read string) string {
	mark := ""
	if s.Patient.Key.IsPhantom() {
		mark = neckfrac.TestPatientMark + ". "
	}
	text := mark + neckfrac.FlagSentence(a, p, read)
	if len([]rune(text)) > maxSummary {
		text = mark + neckfrac.FlagSentence(a, neckfrac.Triage, read)
	}
	return text
}

// detail is the whole conclusion as Markdown, then the numbers where the profile lets
// them out, then the model (W5 to W7, W13).
func detail(s neckfrac.Study, a neckfrac.Assessment, p neckfrac.Profile, read string) string {
	var parts []string
	if s.Patient.Key.IsPhantom() {
		parts = append(parts, escape(neckfrac.TestPatientMark+"."))
	}
	parts = append(parts, escape(neckfrac.Conclusion(a, p, read)))
	if p == neckfrac.Reading {
		parts = append(parts, numbers(a))
	}
	if m := fhir.PackSentence(a.Pack); m != "" {
		parts = append(parts, escape(m))
	}
	return strings.Join(parts, "\n\n")
}

// numbers is W6's list: what was flagged, and what each number is measured against.
func numbers(a neckfrac.Assessment) string {
	name := a.Decision.Flag
	if name == neckfrac.PointNone {
		name = neckfrac.PointBalanced
	}
	point, ok := a.Decision.Point(name)
	var lines []string
	line := func(what string, p float64, t neckfrac.Threshold) {
		s := "- " + what + ": calibrated probability " + percent(p)
		if ok {
			s += ", flag threshold " + percent(t.Probability)
		}
		lines = append(lines, s)
	}
	line("Patient", a.Probability, point.Patient)
	for _, f := range a.Flagged() {
		line(f.Vertebra.String(), f.Probability, point.Level)
	}
	lines = append(lines, "")
	var basis string
	if ok {
		basis = "Operating point " + string(point.Name)
		if point.Validation != "" {
			basis += ", validation set: " + point.Validation
		}
		basis += ". "
	}
	return strings.Join(append(lines, escape(basis+neckfrac.ConfirmationUnknown)), "\n")
}

func percent(p float64) string { return strconv.FormatFloat(p*100, 'f', 1, 64) + " %" }

func extension(a neckfrac.Assessment, p neckfrac.Profile) Extension {
	e := Extension{
		Assessment: string(a.ID), Revision: a.Revision, Profile: string(p),
		Model: a.Pack.ID, Version: a.Pack.Version, PackDigest: a.Pack.Digest,
	}
	if p != neckfrac.Reading {
		return e
	}
	e.Grade = string(a.Grade)
	e.Probabilities = map[string]float64{"patient": a.Probability}
	for _, f := range a.Findings {
		if f.Presence == neckfrac.Suspected || f.Presence == neckfrac.NotFlagged {
			e.Probabilities[f.Vertebra.String()] = f.Probability
		}
	}
	return e
}

// cardUUID is a UUID of version 8 (RFC 9562 §5.8): equal for one revision, service
// and hook instance, so that a repeated call is the same card for feedback.
func cardUUID(a neckfrac.Assessment, cfg CardConfig) string {
	sum := sha256.Sum256([]byte(strings.Join(
		[]string{string(a.ID), strconv.Itoa(a.Revision), cfg.Service, strings.ToLower(cfg.HookInstance)}, "\x00")))
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// markdownSpecial are the characters that GitHub's Markdown gives a meaning inside a
// line; escaped, a name from a pack can't become a link or HTML.
const markdownSpecial = "\\`*_[]<>&~|#"

// escape makes text plain in Markdown. Line breaks become spaces.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r == '\r':
			r = ' '
		case strings.ContainsRune(markdownSpecial, r):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
