package dicomnet_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// impossible lists, state by state, the events that PS3.8 Table 9-10 leaves
// empty. It was written from the standard on its own, not from the table.
var impossible = map[dicomnet.State][]dicomnet.Event{
	dicomnet.Sta1:  {2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19},
	dicomnet.Sta2:  {1, 2, 5, 7, 8, 9, 11, 14, 15},
	dicomnet.Sta3:  {1, 2, 5, 9, 11, 14, 18},
	dicomnet.Sta4:  {1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 18, 19},
	dicomnet.Sta5:  {1, 2, 5, 7, 8, 9, 11, 14, 18},
	dicomnet.Sta6:  {1, 2, 5, 7, 8, 14, 18},
	dicomnet.Sta7:  {1, 2, 5, 7, 8, 9, 11, 14, 18},
	dicomnet.Sta8:  {1, 2, 5, 7, 8, 11, 18},
	dicomnet.Sta9:  {1, 2, 5, 7, 8, 9, 11, 18},
	dicomnet.Sta10: {1, 2, 5, 7, 8, 9, 11, 14, 18},
	dicomnet.Sta11: {1, 2, 5, 7, 8, 9, 11, 14, 18},
	dicomnet.Sta12: {1, 2, 5, 7, 8, 9, 11, 18},
	dicomnet.Sta13: {1, 2, 5, 7, 8, 9, 11, 14, 15},
}

// received are the events that a peer can cause.
var received = []dicomnet.Event{dicomnet.Evt3, dicomnet.Evt4, dicomnet.Evt6, dicomnet.Evt10, dicomnet.Evt12,
	dicomnet.Evt13, dicomnet.Evt16, dicomnet.Evt17, dicomnet.Evt19}

func TestStepEveryCell(t *testing.T) {
	t.Parallel()
	cells := 0
	for s := dicomnet.Sta1; s <= dicomnet.Sta13; s++ {
		for e := dicomnet.Evt1; e <= dicomnet.Evt19; e++ {
			cells++
			tr, ok := dicomnet.Step(s, e, dicomnet.Facts{})
			if want := !slices.Contains(impossible[s], e); ok != want {
				t.Errorf("Sta%d, Evt%d: possible = %v, want %v", s, e, ok, want)
				continue
			}
			if ok && (tr.Next < dicomnet.Sta1 || tr.Next > dicomnet.Sta13 || tr.Action == "") {
				t.Errorf("Sta%d, Evt%d: %+v", s, e, tr)
			}
			if tr.Close && tr.Next != dicomnet.Sta1 {
				t.Errorf("Sta%d, Evt%d: %s closes but leads to Sta%d", s, e, tr.Action, tr.Next)
			}
			if ok && tr.Next == dicomnet.Sta13 && s != dicomnet.Sta13 && tr.Timer != dicomnet.TimerStart {
				t.Errorf("Sta%d, Evt%d: %s enters Sta13 without the ARTIM timer", s, e, tr.Action)
			}
		}
	}
	if cells != 13*19 {
		t.Errorf("%d cells", cells)
	}
	for _, bad := range []struct {
		s dicomnet.State
		e dicomnet.Event
	}{{0, 1}, {14, 1}, {1, 0}, {1, 20}} {
		if _, ok := dicomnet.Step(bad.s, bad.e, dicomnet.Facts{}); ok {
			t.Errorf("Sta%d, Evt%d is possible", bad.s, bad.e)
		}
	}
}

// Whatever a peer sends at a state in which it is listened to has an answer.
func TestStepAnswersEveryPeer(t *testing.T) {
	t.Parallel()
	for s := dicomnet.Sta2; s <= dicomnet.Sta13; s++ {
		if s == dicomnet.Sta4 {
			continue // no connection yet
		}
		for _, e := range received {
			if _, ok := dicomnet.Step(s, e, dicomnet.Facts{}); !ok {
				t.Errorf("Sta%d, Evt%d has no answer", s, e)
			}
		}
	}
}

// Cells that are easily mistaken, each with the outcome that PS3.8 gives.
func TestStepSelectedCells(t *testing.T) {
	t.Parallel()
	requestor := dicomnet.Facts{Requestor: true}
	tests := []struct {
		name   string
		s      dicomnet.State
		e      dicomnet.Event
		f      dicomnet.Facts
		action dicomnet.Action
		next   dicomnet.State
		send   pdu.Type
	}{
		{"request acceptable", 2, 6, dicomnet.Facts{}, "AE-6", 3, 0},
		{"request not acceptable", 2, 6, dicomnet.Facts{Unacceptable: true}, "AE-6", 13, pdu.TypeAssociateRJ},
		{"data before association", 2, 10, dicomnet.Facts{}, "AA-1", 13, pdu.TypeAbort},
		{"second request", 6, 6, dicomnet.Facts{}, "AA-8", 13, pdu.TypeAbort},
		{"abort before association", 2, 16, dicomnet.Facts{}, "AA-2", 1, 0},
		{"reply nobody asked for", 6, 13, dicomnet.Facts{}, "AA-8", 13, pdu.TypeAbort},
		{"data while releasing", 7, 10, requestor, "AR-6", 7, 0},
		{"collision, requestor", 7, 12, requestor, "AR-8", 9, 0},
		{"collision, acceptor", 7, 12, dicomnet.Facts{}, "AR-8", 10, 0},
		{"collision, requestor answers", 9, 14, requestor, "AR-9", 11, pdu.TypeReleaseRP},
		{"collision, requestor done", 11, 13, requestor, "AR-3", 1, 0},
		{"collision, acceptor hears", 10, 13, dicomnet.Facts{}, "AR-10", 12, 0},
		{"collision, acceptor answers", 12, 14, dicomnet.Facts{}, "AR-4", 13, pdu.TypeReleaseRP},
		{"data after abort", 13, 10, dicomnet.Facts{}, "AA-6", 13, 0},
		{"request after abort", 13, 6, dicomnet.Facts{}, "AA-7", 13, pdu.TypeAbort},
		{"late timer", 13, 18, dicomnet.Facts{}, "AA-2", 1, 0},
	}
	for _, tt := range tests {
		tr, ok := dicomnet.Step(tt.s, tt.e, tt.f)
		if !ok || tr.Action != tt.action || tr.Next != tt.next || tr.Send != tt.send {
			t.Errorf("%s: %+v, %v; want %s, Sta%d, %v", tt.name, tr, ok, tt.action, tt.next, tt.send)
		}
	}
}

// From any state that a peer can drive us to, closing or waiting leads to Sta1.
func TestStepAlwaysEnds(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		s := dicomnet.Sta2
		for range 50 {
			e := dicomnet.Event(1 + rnd.IntN(19))
			if tr, ok := dicomnet.Step(s, e, dicomnet.Facts{Requestor: rnd.IntN(2) == 0}); ok {
				s = tr.Next
			}
		}
		for _, e := range []dicomnet.Event{dicomnet.Evt17, dicomnet.Evt18} {
			if tr, ok := dicomnet.Step(s, e, dicomnet.Facts{}); ok {
				s = tr.Next
			}
		}
		if s != dicomnet.Sta1 {
			t.Fatalf("ends in Sta%d", s)
		}
	}
}
