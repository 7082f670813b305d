package chaos

import (
	"encoding/hex"
	"fmt"
)

// Slice names one instance of one study.
type Slice struct{ Study, Slice int }

// History is what a sender knows in the end: per slice the last outcome and the sum of
// what was sent. OK is final, since an acknowledged instance is never sent again.
type History struct {
	Outcomes map[Slice]Outcome
	Sums     map[Slice]Sum
}

// Replay makes the history that a log of operations tells.
func Replay(ops []Op) (History, error) {
	h := History{Outcomes: map[Slice]Outcome{}, Sums: map[Slice]Sum{}}
	for i, op := range ops {
		if err := h.add(op); err != nil {
			return History{}, fmt.Errorf("operation %d: %w", i+1, err)
		}
	}
	return h, nil
}

func (h History) add(op Op) error {
	k := Slice{op.Study, op.Slice}
	before, known := h.Outcomes[k]
	switch op.Outcome {
	case Invoke:
		var sum Sum
		if n, err := hex.Decode(sum[:], []byte(op.SHA256)); err != nil || n != len(sum) {
			return fmt.Errorf("slice %v: sum %q", k, op.SHA256)
		}
		if old, ok := h.Sums[k]; ok && old != sum {
			return fmt.Errorf("slice %v: sent with other bytes", k)
		}
		if before == OK {
			return fmt.Errorf("slice %v: sent again after a Success", k)
		}
		h.Sums[k], h.Outcomes[k] = sum, Unknown
	case OK, Fail, Unknown:
		if !known || before == OK {
			return fmt.Errorf("slice %v: %s without invoke", k, op.Outcome)
		}
		h.Outcomes[k] = op.Outcome
	default:
		return fmt.Errorf("slice %v: outcome %q", k, op.Outcome)
	}
	return nil
}

// Count is the number of slices with an outcome.
func (h History) Count(o Outcome) int {
	n := 0
	for _, have := range h.Outcomes {
		if have == o {
			n++
		}
	}
	return n
}
