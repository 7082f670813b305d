package fsblob

import "github.com/neckfrac/neckfrac"

// Room is nil while a Put could begin: the store is open for writing and above its
// watermark. Whoever takes work in asks before there is a body to store.
func (s *Store) Room() error {
	const op = "blob store"
	if s.readOnly {
		return errReadOnly(op)
	}
	if s.bad.Load() {
		return neckfrac.Errorf(neckfrac.Unavailable, op, "store is closed for writing after a failed fsync")
	}
	free, err := s.fs.free()
	if err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, op, err)
	}
	if free < s.opts.MinFree {
		return neckfrac.Errorf(neckfrac.Unavailable, op, "%d bytes free, want %d", free, s.opts.MinFree)
	}
	return nil
}
