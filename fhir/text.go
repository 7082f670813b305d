package fhir

import (
	"html"
	"strings"

	"github.com/neckfrac/neckfrac"
)

// identityUnknown stands where W16 lets no person be named.
const identityUnknown = "Patient identity to be checked"

// conclusion is the report's prose with the model that it rests on (W7).
func (v View) conclusion() string {
	var s []string
	if v.Study.Patient.Key.IsPhantom() {
		s = append(s, neckfrac.TestPatientMark+".")
	}
	if v.Overdue {
		s = append(s, neckfrac.Overdue.Text())
	}
	if v.Assessment == nil {
		return strings.Join(append(s, neckfrac.LimitsText, neckfrac.ResearchUse), " ")
	}
	a := v.result()
	s = append(s, neckfrac.Conclusion(a, a.Profile, v.ReadStatus.Sentence(v.Site.zone())))
	if p := PackSentence(a.Pack); p != "" {
		s = append(s, p)
	}
	return strings.Join(s, " ")
}

// PackSentence names the model, its version and the pack's digest (W7), or is ""
// where no pack was used.
func PackSentence(p neckfrac.PackID) string {
	if deviceID(p) == "" {
		return ""
	}
	return "Model pack " + p.ID + ", version " + p.Version + ", digest " + deviceID(p) + "."
}

// standing are the notes that every resource with room for notes carries (W7, W13).
func (v View) standing() []string {
	a := v.result()
	var s []string
	if v.Study.Patient.Key.IsPhantom() {
		s = append(s, neckfrac.TestPatientMark+".")
	}
	for _, r := range a.Limits {
		if r.Valid() {
			s = append(s, "Limited: "+r.Text())
		}
	}
	s = append(s, neckfrac.LimitsText)
	if p := PackSentence(a.Pack); p != "" {
		s = append(s, p)
	}
	if a.Pack.Domain == neckfrac.DomainSynthetic {
		s = append(s, neckfrac.SyntheticPack)
	}
	return append(s, neckfrac.ResearchUse)
}

// pointSentence is W6's: what a number is measured against, and on which set.
func pointSentence(p neckfrac.OperatingPoint) string {
	s := "Flag threshold of operating point " + string(p.Name)
	if p.Validation != "" {
		s += ", validation set: " + p.Validation
	}
	return s + ". " + neckfrac.ConfirmationUnknown
}

// narrative is R4's XHTML subset of plain paragraphs.
func narrative(paragraphs ...string) string {
	var b strings.Builder
	b.WriteString(`<div xmlns="http://www.w3.org/1999/xhtml">`)
	for _, p := range paragraphs {
		b.WriteString("<p>" + html.EscapeString(p) + "</p>")
	}
	b.WriteString("</div>")
	return b.String()
}
