package blobtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/neckfrac/neckfrac"
)

// Run runs the suite; open returns an empty store that is closed by t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) neckfrac.Blobs) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, b neckfrac.Blobs)
	}{
		{"put and open", roundTrip},
		{"limit and one more", limit},
		{"reader that fails", brokenReader},
		{"context that ends", cancelled},
		{"equal bytes are one blob", equal},
		{"equal bytes at once", equalAtOnce},
		{"missing, other size, no digest", refused},
		{"remove", remove},
		{"walk", walk},
		{"the mark of a stop", stopMark},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, open(t))
		})
	}
}

// stopMark holds of stores that have the add-on.
func stopMark(t *testing.T, b neckfrac.Blobs) {
	marks, ok := b.(neckfrac.StopMarks)
	if !ok {
		t.Skip("the store keeps no marks")
	}
	data := []byte("a blob beside it")
	put(t, b, data)
	long := strings.Repeat("x", neckfrac.MaxStopMark)
	for _, mark := range []string{"", "Stop1", long, ""} {
		if err := marks.SetStopMark(t.Context(), mark); err != nil {
			t.Fatalf("set %q: %v", mark, err)
		}
		if got, err := marks.StopMark(t.Context()); err != nil || got != mark {
			t.Fatalf("mark %q, %v; want %q", got, err, mark)
		}
		Want(t, b, data)
	}
	for _, bad := range []string{long + "x", "a b", "../x"} {
		wantKind(t, "set what is no mark", marks.SetStopMark(t.Context(), bad), neckfrac.Invalid)
	}
}

// Ref is the name that data must get.
func Ref(data []byte) neckfrac.BlobRef {
	sum := sha256.Sum256(data)
	return neckfrac.BlobRef{Digest: hex.EncodeToString(sum[:]), Size: int64(len(data))}
}

func put(t *testing.T, b neckfrac.Blobs, data []byte) neckfrac.BlobRef {
	t.Helper()
	ref, err := b.Put(t.Context(), bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatalf("put %d bytes: %v", len(data), err)
	}
	if want := Ref(data); ref != want {
		t.Fatalf("put: %+v, want %+v", ref, want)
	}
	return ref
}

func wantKind(t *testing.T, what string, err error, want neckfrac.Kind) {
	t.Helper()
	if err == nil || neckfrac.KindOf(err) != want {
		t.Fatalf("%s: %v (kind %v), want kind %v", what, err, neckfrac.KindOf(err), want)
	}
}

// Want fails the test unless the store holds exactly the blobs of data.
func Want(t *testing.T, b neckfrac.Blobs, data ...[]byte) {
	t.Helper()
	want, got := map[neckfrac.BlobRef]int{}, map[neckfrac.BlobRef]int{}
	for _, d := range data {
		want[Ref(d)] = 1
	}
	if err := b.Walk(t.Context(), func(r neckfrac.BlobRef) error { got[r]++; return nil }); err != nil {
		t.Fatalf("walk: %v", err)
	}
	if !maps.Equal(got, want) {
		t.Fatalf("blobs %v, want %v", got, want)
	}
	for _, d := range data {
		f, err := b.Open(t.Context(), Ref(d))
		if err != nil {
			t.Fatalf("open: %v", err)
		}
		read, err := io.ReadAll(f)
		if cerr := f.Close(); err != nil || cerr != nil || !bytes.Equal(read, d) {
			t.Fatalf("read %d bytes of %d: %v, %v", len(read), len(d), err, cerr)
		}
	}
}

func roundTrip(t *testing.T, b neckfrac.Blobs) {
	all := [][]byte{nil, []byte("x"), bytes.Repeat([]byte("0123456789abcdef"), 1<<15)}
	for _, d := range all {
		put(t, b, d)
	}
	Want(t, b, all...)
	f, err := b.Open(t.Context(), Ref(all[1]))
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer f.Close()
	if _, err := f.Write([]byte("y")); err == nil {
		t.Fatal("an opened blob can be written")
	}
}

func limit(t *testing.T, b neckfrac.Blobs) {
	const max = 1 << 16
	at := bytes.Repeat([]byte("a"), max)
	if _, err := b.Put(t.Context(), bytes.NewReader(at), max); err != nil {
		t.Fatalf("put at the limit: %v", err)
	}
	_, err := b.Put(t.Context(), strings.NewReader(strings.Repeat("b", max+1)), max)
	wantKind(t, "put of one more", err, neckfrac.Limit)
	_, err = b.Put(t.Context(), endless{}, max)
	wantKind(t, "put of an endless stream", err, neckfrac.Limit)
	for _, m := range []int64{-1, 0} {
		_, err = b.Put(t.Context(), strings.NewReader("c"), m)
		wantKind(t, fmt.Sprintf("put with maximum %d", m), err, neckfrac.Limit)
	}
	Want(t, b, at)
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func brokenReader(t *testing.T, b neckfrac.Blobs) {
	cause := neckfrac.Errorf(neckfrac.Invalid, "read", "peer went away")
	r := io.MultiReader(strings.NewReader(strings.Repeat("a", 1<<17)), iotest.ErrReader(cause))
	_, err := b.Put(t.Context(), r, 1<<20)
	if !errors.Is(err, cause) {
		t.Fatalf("put: %v, want the reader's error", err)
	}
	wantKind(t, "put", err, neckfrac.Invalid)
	Want(t, b)
}

func cancelled(t *testing.T, b neckfrac.Blobs) {
	ctx, cancel := context.WithCancel(t.Context())
	r := readFunc(func(p []byte) (int, error) { cancel(); return len(p), nil })
	_, err := b.Put(ctx, r, 1<<40)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("put: %v, want context.Canceled", err)
	}
	wantKind(t, "put", err, neckfrac.Unavailable)
	Want(t, b)
}

type readFunc func(p []byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func equal(t *testing.T, b neckfrac.Blobs) {
	d := []byte("the same")
	put(t, b, d)
	put(t, b, d)
	put(t, b, []byte("another"))
	Want(t, b, d, []byte("another"))
}

func equalAtOnce(t *testing.T, b neckfrac.Blobs) {
	d := bytes.Repeat([]byte("same"), 1<<15)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() { _, errs[i] = b.Put(t.Context(), bytes.NewReader(d), int64(len(d))) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatalf("put: %v", err)
	}
	Want(t, b, d)
}

func refused(t *testing.T, b neckfrac.Blobs) {
	ref := put(t, b, []byte("data"))
	_, err := b.Open(t.Context(), Ref([]byte("missing")))
	wantKind(t, "open missing", err, neckfrac.NotFound)
	other := ref
	other.Size++
	_, err = b.Open(t.Context(), other)
	wantKind(t, "open with another size", err, neckfrac.Internal)
	for _, digest := range []string{"", "..", "../" + ref.Digest, strings.ToUpper(ref.Digest), ref.Digest[1:], ref.Digest + "0", ref.Digest[:63] + "\x00"} {
		bad := neckfrac.BlobRef{Digest: digest, Size: ref.Size}
		_, err = b.Open(t.Context(), bad)
		wantKind(t, fmt.Sprintf("open %q", digest), err, neckfrac.Invalid)
		wantKind(t, fmt.Sprintf("remove %q", digest), b.Remove(t.Context(), bad), neckfrac.Invalid)
	}
	Want(t, b, []byte("data"))
}

func remove(t *testing.T, b neckfrac.Blobs) {
	ref := put(t, b, []byte("gone"))
	put(t, b, []byte("stays"))
	for range 2 {
		if err := b.Remove(t.Context(), ref); err != nil {
			t.Fatalf("remove: %v", err)
		}
	}
	_, err := b.Open(t.Context(), ref)
	wantKind(t, "open removed", err, neckfrac.NotFound)
	Want(t, b, []byte("stays"))
	put(t, b, []byte("gone"))
	Want(t, b, []byte("stays"), []byte("gone"))
}

func walk(t *testing.T, b neckfrac.Blobs) {
	Want(t, b)
	for i := range 3 {
		put(t, b, []byte{byte(i)})
	}
	stop, calls := errors.New("stop"), 0
	err := b.Walk(t.Context(), func(neckfrac.BlobRef) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		t.Fatalf("walk after %d calls: %v, want the first error of fn", calls, err)
	}
}
