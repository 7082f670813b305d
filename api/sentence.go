package api

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/neckfrac/neckfrac"
)

// researchBanner stands over results that stay here (W12).
const researchBanner = "Research profile: nothing leaves by itself."

// identityBanner stands over studies whose person is not certain (W16).
const identityBanner = "Identity to be checked."

// Banner is a sentence over a page; Kind selects its look.
type Banner struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// siteBanners are those of the worklist.
func siteBanners(p neckfrac.Profile) []Banner {
	out := []Banner{{"use", neckfrac.ResearchUse}}
	if p == neckfrac.Research {
		out = append(out, Banner{"research", researchBanner})
	}
	return out
}

// studyBanners are those of one study; a is nil without a result, which leaves the
// site's profile to speak.
func studyBanners(s neckfrac.Study, a *neckfrac.Assessment, site neckfrac.Profile) []Banner {
	if a != nil {
		site = a.Profile
	}
	out := siteBanners(site)
	if a != nil && a.Pack.Domain == neckfrac.DomainSynthetic {
		out = append(out, Banner{"synthetic", neckfrac.SyntheticPack})
	}
	if s.Patient.Key.IsPhantom() {
		out = append(out, Banner{"test", neckfrac.TestPatientMark})
	}
	if s.Conflict || !s.Patient.Key.Certain() {
		out = append(out, Banner{"identity", identityBanner})
	}
	return out
}

// limitSentences is W7: what is not assessed, what limits this result, and what made
// it.
func limitSentences(a neckfrac.Assessment) []string {
	out := []string{neckfrac.LimitsText}
	for _, r := range a.Limits {
		out = append(out, r.Text())
	}
	return append(out, neckfrac.ResearchUse)
}

// stateSentence tells a study's standing in a result's own words.
func stateSentence(st standing, a *neckfrac.Assessment, show reveal, readStatus string) string {
	switch st.State {
	case StateFlagged:
		return neckfrac.FlagSentence(*a, show.wording(), readStatus)
	case StateNotFlagged:
		return "No AI flag. " + neckfrac.NotExcluded
	case StateIndeterminate:
		return "AI result indeterminate. " + neckfrac.NotExcluded
	case StateNotAnalysed, StateOverdue:
		if !show.details {
			return neckfrac.RefusalSentence(st.Reason, 0)
		}
		return neckfrac.RefusalSentence(st.Reason, st.Level)
	case StateWithdrawn:
		return neckfrac.WithdrawnSentence
	case StateRunning:
		return "AI analysis running."
	case StateWaiting:
		return "Waiting for analysis."
	}
	if st.Bare {
		return "No image of this study was received."
	}
	return "Images are being received."
}

// updateSentence tells that newer images are not in the result yet.
func updateSentence(u State) string {
	switch u {
	case "":
		return ""
	case StateOverdue:
		return "Newer images were received; their result is overdue."
	}
	return "Newer images were received; their analysis is not in this result yet."
}

// levelSentences is what a page says of one level, in order: the state, and what
// goes with it.
func levelSentences(f neckfrac.Finding, a neckfrac.Assessment) []string {
	switch f.Presence {
	case neckfrac.Suspected:
		one := neckfrac.Assessment{Findings: []neckfrac.Finding{f}}
		out := []string{strings.TrimSpace(neckfrac.FlagSentence(one, neckfrac.Reading, ""))}
		if g := neckfrac.GradeSentence(f.Grade); g != "" {
			out = append(out, g+".")
		}
		return out
	case neckfrac.NotFlagged:
		return []string{"No AI flag at " + f.Vertebra.String() + ".", neckfrac.NotExcluded}
	case neckfrac.NotImaged:
		return []string{neckfrac.CoverageSentence(a, f.Vertebra)}
	}
	return []string{"AI result indeterminate at " + f.Vertebra.String() + ".", neckfrac.NotExcluded}
}

// pointSentence is W6 for one operating point: the figures and where they come from.
func pointSentence(p neckfrac.OperatingPoint) string {
	return fmt.Sprintf("Operating point %s: level threshold %.2f; sensitivity %s, specificity %s per level, measured on %s.",
		p.Name, p.Level.Probability, rateText(p.Level.Sensitivity), rateText(p.Level.Specificity), p.Validation)
}

func rateText(r neckfrac.Rate) string {
	if r.N == 0 {
		return "not measured"
	}
	pc := func(v float64) string { return strconv.FormatFloat(100*v, 'f', 1, 64) }
	return fmt.Sprintf("%s %% (95 %% interval %s–%s, n = %d)", pc(r.Value), pc(r.Low), pc(r.High), r.N)
}

// packSentence names what made the result.
func packSentence(p neckfrac.PackID) string {
	if p.ID == "" {
		return ""
	}
	return "Model pack " + p.ID + " " + p.Version + ", digest " + p.Digest + "."
}
