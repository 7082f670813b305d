package api

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/neckfrac/neckfrac"
)

// Worklist is a page of studies, flagged first, then the newest.
type Worklist struct {
	Title  string `json:"title"`
	Total  int    `json:"total"`
	Offset int    `json:"offset"`
	Limit  int    `json:"limit"`
	// More says that older studies exist than the list looks at.
	More    bool          `json:"more"`
	Profile string        `json:"profile"`
	Counts  map[State]int `json:"counts"`
	Banners []Banner      `json:"banners"`
	Studies []Row         `json:"studies"`
}

func (s *Server) worklist(c echo.Context) error {
	const op = "worklist"
	q, err := s.worklistQuery(c.QueryParams())
	if err != nil {
		return neckfrac.E(op, err)
	}
	offset, limit := q.Offset, q.Limit
	q.Offset, q.Limit = 0, s.cfg.Limits.Worklist
	ctx := c.Request().Context()
	records, err := s.cfg.Records.Find(ctx, q)
	if err != nil {
		return neckfrac.E(op, err)
	}
	now := s.cfg.Now()
	out := Worklist{Title: neckfrac.ReportTitle, Total: len(records), Offset: offset, Limit: limit, More: len(records) >= s.cfg.Limits.Worklist,
		Profile: string(s.cfg.Profile), Counts: map[State]int{}, Banners: siteBanners(s.cfg.Profile), Studies: []Row{}}
	for _, st := range States() {
		out.Counts[st] = 0
	}
	type ranked struct {
		neckfrac.Record
		rank int
	}
	list := make([]ranked, len(records))
	for i, r := range records {
		st := stand(r, now, s.cfg.OverdueAfter).State
		out.Counts[st]++
		list[i] = ranked{r, 1}
		if st == StateFlagged {
			list[i].rank = 0
		}
	}
	slices.SortStableFunc(list, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), b.Study.LastReceived.Compare(a.Study.LastReceived))
	})
	for _, r := range list[min(offset, len(list)):min(offset+limit, len(list))] {
		out.Studies = append(out.Studies, s.row(ctx, r.Record, s.readStatus(ctx, r.Study)))
	}
	return conditionalJSON(c, http.StatusOK, out)
}

// worklistQuery reads limit, offset, uid and accession; anything else, or one of them
// twice, is Invalid.
func (s *Server) worklistQuery(v url.Values) (neckfrac.StudyQuery, error) {
	const op = "query"
	q := neckfrac.StudyQuery{Limit: min(defaultPage, s.cfg.Limits.PageSize)}
	for key, values := range v {
		if len(values) != 1 {
			return q, neckfrac.Errorf(neckfrac.Invalid, op, "parameter given twice")
		}
		var err error
		switch val := values[0]; key {
		case "limit":
			q.Limit, err = number(val, 1, s.cfg.Limits.PageSize)
		case "offset":
			q.Offset, err = number(val, 0, s.cfg.Limits.Worklist)
		case "uid":
			q.UID, err = neckfrac.ParseStudyUID(val)
		case "accession":
			q.Accession = neckfrac.AccessionNumber(val)
			if val == "" || len(val) > 64 { // SH is 16 characters (PS3.5 §6.2), up to 4 bytes each
				err = neckfrac.Errorf(neckfrac.Invalid, op, "accession length")
			}
		default:
			err = neckfrac.Errorf(neckfrac.Invalid, op, "unknown parameter")
		}
		if err != nil {
			return q, err
		}
	}
	return q, nil
}

func number(s string, low, high int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < low || n > high {
		return 0, neckfrac.Errorf(neckfrac.Invalid, "number", "want %d to %d", low, high)
	}
	return n, nil
}
