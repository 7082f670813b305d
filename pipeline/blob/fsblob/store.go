package fsblob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"

	"github.com/neckfrac/neckfrac"
)

const (
	tmpDir   = "tmp"
	lockFile = "lock"

	dirMode  = 0o750
	fileMode = 0o640
)

// Options are limits; the zero value has no watermark.
type Options struct {
	// MinFree is the number of bytes that must be free before a Put begins. 0 waits
	// until the disk is full.
	MinFree uint64
}

// Store is an open directory of blobs. It is safe for concurrent use.
type Store struct {
	root *os.Root
	lock *os.File
	fs   filesystem
	opts Options
	// readOnly is set by OpenReadOnly.
	readOnly bool
	// bad is set by a failed fsync: the store takes no more Puts.
	bad atomic.Bool
	// puts counts the Puts that run at this moment.
	puts atomic.Int32
	// prefix serialises what changes one directory, so that a Put which has to undo its
	// rename can't remove a blob that another Put has just promised.
	prefix [256]sync.Mutex
}

// Open opens or makes the store in dir. A directory that can't be made or written is
// Unavailable.
func Open(dir string, o Options) (*Store, error) {
	s, err := open(dir, o)
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.Unavailable, "open blob store", err)
	}
	return s, nil
}

func open(dir string, o Options) (s *Store, err error) {
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	osfs, err := newOSFS(root)
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	s = &Store{root: root, fs: osfs, opts: o}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if s.lock, err = root.OpenFile(lockFile, os.O_CREATE|os.O_RDWR, fileMode); err != nil {
		return nil, err
	}
	alone, err := lockShared(s.lock)
	if err != nil {
		return nil, err
	}
	if err := s.makeDirs(); err != nil {
		return nil, err
	}
	if err := osfs.openTmp(); err != nil {
		return nil, err
	}
	if alone {
		// Nobody else is here, so whatever is in tmp belongs to a process that died.
		if err := s.removeLeftovers(); err != nil {
			return nil, err
		}
	}
	return s, lockKeep(s.lock)
}

// OpenReadOnly opens the store in dir for reading, beside a service that has it open or
// alone: nothing is made, locked or removed, and Put and Remove are Unavailable. A missing
// directory is NotFound.
func OpenReadOnly(dir string) (*Store, error) {
	const op = "open blob store"
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, neckfrac.Errorf(neckfrac.NotFound, op, "no blob store there")
	}
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.Unavailable, op, err)
	}
	osfs, err := newOSFS(root)
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.Unavailable, op, errors.Join(err, root.Close()))
	}
	return &Store{root: root, fs: osfs, readOnly: true}, nil
}

// makeDirs makes the 256 directories at once, so that no Put ever has to sync the
// level above its own.
func (s *Store) makeDirs() error {
	names := []string{tmpDir}
	for i := range 256 {
		names = append(names, hex.EncodeToString([]byte{byte(i)}))
	}
	for _, n := range names {
		if err := s.root.Mkdir(n, dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	if err := s.fs.syncDir("."); err != nil {
		return err
	}
	// A parent that we may not read is one in which we did not make the store just now.
	if err := s.fs.syncDir(".."); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}

func (s *Store) removeLeftovers() error {
	d, err := s.root.Open(tmpDir)
	if err != nil {
		return err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := s.root.Remove(tmpDir + "/" + n); err != nil {
			return err
		}
	}
	return nil
}

// Close gives the directory back. Files that Open returned stay readable. Closing
// again is no error.
func (s *Store) Close() error {
	err := errors.Join(s.fs.close(), s.root.Close())
	if s.lock != nil {
		if lerr := s.lock.Close(); !errors.Is(lerr, fs.ErrClosed) {
			err = errors.Join(err, lerr)
		}
	}
	return neckfrac.E("close blob store", err)
}

// Open implements neckfrac.Blobs.
func (s *Store) Open(ctx context.Context, ref neckfrac.BlobRef) (*os.File, error) {
	const op = "open blob"
	if err := check(ctx, op, ref); err != nil {
		return nil, err
	}
	f, err := s.root.Open(path(ref.Digest))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, neckfrac.Errorf(neckfrac.NotFound, op, "no such blob")
	}
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.Unavailable, op, err)
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, neckfrac.Wrap(neckfrac.Unavailable, op, err)
	}
	if st.Size() != ref.Size || !st.Mode().IsRegular() {
		f.Close()
		return nil, neckfrac.Errorf(neckfrac.Internal, op, "%d bytes in the store, want %d", st.Size(), ref.Size)
	}
	return f, nil
}

// Remove implements neckfrac.Blobs. The removal is not synced: a power cut may bring
// the blob back, and whoever removes what no row refers to finds it again.
func (s *Store) Remove(ctx context.Context, ref neckfrac.BlobRef) error {
	const op = "remove blob"
	if err := check(ctx, op, ref); err != nil {
		return err
	}
	if s.readOnly {
		return errReadOnly(op)
	}
	mu := s.guard(ref.Digest)
	mu.Lock()
	defer mu.Unlock()
	if err := s.root.Remove(path(ref.Digest)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return neckfrac.Wrap(neckfrac.Unavailable, op, err)
	}
	return nil
}

// Walk implements neckfrac.Blobs. Files that are not blobs are passed over; an error
// of fn comes back unchanged.
func (s *Store) Walk(ctx context.Context, fn func(neckfrac.BlobRef) error) error {
	const op = "walk blobs"
	for i := range 256 {
		refs, err := s.list(hex.EncodeToString([]byte{byte(i)}))
		if err != nil {
			return neckfrac.Wrap(neckfrac.Unavailable, op, err)
		}
		for _, ref := range refs {
			if err := ctx.Err(); err != nil {
				return neckfrac.Wrap(neckfrac.Unavailable, op, err)
			}
			if err := fn(ref); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Store) list(prefix string) ([]neckfrac.BlobRef, error) {
	d, err := s.root.Open(prefix)
	if s.readOnly && errors.Is(err, fs.ErrNotExist) {
		return nil, nil // a store whose making was cut short
	}
	if err != nil {
		return nil, err
	}
	defer d.Close()
	entries, err := d.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	var refs []neckfrac.BlobRef
	for _, e := range entries {
		st, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed since
		}
		if err != nil {
			return nil, err
		}
		if validDigest(e.Name()) && e.Name()[:2] == prefix && st.Mode().IsRegular() {
			refs = append(refs, neckfrac.BlobRef{Digest: e.Name(), Size: st.Size()})
		}
	}
	return refs, nil
}

func errReadOnly(op string) error {
	return neckfrac.Errorf(neckfrac.Unavailable, op, "store is open for reading")
}

func check(ctx context.Context, op string, ref neckfrac.BlobRef) error {
	if err := ctx.Err(); err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, op, err)
	}
	if !validDigest(ref.Digest) {
		return neckfrac.Errorf(neckfrac.Invalid, op, "not a digest")
	}
	return nil
}

// validDigest accepts what Put makes: 64 lower-case hexadecimal digits.
func validDigest(s string) bool {
	if len(s) != 2*sha256.Size {
		return false
	}
	for i := range len(s) {
		if (s[i] < '0' || s[i] > '9') && (s[i] < 'a' || s[i] > 'f') {
			return false
		}
	}
	return true
}

func path(digest string) string { return digest[:2] + "/" + digest }

func (s *Store) guard(digest string) *sync.Mutex {
	b, _ := hex.DecodeString(digest[:2]) // checked, or made by us
	return &s.prefix[b[0]]
}
