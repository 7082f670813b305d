package fhir

import (
	"context"

	"github.com/neckfrac/neckfrac"
)

// collected is one page and the place where the next one starts.
type collected struct {
	page Page
	next cursor
	more bool
}

// collect walks studies, newest first, until the page is full, the studies end or
// MaxVisited of them were looked at.
func (s *Server) collect(ctx context.Context, t resourceType, q query) (collected, error) {
	out := collected{page: Page{Total: -1}}
	if q.nobody {
		out.page.Total = 0
		return out, nil
	}
	refs := map[neckfrac.PatientKey]string{}
	skip, at := q.skip, q.offset
	for at < q.offset+s.cfg.Limits.MaxVisited {
		sq := q.study
		sq.Offset, sq.Limit = at, min(q.count+1, q.offset+s.cfg.Limits.MaxVisited-at)
		records, err := s.records.Find(ctx, sq)
		if err != nil {
			return collected{}, neckfrac.E("search", err)
		}
		for _, rec := range records {
			full, err := s.take(ctx, &out.page, t, q, rec, refs, &skip)
			if err != nil {
				return collected{}, err
			}
			if full {
				out.next, out.more = cursor{at, skip}, true
				return out, nil
			}
			at, skip = at+1, 0
		}
		if len(records) < sq.Limit {
			if q.offset == 0 && q.skip == 0 {
				out.page.Total = len(out.page.Matches)
			}
			return out, nil
		}
	}
	out.next, out.more = cursor{at, 0}, true
	return out, nil
}

// take adds a study's matches from *skip on. It reports true when the page had no
// room for all of them, with *skip at the first that is left.
func (s *Server) take(ctx context.Context, p *Page, t resourceType, q query, rec neckfrac.Record, refs map[neckfrac.PatientKey]string, skip *int) (bool, error) {
	if q.person && rec.Study.Conflict {
		return false, nil
	}
	v, err := s.view(ctx, rec, refs)
	if err != nil {
		return false, err
	}
	list := t.matches(v, q)
	for i, r := range list {
		if i < *skip {
			continue
		}
		if len(p.Matches) == q.count {
			*skip = i
			return true, nil
		}
		p.Matches = append(p.Matches, r)
		if q.include {
			p.Includes = append(p.Includes, Observations(v)[:resultCount(v)]...)
		}
	}
	return false, nil
}

// resultCount is how many Observations DiagnosticReport.result names: the patient's,
// whose members are not part of it.
func resultCount(v View) int {
	if v.Assessment == nil {
		return 0
	}
	return 1
}
