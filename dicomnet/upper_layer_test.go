package dicomnet_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomnettest"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// Rows of docs/conformance/reliability.md that have no test of their own
// elsewhere, and the test that all of them have one.

func TestUpperLayerRowsAreTested(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../docs/conformance/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, pattern := range []string{"*_test.go", "*/*_test.go"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			source.Write(b)
		}
	}
	rows := regexp.MustCompile(`(?m)^\| U(\d+) \|.*$`).FindAllStringSubmatch(string(doc), -1)
	if len(rows) != 16 {
		t.Errorf("%d rows, want U1 to U16", len(rows))
	}
	name := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)`")
	for _, row := range rows {
		tests := name.FindAllStringSubmatch(row[0], -1)
		if len(tests) == 0 {
			t.Errorf("U%s names no test", row[1])
		}
		for _, test := range tests {
			if !strings.Contains(source.String(), "\nfunc "+test[1]+"(") {
				t.Errorf("U%s: there is no %s", row[1], test[1])
			}
		}
	}
}

// U2. What the peer takes bounds our fragments; 0 and more than we send do not.
func TestPeerMaximumLength(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		length uint32
		max    int // of a fragment that a client sends
	}{
		{0, 128<<10 - 6}, {0xFFFFFFFF, 128<<10 - 6}, {256, 250}, {257, 250}, {4096, 4090},
	} {
		ours := pdu.PresentationResult{ID: 7, TransferSyntax: dataset.ImplicitVRLittleEndian}
		c, err := scripted(t, func(p *dicomnettest.Peer) {
			p.Next()
			p.Send(&pdu.AssociateAC{ProtocolVersion: 1, ApplicationContext: dataset.ApplicationContext, PresentationResults: []pdu.PresentationResult{ours},
				UserInformation: pdu.UserInformation{MaximumLength: tt.length}})
			rq := p.NextCommand().(*dimse.CStoreRQ)
			longest, total := 0, 0
			for last := false; !last; {
				v := p.Next().(*pdu.PDataTF).PDVs[0]
				last, longest, total = v.Last, max(longest, len(v.Data)), total+len(v.Data)
			}
			if longest != tt.max || total != 300_000 {
				t.Errorf("maximum %d: fragments of %d bytes, %d in all; want %d", tt.length, longest, total, tt.max)
			}
			p.Send(dicomnettest.Command(t, 7, &dimse.CStoreRSP{MessageID: rq.MessageID}))
			released(t, p)
		})
		if err != nil {
			t.Fatal(err)
		}
		rq := ctRequest()
		rq.TransferSyntaxUID = dataset.ImplicitVRLittleEndian
		if status, err := c.Store(t.Context(), rq, bytes.NewReader(make([]byte, 300_000))); err != nil || status != dimse.Success {
			t.Errorf("maximum %d: %v, %v", tt.length, status, err)
		}
		if err := c.Release(t.Context()); err != nil {
			t.Error(err)
		}
		// A server tells its own maximum, whatever it was told.
		asked := dicomnettest.AssociateRQ()
		asked.UserInformation.MaximumLength = tt.length
		p := newPeer(t, &dicomnettest.Store{}, nil)
		p.Send(asked)
		if ac, ok := p.Next().(*pdu.AssociateAC); !ok || ac.UserInformation.MaximumLength != 128<<10 {
			t.Errorf("maximum %d: answer %+v", tt.length, ac)
		}
		p.Release()
	}
}

// U6. A message id may be used again once it was answered.
func TestMessageIDAgain(t *testing.T) {
	t.Parallel()
	store := &dicomnettest.Store{}
	p := newPeer(t, store, nil)
	p.Associate()
	for range 2 {
		p.Send(storeRQ(t), dicomnettest.Data(storeID, true, []byte("ab")))
		if rsp := p.NextCommand().(*dimse.CStoreRSP); rsp.Status != dimse.Success || rsp.MessageID != 7 {
			t.Errorf("response %+v", rsp)
		}
	}
	p.Release()
	if n := len(store.Instances()); n != 2 {
		t.Errorf("%d instances", n)
	}
}

// U7. Whoever holds associations, with half a request, idle or within an
// instance, does not make others wait.
func TestHeldAssociationsDelayNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &dicomnettest.Store{}
		s := newServer(t, store, nil)
		for i := range 15 {
			p := dicomnettest.NewPeer(t, dicomnettest.Pipe(t, s))
			switch i % 3 {
			case 0:
				p.SendBytes([]byte{1, 0, 0})
			case 1:
				p.Associate()
			case 2:
				p.Associate()
				p.Send(storeRQ(t), dicomnettest.Data(storeID, false, []byte("ab")))
			}
		}
		expectAfter(t, 0, func() {
			c := dial(t, s)
			for range 20 {
				if status, err := c.Store(t.Context(), ctRequest(), bytes.NewReader(make([]byte, 100_000))); err != nil || status != dimse.Success {
					t.Errorf("store: %v, %v", status, err)
				}
			}
			if err := c.Release(t.Context()); err != nil {
				t.Error(err)
			}
		})
		if n := len(store.Instances()); n != 20 {
			t.Errorf("%d instances", n)
		}
	})
}

// U10. Padding is no part of an AE title; case is.
func TestAETitleForms(t *testing.T) {
	t.Parallel()
	admit := func(c *dicomnet.Config) {
		c.Admit = func(_ context.Context, info dicomnet.AssociationInfo) error {
			if info.CalledAETitle != "TEST_SCP" {
				return dicomnet.RejectCalledAE
			}
			return nil
		}
	}
	for title, accepted := range map[string]bool{
		"TEST_SCP": true, "TEST_SCP\x00\x00": true, "  TEST_SCP": true, "test_scp": false, "TEST SCP": false, "TEST_SCP\x00X": false, "\x00\x00": false, "TEST_SCP\\X": false, "T\xC3\x8BST": false,
	} {
		rq := dicomnettest.AssociateRQ()
		rq.CalledAETitle = title
		p := newPeer(t, &dicomnettest.Store{}, admit)
		p.Send(rq)
		if !accepted {
			p.ExpectReject(1, 1, 7)
			continue
		}
		if _, ok := p.Next().(*pdu.AssociateAC); !ok {
			t.Errorf("%q is not accepted", title)
		}
		p.Release()
	}
}

// U11. No title breaks a log line, and none with control characters gets there.
func TestAETitlesInTheLog(t *testing.T) {
	t.Parallel()
	for title, logged := range map[string]string{
		"../secret": `"calling":"../secret"`, "a/b": `"calling":"a/b"`, "%s%n": `"calling":"%s%n"`, `"},{"x":"`: `"calling":"\"},{\"x\":\""`,
		"A\r\nB=C": "", "\x1B[31mRED": "", "A\x7FB": "",
	} {
		var log bytes.Buffer
		s := newServer(t, &dicomnettest.Store{}, func(c *dicomnet.Config) { logInto(c, &log) })
		rq := dicomnettest.AssociateRQ()
		rq.CallingAETitle = title
		p := dicomnettest.NewPeer(t, dicomnettest.Pipe(t, s))
		p.Send(rq)
		if logged == "" {
			p.ExpectReject(1, 1, 3)
		} else {
			p.Next()
			p.Release()
		}
		if err := s.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := log.String(); strings.Count(got, "\n") != 1 || (logged != "" && !strings.Contains(got, logged)) || (logged == "" && strings.Contains(got, "calling")) {
			t.Errorf("%q: log %q", title, got)
		}
	}
}

// U13. An instance that arrived whole is kept once, though the peer is gone
// before it can be told, or as soon as it was.
func TestPeerGoneBeforeTheResponse(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]bool{"before": false, "after": true} {
		arrived, gone := make(chan struct{}), make(chan struct{})
		store := &dicomnettest.Store{OnStore: func(context.Context, *dicomnet.StoreRequest) error {
			close(arrived)
			<-gone
			return nil
		}}
		s := newServer(t, store, nil)
		p := dicomnettest.NewPeer(t, dicomnettest.Pipe(t, s))
		p.Associate()
		p.Send(storeRQ(t), dicomnettest.Data(storeID, true, []byte("abcd")))
		<-arrived
		if read {
			close(gone)
			p.NextCommand()
			p.Close()
		} else {
			p.Close()
			close(gone)
		}
		if err := s.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := store.Instances(); len(got) != 1 || string(got[0].Dataset) != "abcd" || len(store.Broken()) != 0 {
			t.Errorf("%s: %d instances, broken %v", name, len(got), store.Broken())
		}
	}
}

// U14. Data that is still on its way when we ask for release is let pass (AR-6);
// once the peer released, it is not read any more (AA-6).
func TestDataWhileReleasing(t *testing.T) {
	t.Parallel()
	c, err := scripted(t, func(p *dicomnettest.Peer) {
		accept(p, ours)
		p.Next() // our A-RELEASE-RQ
		p.Send(dicomnettest.Data(1, true, []byte("ab")), &pdu.ReleaseRP{})
		p.ExpectEnd()
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Release(t.Context()); err != nil {
		t.Error(err)
	}
	store := &dicomnettest.Store{}
	p := newPeer(t, store, nil)
	p.Associate()
	p.Send(&pdu.ReleaseRQ{}, storeRQ(t), dicomnettest.Data(storeID, true, []byte("ab")))
	if u := p.Next(); u.Type() != pdu.TypeReleaseRP {
		t.Errorf("got %v, want A-RELEASE-RP", u)
	}
	p.Close()
	if n := len(store.Instances()); n != 0 {
		t.Errorf("%d instances stored after release", n)
	}
}
