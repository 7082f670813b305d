package neckfrac

import (
	"strings"
	"time"
)

// The sentences that leave the house, product.md W1–W13. Every output takes them
// from here, so that a test of this file and of the rendered outputs is a test of
// what people read.
const (
	// ResearchUse stands on every output.
	ResearchUse = "Research software, not a cleared medical device."
	// Action is the only advice given (W4).
	Action = "Keep precautions and review per local protocol."
	// NotExcluded stands beside every level that is not flagged (W2).
	NotExcluded = "Does not exclude a fracture."
	// PreviewCaption is burnt into every picture (W9).
	PreviewCaption = "for prioritisation, not diagnosis"
	// LimitsText is the fixed part of W7.
	LimitsText = "For adults. C0, T1, ligament, disc, cord and vessels are not assessed."
	// SyntheticPack stands on every output of a synthetic pack (W13).
	SyntheticPack = "Trained on synthetic CT; not validated on patients."
	// ReportTitle is the text of the report's code.
	ReportTitle = "AI analysis of CT cervical spine (not a radiologist report)"
	// ConfirmationUnknown is said where the site has measured no confirmation rate (W6).
	ConfirmationUnknown = "Confirmation rate: not yet measured here."
	// WithdrawnSentence is all that is said of a study whose source took it back.
	WithdrawnSentence = "Withdrawn: the source of the images took them back. Earlier results of this study are void."
	// TestPatientMark stands on outputs for the generator's own patients.
	TestPatientMark = "TEST – SYNTHETIC"
)

// ReadStatus is what is known of the radiologist's report (W1). The zero value says
// that nothing is known.
type ReadStatus struct {
	// Feed is true where a report feed is configured and alive.
	Feed bool
	// AsOf is when the feed was last heard, Received when the report came.
	AsOf     time.Time
	Received time.Time
}

// Sentence renders the status in the site's zone.
func (r ReadStatus) Sentence(zone *time.Location) string {
	switch {
	case !r.Received.IsZero():
		return "Radiologist's report received " + r.Received.In(zone).Format("15:04") + "; see report."
	case r.Feed:
		return "No radiologist report received as of " + r.AsOf.In(zone).Format("15:04 (-07:00)") + "."
	}
	return "Read status not known to NeckFrac."
}

// FlagSentence is W1's, with the levels where the profile lets them out.
func FlagSentence(a Assessment, p Profile, readStatus string) string {
	if p == Triage {
		return "AI flag: possible cervical spine fracture. " + readStatus
	}
	var levels []string
	for _, f := range a.Flagged() {
		levels = append(levels, f.Vertebra.String())
	}
	if len(levels) == 0 {
		return "AI flag: possible cervical spine fracture, level not named. " + readStatus
	}
	return "AI flag: possible fracture, " + strings.Join(levels, ", ") + ". " + readStatus
}

// GradeSentence is W5's, for flagged results only.
func GradeSentence(g Grade) string {
	if g == GradeNone {
		return ""
	}
	return "AI severity grade: " + string(g) + " (probability band; does not measure displacement, stability or cord risk)"
}

// RefusalSentence is W3's for a study that was not analysed.
func RefusalSentence(r Reason, last Vertebra) string {
	if r == CoverageShort && last.Valid() {
		return "Not analysed: coverage stops at " + last.String() + "."
	}
	return "Not analysed: " + r.clause() + "."
}

// CoverageSentence says how much of a level the field of view holds (W3): wholly, partly
// or not, by the findings of an analysed study.
func CoverageSentence(a Assessment, v Vertebra) string {
	var has Coverage
	first, last := Vertebra(0), Vertebra(0)
	for _, f := range a.Findings {
		c := f.Coverage
		if f.Presence != NotImaged {
			c = CoverageFull // also in results that were stored without a coverage
		}
		if c != CoverageNone && first == 0 {
			first = f.Vertebra
		}
		if c == CoverageFull {
			last = max(last, f.Vertebra)
		}
		if f.Vertebra == v {
			has = c
		}
	}
	switch {
	case has == CoverageFull:
		return v.String() + " is wholly in the field of view."
	case has == CoveragePartial:
		return v.String() + " not analysed: only partly in the field of view."
	case last.Valid() && v > last:
		return v.String() + " not analysed: coverage stops at " + last.String() + "."
	case first.Valid() && v > first:
		return v.String() + " not analysed: not found in the images."
	}
	return v.String() + " not analysed: not in the field of view."
}

// Conclusion is the report's conclusion, one fixed order of sentences for every
// output that has room for prose.
func Conclusion(a Assessment, p Profile, readStatus string) string {
	var s []string
	switch {
	case a.Status == Withdrawn:
		s = append(s, WithdrawnSentence)
	case a.Status == NotAnalysed:
		last := a.ReasonLevel
		if p == Triage {
			last = 0 // W12: no level anywhere
		}
		s = append(s, RefusalSentence(a.Reason, last))
	case a.Presence == Suspected:
		s = append(s, FlagSentence(a, p, readStatus))
		if g := GradeSentence(a.Grade); p != Triage && g != "" {
			s = append(s, g+".")
		}
		s = append(s, Action)
	case a.Presence == Indeterminate:
		s = append(s, "AI result indeterminate. "+NotExcluded, readStatus)
	default:
		s = append(s, "No AI flag. "+NotExcluded, readStatus)
	}
	for _, r := range a.Limits {
		s = append(s, "Limited: "+r.clause()+".")
	}
	if a.Status == Analysed && p != Triage {
		for _, f := range a.Findings {
			if f.Presence == NotImaged {
				s = append(s, CoverageSentence(a, f.Vertebra))
			}
		}
	}
	if c := a.Contrast.Sentence(); c != "" {
		s = append(s, c)
	}
	s = append(s, LimitsText)
	if a.Pack.Domain == DomainSynthetic {
		s = append(s, SyntheticPack)
	}
	return strings.Join(append(s, ResearchUse), " ")
}
