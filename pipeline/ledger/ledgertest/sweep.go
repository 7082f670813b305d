package ledgertest

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/neckfrac/neckfrac"
)

func sweepCases() []testCase {
	return []testCase{
		{"the mark of a stop", stopMark},
		{"the list of kept blobs", keptBlobs},
	}
}

func stopMark(f *fixture) {
	long := strings.Repeat("x", neckfrac.MaxStopMark)
	for _, mark := range []string{"", "Stop1", long, ""} {
		f.must("set", f.l.SetStopMark(f.ctx(), mark))
		if got, err := f.l.StopMark(f.ctx()); err != nil || got != mark {
			f.Fatalf("mark %q, %v; want %q", got, err, mark)
		}
	}
	for _, bad := range []string{long + "x", "a b", "a\n"} {
		f.wantKind("set", f.l.SetStopMark(f.ctx(), bad), neckfrac.Invalid)
	}
	if got, err := f.l.StopMark(f.ctx()); err != nil || got != "" {
		f.Fatalf("mark %q, %v after what is none", got, err)
	}
}

func keptBlobs(f *fixture) {
	a, b := blobOf("a"), blobOf("b")
	f.must("keep nothing", f.l.KeepBlobs(f.ctx(), nil, at(0)))
	f.must("keep", f.l.KeepBlobs(f.ctx(), []neckfrac.BlobRef{a}, at(0)))
	f.must("keep again", f.l.KeepBlobs(f.ctx(), []neckfrac.BlobRef{a, b}, at(time.Hour)))
	var got []neckfrac.BlobRef
	f.must("kept", f.l.Kept(f.ctx(), func(r neckfrac.BlobRef) error { got = append(got, r); return nil }))
	if len(got) != 2 || !slices.Contains(got, a) || !slices.Contains(got, b) {
		f.Fatalf("kept %v", got)
	}
	// What is kept is no reference: nothing was promised of it.
	f.must("references", f.l.References(f.ctx(), func(neckfrac.BlobRef) error { return errors.New("a kept blob is referred to") }))
	stop := errors.New("stop")
	if err := f.l.Kept(f.ctx(), func(neckfrac.BlobRef) error { return stop }); !errors.Is(err, stop) {
		f.Fatalf("kept: %v", err)
	}
}
