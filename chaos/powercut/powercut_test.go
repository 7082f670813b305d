package powercut_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac/chaos/powercut"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// trace is what strace writes of a file that is made in tmp, filled, synced, renamed and
// whose new directory is synced; each line is a step.
var trace = []string{
	`10 mkdirat(AT_FDCWD</>, "/r/tmp", 0750) = 0`,
	`10 mkdirat(AT_FDCWD</>, "/r/ab", 0750) = 0`,
	`10 openat(AT_FDCWD</>, "/r", O_RDONLY|O_CLOEXEC) = 3</r>`,
	`10 fsync(3</r>) = 0`,
	`10 openat(3</r>, "tmp/X", O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0640) = 4</r/tmp/X>`,
	`10 write(4</r/tmp/X>, "ab\0\1\"\\c\n", 8) = 8`,
	`10 fsync(4</r/tmp/X>) = 0`,
	`10 renameat(3</r>, "tmp/X", 3</r>, "ab/Y") = 0`,
	`10 openat(3</r>, "ab", O_RDONLY|O_CLOEXEC) = 5</r/ab>`,
	`10 fsync(5</r/ab>) = 0`,
	`10 openat(3</r>, "tmp", O_RDONLY|O_CLOEXEC) = 6</r/tmp>`,
	`10 fsync(6</r/tmp>) = 0`,
}

const content = "ab\x00\x01\"\\c\n"

func parse(t *testing.T, lines []string) []powercut.Call {
	t.Helper()
	calls, _, err := powercut.Parse(strings.NewReader(strings.Join(lines, "\n")), 0)
	if err != nil {
		t.Fatal(err)
	}
	return calls
}

// crash applies the calls and lists what is left, "path=content" each.
func crash(t *testing.T, lines []string, m powercut.Mode, seed uint64) string {
	t.Helper()
	d := powercut.NewDisk("/r")
	for _, c := range parse(t, lines) {
		if err := d.Apply(c); err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(t.TempDir(), "left")
	if err := d.Crash(dir, m, rand.New(rand.NewPCG(seed, 0))); err != nil {
		t.Fatal(err)
	}
	var out []string
	err := filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		rel, _ := filepath.Rel(dir, p)
		out = append(out, fmt.Sprintf("%s=%q", rel, b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, " ")
}

func TestCrash(t *testing.T) {
	t.Parallel()
	whole := fmt.Sprintf("ab/Y=%q", content)
	for _, c := range []struct {
		name string
		upTo int
		mode powercut.Mode
		want string
	}{
		{"a name that was not synced is gone", 7, powercut.KeepNothing, ""},
		{"names without bytes", 6, powercut.KeepNames, `tmp/X=""`},
		{"synced bytes stay under any name", 8, powercut.KeepNames, whole},
		{"bytes without their rename", 8, powercut.KeepBytes, ""},
		{"a synced name keeps the bytes, the old name was never there", 10, powercut.KeepNothing, whole},
		{"all", 12, powercut.KeepNothing, whole},
		{"written back in time", 6, powercut.KeepAll, fmt.Sprintf("tmp/X=%q", content)},
	} {
		if got := crash(t, trace[:c.upTo], c.mode, 1); got != c.want {
			t.Errorf("%s: %d calls, mode %d: %s, want %s", c.name, c.upTo, c.mode, got, c.want)
		}
	}
}

// TestRenameLosesNoFile: with the old directory synced and the new one not, the file is
// somewhere.
func TestRenameLosesNoFile(t *testing.T) {
	t.Parallel()
	lines := append(append([]string{}, trace[:5]...),
		`10 openat(3</r>, "tmp", O_RDONLY|O_CLOEXEC) = 6</r/tmp>`,
		`10 fsync(6</r/tmp>) = 0`, `10 fsync(4</r/tmp/X>) = 0`,
		`10 renameat(3</r>, "tmp/X", 3</r>, "ab/Y") = 0`)
	if got := crash(t, lines, powercut.KeepNothing, 1); got != `tmp/X=""` {
		t.Errorf("rename not synced: %s", got)
	}
	lines = append(lines, `10 fsync(6</r/tmp>) = 0`)
	if got := crash(t, lines, powercut.KeepNothing, 1); got != `ab/Y=""` {
		t.Errorf("old name synced away: %s", got)
	}
}

// TestSyncCoversWhatReturnedBefore: a write that returns while a sync runs is not covered.
func TestSyncCoversWhatReturnedBefore(t *testing.T) {
	t.Parallel()
	lines := append(append([]string{}, trace[:5]...),
		`10 openat(3</r>, "tmp", O_RDONLY|O_CLOEXEC) = 6</r/tmp>`, `10 fsync(6</r/tmp>) = 0`,
		`11 fsync(4</r/tmp/X> <unfinished ...>`,
		`10 write(4</r/tmp/X>, "late", 4) = 4`,
		`11 <... fsync resumed>) = 0`)
	if got := crash(t, lines, powercut.KeepNothing, 1); got != `tmp/X=""` {
		t.Errorf("got %s", got)
	}
	lines = append(lines, `11 fdatasync(4</r/tmp/X>) = 0`)
	if got := crash(t, lines, powercut.KeepNothing, 1); got != `tmp/X="late"` {
		t.Errorf("got %s", got)
	}
}

// TestWritesTearAtPages: every state of three pages shows up, and none tears a page.
func TestWritesTearAtPages(t *testing.T) {
	t.Parallel()
	a, b := strings.Repeat("a", 3*4096), strings.Repeat("b", 3*4096)
	lines := append(append([]string{}, trace[:5]...),
		`10 openat(3</r>, "tmp", O_RDONLY|O_CLOEXEC) = 6</r/tmp>`, `10 fsync(6</r/tmp>) = 0`,
		fmt.Sprintf(`10 pwrite64(4</r/tmp/X>, "%s", %d, 0) = %d`, a, len(a), len(a)), `10 fsync(4</r/tmp/X>) = 0`,
		fmt.Sprintf(`10 pwrite64(4</r/tmp/X>, "%s", %d, 0) = %d`, b, len(b), len(b)))
	seen := map[string]bool{}
	for seed := range uint64(100) {
		got := strings.TrimSuffix(strings.TrimPrefix(crash(t, lines, powercut.KeepAny, seed), `tmp/X="`), `"`)
		if len(got) != len(a) {
			t.Fatalf("%d bytes", len(got))
		}
		state := ""
		for p := range 3 {
			part := got[p*4096 : (p+1)*4096]
			if strings.Trim(part, part[:1]) != "" {
				t.Fatalf("page %d is torn", p)
			}
			state += part[:1]
		}
		seen[state] = true
	}
	if len(seen) != 8 {
		t.Errorf("states %v, want all 8", seen)
	}
}

func TestUnknownCallIsAnError(t *testing.T) {
	t.Parallel()
	d := powercut.NewDisk("/r")
	for _, c := range parse(t, trace[:5]) {
		if err := d.Apply(c); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range []string{
		`10 fallocate(4</r/tmp/X>, 0, 0, 4096) = 0`,
		`10 linkat(AT_FDCWD</>, "/r/tmp/X", AT_FDCWD</>, "/r/tmp/Z", 0) = 0`,
		`10 write(9</r/tmp/other>, "x", 1) = 1`,
		`10 unlinkat(3</r>, "tmp/never", 0) = 0`,
	} {
		if err := d.Apply(parse(t, []string{line})[0]); err == nil {
			t.Errorf("%s: no error", line)
		}
	}
	for _, line := range []string{
		`10 fallocate(4</else>, 0, 0, 4096) = 0`,
		`10 fallocate(4</r/tmp/X>, 0, 0, 4096) = -1 EOPNOTSUPP (Operation not supported)`,
	} {
		if err := d.Apply(parse(t, []string{line})[0]); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	if got := fmt.Sprint(d.Names()); got != "[tmp/X]" {
		t.Errorf("names %s", got)
	}
}

// TestAcknowledged reads a C-STORE-RSP off a socket of the port.
func TestAcknowledged(t *testing.T) {
	t.Parallel()
	const socket = `TCP:[127.0.0.1:104->127.0.0.1:999]`
	line := func(socket string, status dimse.Status) string {
		set, err := dimse.Append(nil, &dimse.CStoreRSP{MessageID: 1, AffectedSOPClassUID: "1.2", AffectedSOPInstanceUID: "1.2.3", Status: status})
		if err != nil {
			t.Fatal(err)
		}
		p, err := (&pdu.PDataTF{PDVs: []pdu.PDV{{ContextID: 1, Command: true, Last: true, Data: set}}}).AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, c := range p {
			text += fmt.Sprintf(`\%03o`, c)
		}
		return fmt.Sprintf(`10 write(7<%s>, "%s", %d) = %d`, socket, text, len(p), len(p))
	}
	lines := []string{line(socket, dimse.Success), line(socket, 0xA700), line(`TCP:[127.0.0.1:80->127.0.0.1:104]`, dimse.Success)}
	got, err := powercut.Acknowledged(parse(t, lines), "104")
	if err != nil || len(got) != 1 || got[0] != (powercut.Response{Begin: 0, Instance: "1.2.3"}) {
		t.Fatalf("got %v, %v", got, err)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		`no pid`,
		`10 write(4</r/x>, "abc"..., 4096) = 4096`,
		`10 write(4</r/x>, "\q", 1) = 1`,
	} {
		if _, _, err := powercut.Parse(strings.NewReader(line), 0); err == nil {
			t.Errorf("%s: no error", line)
		}
	}
	calls, next, err := powercut.Parse(strings.NewReader("10 +++ exited with 0 +++\n10 exit_group(0) = ?\n"), 5)
	if err != nil || len(calls) != 0 || next != 7 {
		t.Errorf("got %v, %d, %v", calls, next, err)
	}
}

func Example() {
	d := powercut.NewDisk("/r")
	calls, _, err := powercut.Parse(strings.NewReader(`10 mkdirat(AT_FDCWD</>, "/r/tmp", 0750) = 0
10 openat(AT_FDCWD</>, "/r/tmp/X", O_WRONLY|O_CREAT, 0640) = 4</r/tmp/X>
10 write(4</r/tmp/X>, "abc", 3) = 3
`), 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range calls {
		if err := d.Apply(c); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(d.Names())
	// Output: [tmp/X]
}
