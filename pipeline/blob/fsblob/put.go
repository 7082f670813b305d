package fsblob

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"runtime"
	"syscall"

	"github.com/neckfrac/neckfrac"
)

// Put implements neckfrac.Blobs. The order of its steps is the guarantee: bytes,
// fsync, rename, fsync of the directory.
func (s *Store) Put(ctx context.Context, r io.Reader, max int64) (neckfrac.BlobRef, error) {
	const op = "put blob"
	if err := s.Room(); err != nil {
		return neckfrac.BlobRef{}, neckfrac.E(op, err)
	}
	alone := s.puts.Add(1) == 1
	defer s.puts.Add(-1)
	tmp := rand.Text()
	ref, err := s.spool(ctx, tmp, r, max, alone)
	if err == nil {
		err = s.publish(tmp, ref)
	}
	if err != nil {
		if rerr := s.fs.discard(tmp); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
			err = errors.Join(err, rerr)
		}
		return neckfrac.BlobRef{}, neckfrac.E(op, err)
	}
	return ref, nil
}

// spool writes r to a synced temporary file, eagerly where the Put is alone and cores are
// free.
func (s *Store) spool(ctx context.Context, tmp string, r io.Reader, max int64, alone bool) (ref neckfrac.BlobRef, err error) {
	f, err := s.fs.create(tmp)
	if err != nil {
		return ref, neckfrac.Wrap(neckfrac.Unavailable, "create", err)
	}
	// gofail: var blobCreated struct{}
	defer func() {
		if cerr := f.Close(); cerr != nil && err == nil {
			err = neckfrac.Wrap(neckfrac.Unavailable, "close", cerr)
		}
	}()
	if ref, err = copyMax(ctx, f, r, max, alone && runtime.GOMAXPROCS(0) > 1); err != nil {
		return neckfrac.BlobRef{}, err
	}
	// gofail: var blobWritten struct{}
	if err := f.Sync(); err != nil {
		return neckfrac.BlobRef{}, s.syncFailed("fsync", err)
	}
	// gofail: var blobSynced struct{}
	return ref, nil
}

// publish gives the temporary file its name. Bytes that are there already are put
// over the old ones: they are equal, unless the old ones have rotted.
func (s *Store) publish(tmp string, ref neckfrac.BlobRef) error {
	mu := s.guard(ref.Digest)
	mu.Lock()
	defer mu.Unlock()
	d, err := s.fs.dir(ref.Digest[:2])
	if err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, "open directory", err)
	}
	defer d.Close()
	there, err := d.exists(ref.Digest)
	if err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, "stat", err)
	}
	if err := d.adopt(tmp, ref.Digest); err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, "rename", err)
	}
	// gofail: var blobRenamed struct{}
	if err := d.Sync(); err != nil {
		if !there {
			err = errors.Join(err, d.remove(ref.Digest))
		}
		return s.syncFailed("fsync directory", err)
	}
	// gofail: var blobDirSynced struct{}
	return nil
}

// syncFailed closes the store for writing, unless the file system only said that it
// is full, which takes nothing back that it had promised.
func (s *Store) syncFailed(op string, err error) error {
	if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) {
		s.bad.Store(true)
	}
	return neckfrac.Wrap(neckfrac.Unavailable, op, err)
}
