package pipeline_test

import (
	"context"
	"os"
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline"
)

// TestStudiesWithoutAResultGoFirst: a better series that comes after a result is analysed
// behind a study that has none, although its job was ready before.
func TestStudiesWithoutAResultGoFirst(t *testing.T) {
	t.Parallel()
	s := newSender(t)
	s.slices(1, 0, neckLong)
	s.settles(pipeline.DefaultReady)
	s.wantRevision(1, neckLong, neckfrac.StudyAssessed)
	s.slices(2, 0, neckLong, func(a *neckfrac.Arrival) { a.Placement.Kernel = "B80s" })
	s.settles(pipeline.DefaultQuiet)
	other := &sender{house: s.house, t: t, study: 1}
	other.slices(1, 0, neckLong)
	other.settles(pipeline.DefaultReady)
	var order []neckfrac.SeriesUID
	answer := answering(suspect())
	w := s.worker(t, runnerFunc(func(ctx context.Context, j pipeline.RunnerJob, files []*os.File) (pipeline.RunnerAnswer, error) {
		order = append(order, j.Inputs[0].Series)
		return answer.Run(ctx, j, files)
	}))
	if err := w.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	fresh := neckfrac.SeriesUID(s.latest(t, other.id).Study.UID) + ".1"
	again := neckfrac.SeriesUID(s.latest(t, s.id).Study.UID) + ".1"
	if !slices.Equal(order, []neckfrac.SeriesUID{fresh, again}) {
		t.Errorf("analysed in the order %v, want %v before %v", order, fresh, again)
	}
	if rec := s.latest(t, s.id); rec.Latest.Revision != 2 || rec.Latest.Slices != 2*neckLong {
		t.Errorf("revision %d of %d slices", rec.Latest.Revision, rec.Latest.Slices)
	}
}
