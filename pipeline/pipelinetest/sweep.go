package pipelinetest

import (
	"context"
	"time"

	"github.com/neckfrac/neckfrac"
)

// setMark replaces a mark under the rule of neckfrac.StopMarks.
func setMark(at *string, mark string) error {
	if !neckfrac.ValidStopMark(mark) {
		return neckfrac.Errorf(neckfrac.Invalid, "set stop mark", "not a mark")
	}
	*at = mark
	return nil
}

// StopMark implements neckfrac.StopMarks.
func (b *Blobs) StopMark(ctx context.Context) (string, error) {
	return call(ctx, b.Faults, "StopMark", func() (string, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.mark, nil
	})
}

// SetStopMark implements neckfrac.StopMarks.
func (b *Blobs) SetStopMark(ctx context.Context, mark string) error {
	_, err := call(ctx, b.Faults, "SetStopMark", func() (none, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		return none{}, setMark(&b.mark, mark)
	})
	return err
}

// StopMark implements neckfrac.StopMarks.
func (l *Ledger) StopMark(ctx context.Context) (string, error) {
	return call(ctx, l.Faults, "StopMark", func() (string, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.mark, nil
	})
}

// SetStopMark implements neckfrac.StopMarks.
func (l *Ledger) SetStopMark(ctx context.Context, mark string) error {
	_, err := call(ctx, l.Faults, "SetStopMark", func() (none, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		return none{}, setMark(&l.mark, mark)
	})
	return err
}

// KeepBlobs implements neckfrac.KeptBlobs.
func (l *Ledger) KeepBlobs(ctx context.Context, refs []neckfrac.BlobRef, _ time.Time) error {
	_, err := call(ctx, l.Faults, "KeepBlobs", func() (none, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, r := range refs {
			if l.kept[r.Digest] == (neckfrac.BlobRef{}) {
				l.kept[r.Digest] = r
			}
		}
		return none{}, nil
	})
	return err
}

// Kept implements neckfrac.KeptBlobs.
func (l *Ledger) Kept(ctx context.Context, fn func(neckfrac.BlobRef) error) error {
	refs, err := call(ctx, l.Faults, "Kept", func() (out []neckfrac.BlobRef, _ error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, r := range l.kept {
			out = append(out, r)
		}
		return out, nil
	})
	for _, r := range refs {
		if err == nil {
			err = fn(r)
		}
	}
	return err
}
