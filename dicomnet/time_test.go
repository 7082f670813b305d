package dicomnet_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dicomnettest"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// Slow and silent peers, in the fake time of synctest: waiting costs nothing
// and durations are exact.

// pass lets fake time pass.
func pass(d time.Duration) { <-time.After(d) }

// expectAfter runs f and expects it to take want.
func expectAfter(t *testing.T, want time.Duration, f func()) {
	t.Helper()
	start := time.Now()
	f()
	if got := time.Since(start); got != want {
		t.Errorf("took %v, want %v", got, want)
	}
}

func TestSilentPeerIsClosedByARTIM(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, &dicomnettest.Store{}, nil)
		expectAfter(t, 30*time.Second, p.ExpectEnd)
	})
}

func TestPartialRequestIsClosedByARTIM(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, &dicomnettest.Store{}, nil)
		expectAfter(t, 30*time.Second, func() {
			rq, _ := dicomnettest.AssociateRQ().AppendBinary(nil)
			for i := range 29 { // a byte a second does not extend it
				p.SendBytes(rq[i : i+1])
				pass(time.Second)
			}
			p.ExpectEnd()
		})
	})
}

func TestIdleAssociationIsAborted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, &dicomnettest.Store{}, nil)
		p.Associate()
		pass(59 * time.Second)
		p.Send(echoRQ(t))
		p.NextCommand()
		expectAfter(t, 60*time.Second, func() { p.ExpectAbort(pdu.AbortByUser, 0) })
	})
}

func TestPeerThatNeverClosesIsClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, &dicomnettest.Store{}, nil)
		p.Associate()
		p.Send(&pdu.ReleaseRQ{})
		p.Next()
		p.Send(echoRQ(t)) // AA-6: ignored
		expectAfter(t, 5*time.Second, p.ExpectEnd)
	})
}

func TestEchoForeverMeetsTheLifetime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, &dicomnettest.Store{}, func(c *dicomnet.Config) { c.Limits.MaxLifetime = 95 * time.Second })
		p.Associate()
		expectAfter(t, 95*time.Second, func() {
			for range 3 {
				pass(30 * time.Second)
				p.Send(echoRQ(t))
				p.NextCommand()
			}
			p.ExpectAbort(pdu.AbortByUser, 0)
		})
	})
}

func TestDripIsAborted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &dicomnettest.Store{}
		p := newPeer(t, store, nil)
		p.Associate()
		p.Send(storeRQ(t))
		expectAfter(t, 30*time.Second, func() {
			for range 29 { // two bytes a second
				p.Send(dicomnettest.Data(storeID, false, []byte("ab")))
				pass(time.Second)
			}
			p.ExpectAbort(pdu.AbortByUser, 0)
		})
		synctest.Wait()
		if got := store.Broken(); len(got) != 1 || !errors.Is(got[0], dicomnet.ErrTooSlow) {
			t.Errorf("body ended with %v, want ErrTooSlow", got)
		}
	})
}

// A peer just above the minimum rate is served, for several windows.
func TestSlowButHonestPeerIsServed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &dicomnettest.Store{}
		p := newPeer(t, store, nil)
		p.Associate()
		p.Send(storeRQ(t))
		for range 100 {
			pass(time.Second)
			p.Send(dicomnettest.Data(storeID, false, make([]byte, 5<<10)))
		}
		p.Send(dicomnettest.Data(storeID, true, nil))
		if rsp := p.NextCommand().(*dimse.CStoreRSP); rsp.Status != dimse.Success {
			t.Errorf("status %v", rsp.Status)
		}
		p.Release()
	})
}

// A slow handler is not a slow peer.
func TestSlowHandlerDoesNotCountAgainstThePeer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := backend(func(r io.Reader) error {
			buf := make([]byte, 2)
			for {
				if _, err := r.Read(buf); err == io.EOF {
					return nil
				} else if err != nil {
					return err
				}
				pass(time.Minute)
			}
		})
		p := newPeer(t, b, nil)
		p.Associate()
		p.Send(storeRQ(t), dicomnettest.Data(storeID, false, []byte("abcd")), dicomnettest.Data(storeID, true, []byte("ef")))
		if rsp := p.NextCommand().(*dimse.CStoreRSP); rsp.Status != dimse.Success {
			t.Errorf("status %v", rsp.Status)
		}
		p.Release()
	})
}

// A peer that does not read its response is given up.
func TestPeerThatDoesNotReadIsClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &dicomnettest.Store{}
		s := newServer(t, store, nil)
		p := dicomnettest.NewPeer(t, dicomnettest.Pipe(t, s))
		p.Associate()
		p.Send(echoRQ(t))
		expectAfter(t, 60*time.Second, func() { _ = s.Shutdown(context.Background()) })
	})
}

func TestShutdown(t *testing.T) {
	t.Parallel()
	// working starts a store whose handler is told to go on by goOn.
	working := func(t *testing.T) (s *dicomnet.Server, store *dicomnettest.Store, busy, idle *dicomnettest.Peer, goOn chan struct{}) {
		goOn = make(chan struct{})
		store = &dicomnettest.Store{OnStore: func(ctx context.Context, _ *dicomnet.StoreRequest) error {
			select {
			case <-goOn:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}}
		s = newServer(t, store, nil)
		busy = dicomnettest.NewPeer(t, dicomnettest.Pipe(t, s))
		busy.Associate()
		busy.Send(storeRQ(t), dicomnettest.Data(storeID, true, []byte("ab")))
		idle = dicomnettest.NewPeer(t, dicomnettest.Pipe(t, s))
		idle.Associate()
		synctest.Wait()
		return s, store, busy, idle, goOn
	}
	t.Run("finishes the command", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s, store, busy, idle, goOn := working(t)
			done := make(chan error, 1)
			go func() { done <- s.Shutdown(context.Background()) }()
			idle.ExpectAbort(pdu.AbortByUser, 0)
			close(goOn)
			if rsp := busy.NextCommand().(*dimse.CStoreRSP); rsp.Status != dimse.Success {
				t.Errorf("status %v", rsp.Status)
			}
			busy.ExpectAbort(pdu.AbortByUser, 0)
			if err := <-done; err != nil || len(store.Instances()) != 1 {
				t.Errorf("shutdown: %v, %d stored", err, len(store.Instances()))
			}
			late := dicomnettest.NewPeer(t, dicomnettest.Pipe(t, s))
			late.ExpectEnd()
		})
	})
	t.Run("ends it when the context does", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s, store, busy, idle, _ := working(t)
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			done := make(chan error, 1)
			go func() { done <- s.Shutdown(ctx) }()
			idle.ExpectAbort(pdu.AbortByUser, 0)
			expectAfter(t, 10*time.Second, func() { busy.ExpectAbort(pdu.AbortByUser, 0) })
			if err := <-done; err != nil || len(store.Instances()) != 0 {
				t.Errorf("shutdown: %v, %d stored", err, len(store.Instances()))
			}
		})
	})
	t.Run("does not wait for a hung handler", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			hang := make(chan struct{})
			s := newServer(t, backend(func(io.Reader) error { <-hang; return nil }), nil)
			p := dicomnettest.NewPeer(t, dicomnettest.Pipe(t, s))
			p.Associate()
			p.Send(storeRQ(t))
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			expectAfter(t, 15*time.Second, func() {
				if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("shutdown: %v", err)
				}
			})
			close(hang)
			p.ExpectAbort(pdu.AbortByUser, 0)
		})
	})
}
