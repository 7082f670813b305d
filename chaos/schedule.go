package chaos

import (
	"math/rand/v2"
	"time"
)

// Lines are the messages of the way from the last Success to the result.
var Lines = []string{"study settled", "runner answered", "job finished"}

// Schedule draws strikes from a seed: the same seed, the same strikes.
type Schedule struct {
	rng    *rand.Rand
	n      int
	points []Point
}

// NewSchedule starts a schedule. With points every other strike is at one of them, in
// turn.
func NewSchedule(seed uint64, points []Point) *Schedule {
	return &Schedule{rng: rand.New(rand.NewPCG(seed, 1)), points: points}
}

// lateShare is how many of the strikes without a point wait for a result: they take the
// longest and meet the least of the receiver.
const lateShare = 8

// Next draws a strike for a sender with this much pending.
func (s *Schedule) Next(stores int, size int64) Strike {
	n := s.n
	s.n++
	if len(s.points) > 0 {
		if n%2 == 0 {
			p := s.points[n/2%len(s.points)]
			st := Strike{Way: AtPoint, Name: p.Name}
			if p.When == Instance {
				// A lost lane takes its stores with it: what one of several can reach.
				st.Hit = s.rng.IntN(max(stores/4, 1))
			}
			return st
		}
		n /= 2
	}
	if n%lateShare == lateShare-1 {
		return Strike{Way: AtLine, Name: Lines[s.rng.IntN(len(Lines))]}
	}
	switch n % 4 {
	case 0:
		return Strike{Way: AtByte, Byte: 1 + s.rng.Int64N(max(size, 1))}
	case 1:
		return Strike{Way: FirstByte, Store: s.rng.IntN(max(stores, 1))}
	case 2:
		return Strike{Way: AfterSuccess, Store: s.rng.IntN(max(stores, 1))}
	}
	return Strike{Way: Blind, After: time.Duration(s.rng.Int64N(int64(blindTime)))}
}

// blindTime covers a transfer of some slices, the quiet time after it and the job.
const blindTime = 400 * time.Millisecond
