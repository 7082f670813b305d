package api

import (
	"context"
	"strings"
	"time"

	"github.com/neckfrac/neckfrac"
)

// The types of openapi.json. Times are in the site's zone.

// PatientView is the person as the images name it.
type PatientView struct {
	Name      string `json:"name,omitempty"`
	ID        string `json:"id,omitempty"`
	Issuer    string `json:"issuer,omitempty"`
	BirthDate string `json:"birthDate,omitempty"`
	Sex       string `json:"sex,omitempty"`
	AgeYears  *int   `json:"ageYears,omitempty"`
}

// ReasonView is a reason's code and its sentence.
type ReasonView struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// Row is a study in the worklist.
type Row struct {
	ID          string      `json:"id"`
	UID         string      `json:"uid"`
	Patient     PatientView `json:"patient"`
	Accession   string      `json:"accession,omitempty"`
	Description string      `json:"description,omitempty"`
	From        string      `json:"from,omitempty"`
	Started     time.Time   `json:"started,omitzero"`
	Received    time.Time   `json:"received,omitzero"`
	Images      int         `json:"images"`
	State       State       `json:"state"`
	StateText   string      `json:"stateText"`
	Update      State       `json:"update,omitempty"`
	Sentence    string      `json:"sentence"`
	UpdateText  string      `json:"updateText,omitempty"`
	Reason      *ReasonView `json:"reason,omitempty"`
	Priority    string      `json:"priority,omitempty"`
	// WaitFrom and WaitTo bound the wait; without WaitTo it still runs.
	WaitFrom time.Time `json:"waitFrom,omitzero"`
	WaitTo   time.Time `json:"waitTo,omitzero"`
	Revision int       `json:"revision,omitempty"`
	Profile  string    `json:"profile"`
	// Grade and Levels are left out where the result's profile hides them. People are
	// shown GradeSentence, never the bare word (W5).
	Grade         string   `json:"grade,omitempty"`
	GradeSentence string   `json:"gradeSentence,omitempty"`
	Levels        []string `json:"levels,omitempty"`
	Marks         []Banner `json:"marks"`
}

// row renders a record. Nothing in it is decided but by stand and revealOf.
func (s *Server) row(ctx context.Context, r neckfrac.Record, readStatus string) Row {
	st := stand(r, s.cfg.Now(), s.cfg.OverdueAfter)
	out := Row{
		ID: string(r.Study.ID), UID: string(r.Study.UID), Patient: patientView(r.Study.Patient),
		Accession: string(r.Study.Accession), Description: r.Study.Description, From: string(r.Study.From),
		Started: s.local(r.Study.Started), Received: s.local(r.Study.LastReceived),
		State: st.State, StateText: st.State.text(), Update: st.Update, UpdateText: updateSentence(st.Update),
		WaitFrom: s.local(r.Study.LastReceived), Profile: string(s.cfg.Profile), Marks: []Banner{},
	}
	for _, series := range r.Study.Series {
		out.Images += series.Count
	}
	if st.Reason != "" {
		out.Reason = &ReasonView{Code: string(st.Reason), Text: st.Reason.Text()}
	}
	if s.cfg.Priority != nil {
		out.Priority = string(s.cfg.Priority(ctx, r.Study.ID))
	}
	show := reveal{}
	if a := r.Latest; a != nil {
		show = revealOf(a.Profile)
		out.Revision, out.Profile = a.Revision, string(a.Profile)
		if st.Update == "" {
			out.WaitFrom, out.WaitTo = s.local(a.T0), s.local(a.Created)
		}
		if show.details && st.State == StateFlagged {
			out.Grade, out.GradeSentence = string(a.Grade), neckfrac.GradeSentence(a.Grade)
			for _, f := range a.Flagged() {
				out.Levels = append(out.Levels, f.Vertebra.String())
			}
		}
	}
	out.Sentence = strings.TrimSpace(stateSentence(st, r.Latest, show, readStatus))
	for _, b := range studyBanners(r.Study, r.Latest, s.cfg.Profile) {
		if b.Kind == "synthetic" || b.Kind == "test" || b.Kind == "identity" {
			out.Marks = append(out.Marks, b)
		}
	}
	return out
}

// local puts a time into the site's zone; the zero time stays zero and is left out.
func (s *Server) local(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(s.cfg.Zone).Truncate(time.Millisecond)
}

func patientView(p neckfrac.Patient) PatientView {
	out := PatientView{Name: personName(p.Name), ID: p.Key.ID, Issuer: p.Key.Issuer, Sex: p.Sex, BirthDate: p.BirthDate}
	if d, err := time.Parse("20060102", p.BirthDate); err == nil {
		out.BirthDate = d.Format(time.DateOnly)
	}
	if p.AgeYears >= 0 {
		age := p.AgeYears
		out.AgeYears = &age
	}
	return out
}

// personName writes the first group of a DICOM person name (PS3.5 §6.2.1) as
// "Family, Given Middle".
func personName(pn string) string {
	pn, _, _ = strings.Cut(pn, "=")
	parts := strings.Split(pn, "^")
	family := strings.TrimSpace(parts[0])
	var given []string
	for _, p := range parts[1:min(len(parts), 3)] {
		if p = strings.TrimSpace(p); p != "" {
			given = append(given, p)
		}
	}
	if len(given) == 0 {
		return family
	}
	if family == "" {
		return strings.Join(given, " ")
	}
	return family + ", " + strings.Join(given, " ")
}
