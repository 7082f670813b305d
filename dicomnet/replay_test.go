package dicomnet_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomnettest"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

var update = flag.Bool("update", false, "rewrite the server's side of recorded sessions")

// readHex reads a commented hex file.
func readHex(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var digits strings.Builder
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// formatHex prints PDUs as the recorded files hold them.
func formatHex(title string, b []byte) string {
	var out strings.Builder
	fmt.Fprintf(&out, "# %s: all bytes sent, one PDU a paragraph\n", title)
	for len(b) >= 6 {
		n := min(6+int(b[2])<<24+int(b[3])<<16+int(b[4])<<8+int(b[5]), len(b))
		fmt.Fprintf(&out, "\n# %v\n", pdu.Type(b[0]))
		for p := range slices.Chunk(b[:n], 16) {
			fmt.Fprintf(&out, "% X\n", p)
		}
		b = b[n:]
	}
	return out.String()
}

// What a foreign SCU sent is answered as it was, to the byte.
func TestRecordedSessions(t *testing.T) {
	t.Parallel()
	clients, err := filepath.Glob("testdata/*.client.hex")
	if err != nil || len(clients) == 0 {
		t.Fatalf("no recorded sessions: %v", err)
	}
	for _, path := range clients {
		name := strings.TrimSuffix(filepath.Base(path), ".client.hex")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &dicomnettest.Store{}
			s := newServer(t, store, func(c *dicomnet.Config) {
				c.Services[0].TransferSyntaxUIDs = []string{dataset.ImplicitVRLittleEndian, dataset.ExplicitVRLittleEndian}
			})
			conn := &scriptConn{in: bytes.NewReader(readHex(t, path))}
			s.ServeConn(conn)
			golden := "testdata/" + name + ".server.hex"
			got := conn.out.Bytes()
			if *update {
				if err := os.WriteFile(golden, []byte(formatHex("this server, "+name, got)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := readHex(t, golden); !bytes.Equal(got, want) {
				t.Errorf("answer differs: got\n%s\nwant\n%s", formatHex("got", got), formatHex("want", want))
			}
			stored := store.Instances()
			if len(stored) != 1 {
				t.Fatalf("%d instances stored", len(stored))
			}
			ts, _ := dataset.LookupTransferSyntax(stored[0].Request.TransferSyntaxUID)
			r, err := dataset.NewReader(bytes.NewReader(stored[0].Dataset), ts, dataset.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			ds, px, err := r.ReadHeader()
			if uid, _ := ds.UID(dataset.TagSOPInstanceUID); err != nil || uid != stored[0].Request.SOPInstanceUID || px.Length != 128 {
				t.Errorf("data set: %v, instance %s, pixels %+v", err, uid, px)
			}
		})
	}
}
