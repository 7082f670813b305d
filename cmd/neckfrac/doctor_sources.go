package main

import (
	"context"
	"time"

	"github.com/neckfrac/neckfrac"
)

// checkSource asks a source for a study that nobody has: that takes an association, or a
// request, and a query that it answers.
func checkSource(ctx context.Context, cfg Config, row SourceConfig) finding {
	f := finding{what: "source " + row.AE, next: "is it running, is its address right, and does it know our AE title " + cfg.DICOM.AET + " and allow it to query?"}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	archive, err := cfg.source(row, nil, nil)
	if err == nil {
		_, err = archive.List(ctx, neckfrac.StudyUID(neckfrac.MakeUID("doctor", newID())))
	}
	if err != nil && neckfrac.KindOf(err) != neckfrac.NotFound {
		f.seen, f.bad = err.Error(), true
		return f
	}
	f.seen = "answers queries; studies are fetched by " + row.Method
	return f
}
