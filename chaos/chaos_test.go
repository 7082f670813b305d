package chaos_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/chaos"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/blob/fsblob"
	"github.com/neckfrac/neckfrac/pipeline/ledger/sqlite"
)

func TestStudyFollowsFromItsSeed(t *testing.T) {
	t.Parallel()
	a, b := chaos.Study{Seed: 1, Index: 1, Slices: 2, Side: 16}, chaos.Study{Seed: 2, Index: 1, Slices: 2, Side: 16}
	if !bytes.Equal(a.Bytes(0), a.Bytes(0)) {
		t.Error("one slice, two contents")
	}
	if bytes.Equal(a.Bytes(0), a.Bytes(1)) || bytes.Equal(a.Bytes(0), b.Bytes(0)) {
		t.Error("two slices, one content")
	}
}

func TestScheduleFollowsFromItsSeed(t *testing.T) {
	t.Parallel()
	draw := func(seed uint64) (out []chaos.Strike) {
		s := chaos.NewSchedule(seed, chaos.Points)
		for range 100 {
			out = append(out, s.Next(12, 12000))
		}
		return out
	}
	if !slices.Equal(draw(7), draw(7)) || slices.Equal(draw(7), draw(8)) {
		t.Error("a schedule has to follow from its seed")
	}
	hits := map[string]int{}
	ways := map[chaos.Way]int{}
	for _, s := range draw(7) {
		ways[s.Way]++
		if s.Way == chaos.AtPoint {
			hits[s.Name]++
		}
	}
	for _, p := range chaos.Points {
		if hits[p.Name] < 2 {
			t.Errorf("%s: %d of 100 strikes, want 2", p.Name, hits[p.Name])
		}
	}
	if len(ways) != 6 {
		t.Errorf("ways %v, want all 6", ways)
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	sum := strings.Repeat("ab", 32)
	invoke := chaos.Op{Outcome: chaos.Invoke, Study: 1, SHA256: sum}
	ok, fail := chaos.Op{Outcome: chaos.OK, Study: 1}, chaos.Op{Outcome: chaos.Fail, Study: 1, Status: 0xA700}
	for _, c := range []struct {
		name string
		ops  []chaos.Op
		want chaos.Outcome // "" is an error
	}{
		{"invoked", []chaos.Op{invoke}, chaos.Unknown},
		{"acknowledged", []chaos.Op{invoke, ok}, chaos.OK},
		{"refused", []chaos.Op{invoke, fail}, chaos.Fail},
		{"refused, then acknowledged", []chaos.Op{invoke, fail, invoke, ok}, chaos.OK},
		{"refused, then no answer", []chaos.Op{invoke, fail, invoke}, chaos.Unknown},
		{"Success without a send", []chaos.Op{ok}, ""},
		{"sent again after a Success", []chaos.Op{invoke, ok, invoke}, ""},
		{"sent with other bytes", []chaos.Op{invoke, {Outcome: chaos.Invoke, Study: 1, SHA256: strings.Repeat("cd", 32)}}, ""},
		{"no sum", []chaos.Op{{Outcome: chaos.Invoke, Study: 1}}, ""},
		{"no such outcome", []chaos.Op{{Outcome: "maybe", Study: 1}}, ""},
	} {
		h, err := chaos.Replay(c.ops)
		if got := h.Outcomes[chaos.Slice{Study: 1}]; got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.want)
		}
	}
}

func TestLogReadsBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ops.jsonl")
	l, err := chaos.CreateLog(path)
	if err != nil {
		t.Fatal(err)
	}
	want := []chaos.Op{{Outcome: chaos.Invoke, Study: 1, Slice: 2, SHA256: "00"}, {Outcome: chaos.Fail, Study: 1, Slice: 2, Status: 0xA700}}
	if err := l.Begin(want[:1]); err != nil {
		t.Fatal(err)
	}
	if err := l.End(want[1]); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	appendTo(t, path, `{"op":"o`) // the sender died here
	got, err := chaos.ReadLog(path)
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("got %v, %v, want %v", got, err, want)
	}
	appendTo(t, path, "\n{}\n")
	if _, err := chaos.ReadLog(path); err == nil {
		t.Error("a broken line in the middle: no error")
	}
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// stored puts slices of a study into a data directory, as the receiver would.
func stored(t *testing.T, dir string, s chaos.Study, bodies map[int][]byte) {
	t.Helper()
	ctx := t.Context()
	for _, d := range []string{"scratch", "blobs"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	db, err := sqlite.Open(ctx, filepath.Join(dir, "ledger.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	blobs, err := fsblob.Open(filepath.Join(dir, "blobs"), fsblob.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer blobs.Close()
	for k, body := range bodies {
		var b bytes.Buffer
		err := dataset.WriteMeta(&b, dataset.Meta{TransferSyntaxUID: dataset.ExplicitVRLittleEndian, SOPClassUID: dataset.CTImageStorage,
			SOPInstanceUID: s.Instance(k), ImplementationClassUID: "1.2.3"})
		if err != nil {
			t.Fatal(err)
		}
		b.Write(body)
		ref, err := blobs.Put(ctx, &b, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.Receive(ctx, neckfrac.Arrival{
			Study:    neckfrac.Study{UID: neckfrac.StudyUID(s.UID()), Patient: neckfrac.Patient{Key: s.Patient()}},
			Series:   neckfrac.Series{UID: neckfrac.SeriesUID(s.UID() + ".1"), Modality: "CT"},
			Instance: neckfrac.Instance{UID: neckfrac.InstanceUID(s.Instance(k)), SOPClassUID: dataset.CTImageStorage, Blob: ref, Received: time.Unix(1, 0)},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestCheckFindsWhatIsWrong: a checker that can't fail proves nothing.
func TestCheckFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := chaos.Study{Seed: 1, Index: 1, Slices: 2, Side: 16}
	first := func() map[int][]byte { return map[int][]byte{0: s.Bytes(0)} }
	for _, c := range []struct {
		name    string
		outcome [2]chaos.Outcome // of the two slices; "" is never sent
		bodies  map[int][]byte
		spoil   func(t *testing.T, dir string)
		ending  chaos.Ending
		want    chaos.Report
		problem string
	}{
		{name: "as promised", outcome: [2]chaos.Outcome{chaos.OK, chaos.Unknown}, bodies: first(), ending: chaos.Ending{Orderly: true}},
		{name: "no answer and stored", outcome: [2]chaos.Outcome{chaos.Unknown}, bodies: first()},
		{name: "lost", outcome: [2]chaos.Outcome{chaos.OK, chaos.OK}, bodies: first(), want: chaos.Report{Lost: 1}, problem: "I1"},
		{name: "altered", outcome: [2]chaos.Outcome{chaos.OK}, bodies: map[int][]byte{0: s.Bytes(1)}, want: chaos.Report{Altered: 1}, problem: "I1"},
		{name: "partial", outcome: [2]chaos.Outcome{chaos.Unknown}, bodies: map[int][]byte{0: s.Bytes(0)[:600]}, want: chaos.Report{Partial: 1}, problem: "I3"},
		{name: "refused and stored", outcome: [2]chaos.Outcome{chaos.Fail}, bodies: first(), problem: "I2"},
		{name: "never sent and stored", bodies: first(), problem: "I3"},
		{name: "temporary file left", outcome: [2]chaos.Outcome{chaos.OK}, bodies: first(), ending: chaos.Ending{Orderly: true},
			spoil: func(t *testing.T, dir string) { write(t, filepath.Join(dir, "blobs", "tmp", "x"), nil) }, problem: "I9"},
		{name: "blob without a row", outcome: [2]chaos.Outcome{chaos.OK}, bodies: first(), ending: chaos.Ending{Orderly: true},
			spoil: func(t *testing.T, dir string) { write(t, blobPath(dir, []byte("x")), []byte("x")) }, problem: "I7"},
		{name: "blob that is kept without a row", outcome: [2]chaos.Outcome{chaos.OK}, bodies: first(), ending: chaos.Ending{Orderly: true}, want: chaos.Report{Kept: 1},
			spoil: func(t *testing.T, dir string) {
				write(t, blobPath(dir, []byte("x")), []byte("x"))
				keep(t, dir, []byte("x"))
			}},
		{name: "row without a blob", outcome: [2]chaos.Outcome{chaos.OK}, bodies: first(), want: chaos.Report{Lost: 1},
			spoil: func(t *testing.T, dir string) { eachBlob(t, dir, func(p string) error { return os.Remove(p) }) }, problem: "I7"},
		{name: "rotten blob", outcome: [2]chaos.Outcome{chaos.OK}, bodies: first(), want: chaos.Report{Altered: 1, Partial: 1},
			spoil: func(t *testing.T, dir string) {
				eachBlob(t, dir, func(p string) error { return flip(p) })
			}, problem: "I7"},
		{name: "no result", outcome: [2]chaos.Outcome{chaos.OK, chaos.OK}, bodies: map[int][]byte{0: s.Bytes(0), 1: s.Bytes(1)},
			ending: chaos.Ending{Settled: true}, problem: "I4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			stored(t, dir, s, c.bodies)
			if c.spoil != nil {
				c.spoil(t, dir)
			}
			h := chaos.History{Outcomes: map[chaos.Slice]chaos.Outcome{}, Sums: map[chaos.Slice]chaos.Sum{}}
			for k, o := range c.outcome {
				if o != "" {
					key := chaos.Slice{Study: 1, Slice: k}
					h.Outcomes[key], h.Sums[key] = o, sha256.Sum256(s.Bytes(k))
				}
			}
			got, err := chaos.Check(t.Context(), dir, []chaos.Study{s}, h, c.ending)
			if err != nil {
				t.Fatal(err)
			}
			if got.Acknowledged != h.Count(chaos.OK) || got.Lost != c.want.Lost || got.Altered != c.want.Altered || got.Partial != c.want.Partial || got.Kept != c.want.Kept {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			if all := strings.Join(got.Problems, "\n"); (c.problem == "") != (all == "") || !strings.Contains(all, c.problem) {
				t.Errorf("problems %q, want %s", all, c.problem)
			}
		})
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// keep puts a blob on the ledger's list, as a sweep after a kill does.
func keep(t *testing.T, dir string, b []byte) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, "ledger.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ref := neckfrac.BlobRef{Digest: filepath.Base(blobPath(dir, b)), Size: int64(len(b))}
	if err := db.KeepBlobs(t.Context(), []neckfrac.BlobRef{ref}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
}

func blobPath(dir string, b []byte) string {
	sum := sha256.Sum256(b)
	digest := hex.EncodeToString(sum[:])
	return filepath.Join(dir, "blobs", digest[:2], digest)
}

func eachBlob(t *testing.T, dir string, fn func(path string) error) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "blobs", "??", "*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no blob, %v", err)
	}
	for _, p := range paths {
		if err := fn(p); err != nil {
			t.Fatal(err)
		}
	}
}

// flip changes the last byte of a file.
func flip(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	b[len(b)-1] ^= 1
	return os.WriteFile(path, b, 0o600)
}

// TestServiceThatEndsAtOnceSaysWhy: also where it says so on standard output.
func TestServiceThatEndsAtOnceSaysWhy(t *testing.T) {
	t.Parallel()
	_, err := chaos.Start(t.Context(), chaos.Command{Args: []string{"/bin/sh", "-c", "echo to the output; echo to the error >&2; exit 3"}})
	if err == nil {
		t.Fatal("started")
	}
	for _, want := range []string{"did not start", "exit status 3", "to the output", "to the error"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %q", want, err)
		}
	}
}

// TestHoldersDoNotMeet: each has an address of its own, which no connection to 127.0.0.1
// can take.
func TestHoldersDoNotMeet(t *testing.T) {
	t.Parallel()
	if l, err := net.Listen("tcp", "127.9.9.9:0"); err != nil {
		t.Skip("127.0.0.1 is the only loopback address here")
	} else {
		l.Close()
	}
	seen := map[string]bool{}
	for range 20 {
		h, err := chaos.Hold(chaos.Strike{})
		if err != nil {
			t.Fatal(err)
		}
		addr := h.Env()[0]
		if seen[addr] || strings.HasPrefix(addr, "GOFAIL_HTTP=127.0.0.1:") {
			t.Errorf("address %s", addr)
		}
		seen[addr] = true
	}
}

// TestPointsAreInTheTree keeps the table and the comments in step.
func TestPointsAreInTheTree(t *testing.T) {
	t.Parallel()
	found := map[string]string{}
	comment := regexp.MustCompile(`(?m)^\s*// gofail: var (\w+) struct\{\}$`)
	for _, dir := range []string{"../dicomnet", "../pipeline", "../cmd"} {
		err := filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
			if err != nil || e.IsDir() || filepath.Ext(p) != ".go" {
				return err
			}
			b, err := os.ReadFile(p)
			for _, m := range comment.FindAllStringSubmatch(string(b), -1) {
				if found[m[1]] != "" {
					t.Errorf("point %s is there twice", m[1])
				}
				found[m[1]] = strings.TrimPrefix(filepath.ToSlash(p), "../")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range chaos.Points {
		if found[p.Name] != p.File {
			t.Errorf("point %s: in %q, want %s", p.Name, found[p.Name], p.File)
		}
		delete(found, p.Name)
	}
	for name, file := range found {
		t.Errorf("point %s of %s is not in the table", name, file)
	}
}

func TestStartTellsWhyNot(t *testing.T) {
	t.Parallel()
	if _, err := chaos.Start(t.Context(), chaos.Command{Args: []string{"/bin/sh", "-c", "echo no room >&2; exit 3"}}); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("a program that ends: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := chaos.Start(ctx, chaos.Command{Args: []string{"/bin/sh", "-c", "exec cat"}}); err == nil {
		t.Error("a context that ended: no error")
	}
}

func ExampleReplay() {
	h, err := chaos.Replay([]chaos.Op{
		{Outcome: chaos.Invoke, Study: 1, Slice: 0, SHA256: strings.Repeat("00", 32)},
		{Outcome: chaos.Invoke, Study: 1, Slice: 1, SHA256: strings.Repeat("11", 32)},
		{Outcome: chaos.OK, Study: 1, Slice: 0},
	})
	fmt.Println(h.Count(chaos.OK), h.Count(chaos.Unknown), err)
	// Output: 1 1 <nil>
}
