package pipeline_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
)

// reject sends a note that takes slices of the study back.
func (h *house) reject(t *testing.T, study int, code neckfrac.RejectionCode, slices ...int) {
	t.Helper()
	a := arrivalOf(study, 1000+len(slices), h.clock.Now())
	a.Series = neckfrac.Series{UID: a.Series.UID + ".7", Modality: "KO"}
	a.Instance.Kind, a.Instance.UID = neckfrac.RejectionInstance, neckfrac.InstanceUID(fmt.Sprintf("%s.9.%s.%d", a.Study.UID, code, len(slices)))
	a.Rejection = &neckfrac.Rejection{Code: code}
	for _, s := range slices {
		a.Rejection.Instances = append(a.Rejection.Instances, arrivalOf(study, s, start).Instance.UID)
	}
	if _, err := h.receiver.Receive(context.Background(), a, bytes.NewReader([]byte("note "+a.Instance.UID))); err != nil {
		t.Fatalf("reject: %v", err)
	}
}

func TestRejectedSlicesAreLeftOut(t *testing.T) {
	t.Parallel()
	all := []int{0, 1, 2}
	for _, tc := range []struct {
		name     string
		code     neckfrac.RejectionCode
		slices   []int
		revision int
		status   neckfrac.Status
		used     int
	}{
		{"one of three for quality", neckfrac.RejectedForQuality, []int{1}, 2, neckfrac.Analysed, 2},
		{"all for quality", neckfrac.RejectedForQuality, all, 2, neckfrac.Withdrawn, 0},
		{"all for safety", neckfrac.RejectedForSafety, all, 2, neckfrac.Withdrawn, 0},
		{"all for the worklist", neckfrac.WrongWorklistEntry, all, 2, neckfrac.Withdrawn, 0},
		{"all expired", neckfrac.RetentionExpired, all, 1, neckfrac.Analysed, 3},
		{"slices of nobody", neckfrac.RejectedForSafety, []int{17}, 1, neckfrac.Analysed, 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			w := h.worker(t, answering(suspect()))
			round := func() {
				h.settle(t)
				if err := w.Round(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			id := h.receive(t, 0, 3)
			round()
			h.reject(t, 0, tc.code, tc.slices...)
			round()
			got := h.latest(t, id)
			if a := got.Latest; a.Revision != tc.revision || a.Status != tc.status || a.Slices != tc.used || !a.T0.Equal(start) {
				t.Fatalf("revision %d %s of %d slices at %v, want %d %s of %d", a.Revision, a.Status, a.Slices, a.T0, tc.revision, tc.status, tc.used)
			}
			if a := got.Latest; a.Status == neckfrac.Withdrawn && (a.Findings != nil || a.Artefacts != nil || a.Reason != "" || a.Presence != neckfrac.Indeterminate) {
				t.Errorf("a withdrawn result says something: %+v", a)
			}
			if got.Study.State != neckfrac.StudyAssessed {
				t.Errorf("state %s", got.Study.State)
			}
			// Corrected images of the study make a result again.
			h.clock.Advance(time.Hour)
			h.receive(t, 0, 6)
			round()
			if a := h.latest(t, id).Latest; a.Status != neckfrac.Analysed || a.Revision != tc.revision+1 {
				t.Errorf("after corrected images: revision %d %s", a.Revision, a.Status)
			}
		})
	}
}

func TestNoteBeforeItsImages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.reject(t, 0, neckfrac.RejectedForSafety, 0, 1)
	h.settle(t)
	id := h.receive(t, 0, 2)
	h.settle(t)
	if err := h.worker(t, answering(suspect())).Round(context.Background()); err != nil {
		t.Fatal(err)
	}
	if a := h.latest(t, id).Latest; a == nil || a.Status != neckfrac.Withdrawn || a.Revision != 1 {
		t.Errorf("got %+v, want a withdrawn study", a)
	}
}
