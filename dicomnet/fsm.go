package dicomnet

import "github.com/neckfrac/neckfrac/dicomnet/pdu"

// State is a state of the upper layer protocol machine (PS3.8 §9.2.1).
type State uint8

// The states.
const (
	Sta1      State = iota + 1 // idle
	Sta2                       // transport connection open, awaiting A-ASSOCIATE-RQ
	Sta3                       // awaiting local A-ASSOCIATE response
	Sta4                       // awaiting transport connection opening to complete
	Sta5                       // awaiting A-ASSOCIATE-AC or -RJ
	Sta6                       // association established, ready for data transfer
	Sta7                       // awaiting A-RELEASE-RP
	Sta8                       // awaiting local A-RELEASE response
	Sta9                       // release collision, requestor; awaiting local A-RELEASE response
	Sta10                      // release collision, acceptor; awaiting A-RELEASE-RP
	Sta11                      // release collision, requestor; awaiting A-RELEASE-RP
	Sta12                      // release collision, acceptor; awaiting local A-RELEASE response
	Sta13                      // awaiting transport connection close
	numStates = 13
)

// Event is what happens to the machine (PS3.8 §9.2.2).
type Event uint8

// The events.
const (
	Evt1      Event = iota + 1 // A-ASSOCIATE request (local user)
	Evt2                       // transport connection confirmed
	Evt3                       // A-ASSOCIATE-AC received
	Evt4                       // A-ASSOCIATE-RJ received
	Evt5                       // transport connection indication
	Evt6                       // A-ASSOCIATE-RQ received
	Evt7                       // A-ASSOCIATE response: accept (local user)
	Evt8                       // A-ASSOCIATE response: reject (local user)
	Evt9                       // P-DATA request (local user)
	Evt10                      // P-DATA-TF received
	Evt11                      // A-RELEASE request (local user)
	Evt12                      // A-RELEASE-RQ received
	Evt13                      // A-RELEASE-RP received
	Evt14                      // A-RELEASE response (local user)
	Evt15                      // A-ABORT request (local user)
	Evt16                      // A-ABORT received
	Evt17                      // transport connection closed
	Evt18                      // ARTIM timer expired
	Evt19                      // unrecognized or invalid PDU received
	numEvents = 19
)

// Action is the standard's name of what the machine does, "AE-1" to "AA-8"
// (PS3.8 Tables 9-6 to 9-9).
type Action string

// Facts are what two actions depend on besides state and event.
type Facts struct {
	// Requestor is true on the side that asked for the association. AR-8.
	Requestor bool
	// Unacceptable is true if the service provider refuses the A-ASSOCIATE-RQ
	// before the local user sees it. AE-6.
	Unacceptable bool
}

// Transition is what one event leads to.
type Transition struct {
	Action Action
	// Next is the state after the action.
	Next State
	// Send is the type of the PDU to send, 0 for none.
	Send pdu.Type
	// AbortSource is the source of the A-ABORT, where Send is one.
	AbortSource pdu.AbortSource
	// Timer says what to do with the ARTIM timer.
	Timer Timer
	// Close is true if the transport connection is to be closed.
	Close bool
}

// Timer is what an action does with the ARTIM timer.
type Timer uint8

// Timer operations. Start restarts a running timer.
const (
	TimerUntouched Timer = iota
	TimerStart
	TimerStop
)

// Step looks up PS3.8 Table 9-10. It is pure. ok is false for the cells that
// the standard leaves empty: such an event cannot happen in such a state.
func Step(s State, e Event, f Facts) (t Transition, ok bool) {
	if s < Sta1 || s > numStates || e < Evt1 || e > numEvents {
		return Transition{}, false
	}
	name := table[e-1][s-1]
	if name == none {
		return Transition{}, false
	}
	t = actions[name]
	switch {
	case name == ae6 && f.Unacceptable:
		t.Send, t.Timer, t.Next = pdu.TypeAssociateRJ, TimerStart, Sta13
	case name == ar8 && !f.Requestor:
		t.Next = Sta10
	}
	return t, true
}
