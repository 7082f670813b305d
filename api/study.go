package api

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/neckfrac/neckfrac"
)

// StudyView is one study with all that its page shows.
type StudyView struct {
	Title      string         `json:"title"`
	Study      Row            `json:"study"`
	Banners    []Banner       `json:"banners"`
	ReadStatus string         `json:"readStatus"`
	Series     []SeriesView   `json:"series"`
	Result     *ResultView    `json:"result,omitempty"`
	Revisions  []RevisionView `json:"revisions"`
}

// SeriesView is a received series.
type SeriesView struct {
	UID         string `json:"uid"`
	Modality    string `json:"modality,omitempty"`
	Number      int    `json:"number"`
	Description string `json:"description,omitempty"`
	Images      int    `json:"images"`
}

// RevisionView is one line of a study's history.
type RevisionView struct {
	ID        string      `json:"id"`
	Revision  int         `json:"revision"`
	Created   time.Time   `json:"created"`
	State     State       `json:"state"`
	StateText string      `json:"stateText"`
	Sentence  string      `json:"sentence"`
	Reason    *ReasonView `json:"reason,omitempty"`
	Profile   string      `json:"profile"`
	Pack      string      `json:"pack,omitempty"`
}

// opaqueID is the grammar of StudyID and ArtefactID in a path; a UID has dots.
var opaqueID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func (s *Server) study(c echo.Context) error {
	const op = "study"
	if len(c.QueryParams()) > 0 {
		return neckfrac.Errorf(neckfrac.Invalid, op, "no parameter is known")
	}
	ctx := c.Request().Context()
	r, err := s.lookup(ctx, c.Param("id"))
	if err != nil {
		return neckfrac.E(op, err)
	}
	revisions, err := s.cfg.Records.Revisions(ctx, r.Study.ID)
	if err != nil {
		return neckfrac.E(op, err)
	}
	read := s.readStatus(ctx, r.Study)
	out := StudyView{
		Title: neckfrac.ReportTitle, Study: s.row(ctx, r, read), Banners: studyBanners(r.Study, r.Latest, s.cfg.Profile),
		ReadStatus: read, Series: []SeriesView{}, Revisions: []RevisionView{},
	}
	for _, se := range r.Study.Series {
		out.Series = append(out.Series, SeriesView{string(se.UID), se.Modality, se.Number, se.Description, se.Count})
	}
	if r.Latest != nil {
		v := s.resultView(*r.Latest, read)
		out.Result = &v
	}
	for i := len(revisions) - 1; i >= 0 && len(out.Revisions) < s.cfg.Limits.Revisions; i-- {
		out.Revisions = append(out.Revisions, s.revisionView(revisions[i]))
	}
	return conditionalJSON(c, http.StatusOK, out)
}

// lookup finds a study by our id or by its Study Instance UID, which other systems'
// links carry.
func (s *Server) lookup(ctx context.Context, name string) (neckfrac.Record, error) {
	if opaqueID.MatchString(name) {
		return s.cfg.Records.Record(ctx, neckfrac.StudyID(name))
	}
	uid, err := neckfrac.ParseStudyUID(name)
	if err != nil {
		return neckfrac.Record{}, neckfrac.Wrap(neckfrac.NotFound, "lookup", err)
	}
	found, err := s.cfg.Records.Find(ctx, neckfrac.StudyQuery{UID: uid, Limit: 1})
	if err != nil {
		return neckfrac.Record{}, neckfrac.E("lookup", err)
	}
	if len(found) == 0 {
		return neckfrac.Record{}, neckfrac.Errorf(neckfrac.NotFound, "lookup", "no such study")
	}
	return found[0], nil
}

func (s *Server) revisionView(a neckfrac.Assessment) RevisionView {
	st := standing{State: resultState(a)}
	out := RevisionView{ID: string(a.ID), Revision: a.Revision, Created: s.local(a.Created), State: st.State, StateText: st.State.text(), Profile: string(a.Profile)}
	if st.State == StateNotAnalysed {
		st.Reason, st.Level = a.Reason, a.ReasonLevel
		out.Reason = &ReasonView{Code: string(a.Reason), Text: a.Reason.Text()}
	}
	out.Sentence = strings.TrimSpace(stateSentence(st, &a, revealOf(a.Profile), ""))
	if a.Pack.ID != "" {
		out.Pack = a.Pack.ID + " " + a.Pack.Version
	}
	return out
}

func (s *Server) readStatus(ctx context.Context, st neckfrac.Study) string {
	var r neckfrac.ReadStatus
	if s.cfg.ReadStatus != nil {
		r = s.cfg.ReadStatus(ctx, st)
	}
	return r.Sentence(s.cfg.Zone)
}
