package dicomnet_test

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomnettest"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// columns is PS3.8 Table 9-10 read a second time, state by state where
// fsm_table.go goes event by event: "event action", all else being empty.
var columns = map[dicomnet.State]string{
	dicomnet.Sta1:  "1 AE-1, 5 AE-5",
	dicomnet.Sta2:  "3 AA-1, 4 AA-1, 6 AE-6, 10 AA-1, 12 AA-1, 13 AA-1, 16 AA-2, 17 AA-5, 18 AA-2, 19 AA-1",
	dicomnet.Sta3:  "3 AA-8, 4 AA-8, 6 AA-8, 7 AE-7, 8 AE-8, 10 AA-8, 12 AA-8, 13 AA-8, 15 AA-1, 16 AA-3, 17 AA-4, 19 AA-8",
	dicomnet.Sta4:  "2 AE-2, 15 AA-2, 17 AA-4",
	dicomnet.Sta5:  "3 AE-3, 4 AE-4, 6 AA-8, 10 AA-8, 12 AA-8, 13 AA-8, 15 AA-1, 16 AA-3, 17 AA-4, 19 AA-8",
	dicomnet.Sta6:  "3 AA-8, 4 AA-8, 6 AA-8, 9 DT-1, 10 DT-2, 11 AR-1, 12 AR-2, 13 AA-8, 15 AA-1, 16 AA-3, 17 AA-4, 19 AA-8",
	dicomnet.Sta7:  "3 AA-8, 4 AA-8, 6 AA-8, 10 AR-6, 12 AR-8, 13 AR-3, 15 AA-1, 16 AA-3, 17 AA-4, 19 AA-8",
	dicomnet.Sta8:  "3 AA-8, 4 AA-8, 6 AA-8, 9 AR-7, 10 AA-8, 12 AA-8, 13 AA-8, 14 AR-4, 15 AA-1, 16 AA-3, 17 AA-4, 19 AA-8",
	dicomnet.Sta9:  "3 AA-8, 4 AA-8, 6 AA-8, 10 AA-8, 12 AA-8, 13 AA-8, 14 AR-9, 15 AA-1, 16 AA-3, 17 AA-4, 19 AA-8",
	dicomnet.Sta10: "3 AA-8, 4 AA-8, 6 AA-8, 10 AA-8, 12 AA-8, 13 AR-10, 15 AA-1, 16 AA-3, 17 AA-4, 19 AA-8",
	dicomnet.Sta11: "3 AA-8, 4 AA-8, 6 AA-8, 10 AA-8, 12 AA-8, 13 AR-3, 15 AA-1, 16 AA-3, 17 AA-4, 19 AA-8",
	dicomnet.Sta12: "3 AA-8, 4 AA-8, 6 AA-8, 10 AA-8, 12 AA-8, 13 AA-8, 14 AR-4, 15 AA-1, 16 AA-3, 17 AA-4, 19 AA-8",
	dicomnet.Sta13: "3 AA-6, 4 AA-6, 6 AA-7, 10 AA-6, 12 AA-6, 13 AA-6, 16 AA-2, 17 AR-5, 18 AA-2, 19 AA-7",
}

// nextStates is where each action leads (PS3.8 Tables 9-6 to 9-9), on the side
// of the acceptor and with an acceptable request.
var nextStates = map[dicomnet.Action]dicomnet.State{
	"AE-1": 4, "AE-2": 5, "AE-3": 6, "AE-4": 1, "AE-5": 2, "AE-6": 3, "AE-7": 6, "AE-8": 13, "DT-1": 6, "DT-2": 6,
	"AR-1": 7, "AR-2": 8, "AR-3": 1, "AR-4": 13, "AR-5": 1, "AR-6": 7, "AR-7": 8, "AR-8": 10, "AR-9": 11, "AR-10": 12,
	"AA-1": 13, "AA-2": 1, "AA-3": 1, "AA-4": 1, "AA-5": 1, "AA-6": 13, "AA-7": 13, "AA-8": 13,
}

// model looks a cell up in columns.
func model(t testing.TB, s dicomnet.State, e dicomnet.Event) (dicomnet.Action, bool) {
	for cell := range strings.SplitSeq(columns[s], ", ") {
		n, action, _ := strings.Cut(cell, " ")
		if event, err := strconv.Atoi(n); err != nil {
			t.Fatalf("column %d: %q", s, cell)
		} else if dicomnet.Event(event) == e {
			return dicomnet.Action(action), true
		}
	}
	return "", false
}

func TestStepAgainstColumns(t *testing.T) {
	t.Parallel()
	for s := dicomnet.Sta1; s <= dicomnet.Sta13; s++ {
		for e := dicomnet.Evt1; e <= dicomnet.Evt19; e++ {
			got, ok := dicomnet.Step(s, e, dicomnet.Facts{})
			want, possible := model(t, s, e)
			if ok != possible || got.Action != want || (ok && got.Next != nextStates[want]) {
				t.Errorf("Sta%d, Evt%d: %s to Sta%d, want %q to Sta%d", s, e, got.Action, got.Next, want, nextStates[want])
			}
		}
	}
}

// stimuli are what a peer can send, by event.
func stimuli(t testing.TB) (events []dicomnet.Event, bytes [][]byte) {
	add := func(e dicomnet.Event, p pdu.PDU) {
		b, err := p.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		events, bytes = append(events, e), append(bytes, b)
	}
	add(dicomnet.Evt6, dicomnettest.AssociateRQ())
	add(dicomnet.Evt10, dicomnettest.Command(t, echoID, &dimse.CEchoRQ{MessageID: 1, AffectedSOPClassUID: dataset.Verification}))
	add(dicomnet.Evt12, &pdu.ReleaseRQ{})
	add(dicomnet.Evt3, &pdu.AssociateAC{})
	add(dicomnet.Evt4, &pdu.AssociateRJ{})
	add(dicomnet.Evt13, &pdu.ReleaseRP{})
	add(dicomnet.Evt16, &pdu.Abort{})
	return append(events, dicomnet.Evt19, dicomnet.Evt19),
		append(bytes, []byte{9, 0, 0, 0, 0, 0}, []byte{4, 0, 0, 0, 0, 2, 0, 0})
}

// Any string of PDUs is answered by the server, PDU by PDU, as the columns of
// the standard tell, and ends in Sta1 with the connection closed: what the
// table model does is what goes over the wire.
func FuzzULStateMachine(f *testing.F) {
	for _, seed := range []string{"\x00\x01\x01\x02", "\x00\x06", "\x01", "\x00\x00\x00\x07", "\x00\x02\x01\x08\x06", "\x00\x05\x04\x03"} {
		f.Add([]byte(seed))
	}
	events, wire := stimuli(f)
	f.Fuzz(func(t *testing.T, choices []byte) {
		if len(choices) > 200 {
			return
		}
		var in bytes.Buffer
		var want []pdu.Type
		s := dicomnet.Sta2
		step := func(e dicomnet.Event) dicomnet.Action {
			action, ok := model(t, s, e)
			if !ok {
				t.Fatalf("Sta%d has no answer to Evt%d", s, e)
			}
			s = nextStates[action]
			switch action {
			case "AA-1", "AA-7", "AA-8":
				want = append(want, pdu.TypeAbort)
			case "AE-7":
				want = append(want, pdu.TypeAssociateAC)
			case "AR-4":
				want = append(want, pdu.TypeReleaseRP)
			case "DT-1":
				want = append(want, pdu.TypePDataTF)
			}
			return action
		}
		for _, c := range choices {
			i := int(c) % len(events)
			in.Write(wire[i])
			if s == dicomnet.Sta1 {
				continue // the connection is closed: nobody listens
			}
			switch step(events[i]) { // and what the local user does about it
			case "AE-6":
				step(dicomnet.Evt7)
			case "DT-2":
				step(dicomnet.Evt9)
			case "AR-2":
				step(dicomnet.Evt14)
			}
		}
		if s != dicomnet.Sta1 {
			step(dicomnet.Evt17) // the bytes end
		}
		conn := &scriptConn{in: bytes.NewReader(in.Bytes())}
		newServer(t, &dicomnettest.Store{}, nil).ServeConn(conn)
		var got []pdu.Type
		for r := pdu.NewReader(&conn.out, pdu.Limits{}); ; {
			p, err := r.Next()
			if err != nil {
				break
			}
			got = append(got, p.Type())
		}
		if len(got) != len(want) || !conn.closed || s != dicomnet.Sta1 {
			t.Fatalf("answers %v, want %v; closed %v, Sta%d", got, want, conn.closed, s)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("answers %v, want %v", got, want)
			}
		}
	})
}
