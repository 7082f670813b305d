package main

import (
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
)

// TestResultDoesNotWaitForTheQuietTime sends a stack that is long enough for a neck to a
// service whose quiet time is longer than this test may take, and one that is too short.
func TestResultDoesNotWaitForTheQuietTime(t *testing.T) {
	t.Parallel()
	r := startService(t, func(cfg *Config, _ *Runtime) {
		cfg.Study.Quiet, cfg.Study.Ready = 2*resultTime, 300*time.Millisecond
	})
	short, long := newStudy(7101), newStudy(7102)
	long.slices = 130
	for _, s := range []testStudy{short, long} {
		s.send(t, r.DICOMAddr, 0, s.slices)
	}
	rec := r.await(t, long, 1)
	if a := rec.Latest; a.Status != neckfrac.Analysed || a.Slices != long.slices || !a.T0.Equal(rec.Study.LastReceived) {
		t.Fatalf("%s %s, %d slices, T0 %v of %v", a.Status, a.Reason, a.Slices, a.T0, rec.Study.LastReceived)
	}
	recs, err := r.db.Find(t.Context(), neckfrac.StudyQuery{UID: neckfrac.StudyUID(short.uid)})
	if err != nil || len(recs) != 1 || recs[0].Study.State != neckfrac.StudyReceiving {
		t.Fatalf("%+v, %v, want the short stack to wait", recs, err)
	}
	// What comes after the result is a revision of its own, and waits.
	long.slices++
	long.send(t, r.DICOMAddr, long.slices-1, long.slices)
	recs, err = r.db.Find(t.Context(), neckfrac.StudyQuery{UID: neckfrac.StudyUID(long.uid)})
	if err != nil || len(recs) != 1 || recs[0].Study.State != neckfrac.StudyReceiving || recs[0].Latest.Revision != 1 {
		t.Fatalf("%+v, %v, want it to receive again", recs, err)
	}
}
