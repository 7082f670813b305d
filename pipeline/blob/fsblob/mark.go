package fsblob

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"

	"github.com/neckfrac/neckfrac"
)

// markFile holds the stop mark; without it there is none.
const markFile = "mark"

var _ neckfrac.StopMarks = (*Store)(nil)

// StopMark implements neckfrac.StopMarks. What is in the file and is no mark is none.
func (s *Store) StopMark(ctx context.Context) (string, error) {
	const op = "stop mark"
	if err := ctx.Err(); err != nil {
		return "", neckfrac.Wrap(neckfrac.Unavailable, op, err)
	}
	f, err := s.root.Open(markFile)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", neckfrac.Wrap(neckfrac.Unavailable, op, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, neckfrac.MaxStopMark+1))
	if err != nil {
		return "", neckfrac.Wrap(neckfrac.Unavailable, op, err)
	}
	if !neckfrac.ValidStopMark(string(b)) {
		return "", nil
	}
	return string(b), nil
}

// SetStopMark implements neckfrac.StopMarks, in the steps of a Put: a power cut leaves the
// old mark or the new one.
func (s *Store) SetStopMark(ctx context.Context, mark string) error {
	const op = "set stop mark"
	switch {
	case ctx.Err() != nil:
		return neckfrac.Wrap(neckfrac.Unavailable, op, ctx.Err())
	case !neckfrac.ValidStopMark(mark):
		return neckfrac.Errorf(neckfrac.Invalid, op, "not a mark")
	case s.readOnly:
		return errReadOnly(op)
	case s.bad.Load():
		return neckfrac.Errorf(neckfrac.Unavailable, op, "store is closed for writing after a failed fsync")
	}
	tmp := rand.Text()
	err := s.writeMark(tmp, mark)
	if err == nil {
		err = s.publishMark(tmp)
	}
	if err != nil {
		if rerr := s.fs.discard(tmp); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
			err = errors.Join(err, rerr)
		}
		return neckfrac.E(op, err)
	}
	return nil
}

// publishMark gives the temporary file the mark's name.
func (s *Store) publishMark(tmp string) error {
	d, err := s.fs.dir(".")
	if err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, "open directory", err)
	}
	defer d.Close()
	if err := d.adopt(tmp, markFile); err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, "rename", err)
	}
	if err := d.Sync(); err != nil {
		return s.syncFailed("fsync directory", err)
	}
	return nil
}

func (s *Store) writeMark(tmp, mark string) (err error) {
	f, err := s.fs.create(tmp)
	if err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, "create", err)
	}
	defer func() {
		if cerr := f.Close(); cerr != nil && err == nil {
			err = neckfrac.Wrap(neckfrac.Unavailable, "close", cerr)
		}
	}()
	if _, err := io.WriteString(f, mark); err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, "write", err)
	}
	if err := f.Sync(); err != nil {
		return s.syncFailed("fsync", err)
	}
	return nil
}
