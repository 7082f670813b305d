package dicomnet

import "time"

// Limits bounds what peers may cost. A zero field takes its default; no value
// means unlimited. [NewServer] and [Dial] refuse values that cannot work.
//
// What all peers together can make a server hold, with the defaults and at the
// worst that a hostile one can do:
//
//	being received   64 × (128 KiB PDU + 32 KiB read + 128 KiB write + 64 KiB command)   22 MiB
//	being asked for  (64 + 16 over the limit) × 512 KiB A-ASSOCIATE-RQ                   40 MiB
//	held whole       4 × (4 MiB values + 11 MiB elements)                                60 MiB
//
// Instances are streamed and not in it; what a Session keeps is its own.
type Limits struct {
	// MaxAssociations caps associations at one time. Defaults to 64. A peer over
	// it is rejected (2,3,2), local limit exceeded.
	MaxAssociations int
	// MaxAssociationsPerPeer caps those from one IP address, so that one peer
	// cannot hold all. Defaults to 16.
	MaxAssociationsPerPeer int
	// MaxPDUBytes is the longest P-DATA-TF we accept, told to the peer as
	// maximum length, and the longest we send. Even, 4 KiB to 16 MiB. Defaults
	// to 128 KiB.
	MaxPDUBytes uint32
	// MaxAssociateBytes caps an A-ASSOCIATE-RQ or -AC. Defaults to 512 KiB: 128
	// contexts of 64 transfer syntaxes each need 230 KiB, all user information
	// at most 64 KiB.
	MaxAssociateBytes uint32
	// MaxObjectBytes caps the data set of one instance. Defaults to 1 GiB; one
	// byte more aborts the association.
	MaxObjectBytes int64
	// MaxInformationBytes caps a data set that is held whole: an identifier,
	// action or event information, an attribute list. Defaults to 4 MiB, a
	// commitment of some 30 000 instances; one byte more aborts the association.
	MaxInformationBytes int64
	// MaxHeldDatasets caps the data sets that a server holds whole at one time,
	// whoever sent them. Defaults to 4: with values and 100 000 elements of 112
	// bytes each, at most 4 × (4 MiB + 11 MiB) = 60 MiB. A command over it is
	// answered "resource limitation".
	MaxHeldDatasets int
	// MaxResponses caps the matches of a C-FIND, and the responses and instances
	// of a C-MOVE or C-GET. Defaults to 20 000; one more cancels.
	MaxResponses int
	// CancelTimeout is how long a peer may take to end an operation that was
	// cancelled. Defaults to 10 s; then the association is aborted.
	CancelTimeout time.Duration
	// ARTIM is the time for an association to be asked for once connected, and
	// for its answer. Defaults to 30 s.
	ARTIM time.Duration
	// CloseTimeout is how long the peer is given to close the connection after
	// an abort, rejection or release: ARTIM in Sta13. Defaults to 5 s.
	CloseTimeout time.Duration
	// IdleTimeout is the longest time for the next PDU to arrive whole, and
	// for one write. Defaults to 60 s.
	IdleTimeout time.Duration
	// ResponseTimeout is how long a client waits for the response to a
	// request. Defaults to 5 minutes: a store that commits may queue.
	ResponseTimeout time.Duration
	// MaxLifetime caps an association as a whole. Defaults to 1 hour.
	MaxLifetime time.Duration
	// MinRate is the lowest speed, in bytes per second, at which a message may
	// arrive, judged over each RateWindow that was spent waiting for it.
	// Defaults to 4 KiB/s.
	MinRate int64
	// RateWindow defaults to 30 s.
	RateWindow time.Duration
}

// maxEmptyFragments is how many fragments without a byte one message may hold.
const maxEmptyFragments = 16

// minPeerPDUBytes is the shortest maximum length of a peer that we serve;
// below it, a response would go out in crumbs.
const minPeerPDUBytes = 256

func (l Limits) withDefaults() Limits {
	defaults(&l.MaxAssociations, 64)
	defaults(&l.MaxAssociationsPerPeer, 16)
	defaults(&l.MaxPDUBytes, 128<<10)
	defaults(&l.MaxAssociateBytes, 512<<10)
	defaults(&l.MaxObjectBytes, 1<<30)
	defaults(&l.MaxInformationBytes, 4<<20)
	defaults(&l.MaxHeldDatasets, 4)
	defaults(&l.MaxResponses, 20_000)
	defaults(&l.CancelTimeout, 10*time.Second)
	defaults(&l.ARTIM, 30*time.Second)
	defaults(&l.CloseTimeout, 5*time.Second)
	defaults(&l.IdleTimeout, 60*time.Second)
	defaults(&l.ResponseTimeout, 5*time.Minute)
	defaults(&l.MaxLifetime, time.Hour)
	defaults(&l.MinRate, 4<<10)
	defaults(&l.RateWindow, 30*time.Second)
	return l
}

func defaults[T int | int64 | uint32 | time.Duration](v *T, d T) {
	if *v == 0 {
		*v = d
	}
}

// valid reports whether the limits, defaults filled in, can work.
func (l Limits) valid() bool {
	for _, d := range []time.Duration{l.ARTIM, l.CancelTimeout, l.CloseTimeout, l.IdleTimeout, l.ResponseTimeout, l.MaxLifetime, l.RateWindow} {
		if d < 0 {
			return false
		}
	}
	return l.MaxAssociations > 0 && l.MaxAssociationsPerPeer > 0 && l.MaxObjectBytes > 0 && l.MinRate > 0 &&
		l.MaxInformationBytes > 0 && l.MaxHeldDatasets > 0 && l.MaxResponses > 0 &&
		l.MaxPDUBytes >= 4<<10 && l.MaxPDUBytes <= 16<<20 && l.MaxPDUBytes%2 == 0
}
