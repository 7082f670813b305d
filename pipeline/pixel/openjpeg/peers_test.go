package openjpeg_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac/pipeline/pixel"
	"github.com/neckfrac/neckfrac/pipeline/pixel/openjpeg"
)

// TestPeers decodes what .ci/pixels/cases.py made and other decoders read: every codec of package
// pixel and this one. It stands here since here all of them are registered.
func TestPeers(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("NECKFRAC_PIXELS")
	if folder == "" {
		t.Skip("NECKFRAC_PIXELS is not set: run make pixels")
	}
	registered(t)
	cases, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	var fault error
	without := map[string]int{}
	equal, values, near := map[string]int{}, map[string]int{}, map[string]int{}
	for _, path := range cases {
		var c struct {
			Name, Syntax                string
			Rows, Cols, Bits, Tolerance int
			Signed                      bool
		}
		load(t, path, func(b []byte) error { return json.Unmarshal(b, &c) })
		if strings.HasPrefix(c.Syntax, "1.2.840.10008.1.2.4.20") && !openjpeg.HighThroughput() {
			without[c.Syntax]++ // the system's library is older than 2.5.1
			continue
		}
		want, got := make([]uint16, c.Rows*c.Cols), make([]uint16, c.Rows*c.Cols)
		f := pixel.Format{Rows: c.Rows, Cols: c.Cols, BitsStored: c.Bits, Signed: c.Signed}
		stem := path[:len(path)-len(".json")]
		if _, err := os.Stat(stem + ".values"); err != nil {
			load(t, stem+".stream", func(b []byte) error { fault = pixel.Decode(got, c.Syntax, b, f); return nil })
			t.Logf("%s: the peer refuses it, we say %v", c.Name, fault)
			continue
		}
		load(t, stem+".values", func(b []byte) error { _, err := binary.Decode(b, binary.LittleEndian, want); return err })
		load(t, stem+".stream", func(b []byte) error { return pixel.Decode(got, c.Syntax, b, f) })
		worst, above := 0, 16-c.Bits // bits that mean nothing
		for i := range want {
			d := int(int16((got[i]-want[i])<<above) >> above)
			worst = max(worst, d, -d)
		}
		if worst > c.Tolerance {
			t.Errorf("%s (%s): differs by %d, want at most %d", c.Name, c.Syntax, worst, c.Tolerance)
			continue
		}
		values[c.Syntax] += len(want)
		if equal[c.Syntax]++; worst > 0 {
			near[c.Syntax]++
		}
	}
	version, _ := openjpeg.Available()
	for _, uid := range pixel.Syntaxes() {
		fmt.Printf("%-24s %3d frames, %9d values as the peer has them, %d frames rounded otherwise\n", uid, equal[uid], values[uid], near[uid])
	}
	fmt.Printf("libopenjp2 %s; not decoded with it: %v\n", version, without)
}

func load(t *testing.T, path string, use func([]byte) error) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = use(b)
	}
	if err != nil {
		t.Errorf("%s: %v", filepath.Base(path), err)
	}
}
