package dicomnet_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomnettest"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// logInto makes a server log into out; its Shutdown orders the accesses.
func logInto(c *dicomnet.Config, out *bytes.Buffer) {
	c.Logger = slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func TestUserIdentity(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	know := func(_ context.Context, u dicomnet.UserIdentity) ([]byte, error) {
		if string(u.Primary) == "nurse" && (u.Type != dicomnet.UserIdentityPasscode || string(u.Secondary) == secret) {
			return []byte("granted"), nil
		}
		return nil, errors.New("unknown user " + string(u.Primary))
	}
	tests := []struct {
		name   string
		hook   func(context.Context, dicomnet.UserIdentity) ([]byte, error)
		id     *dicomnet.UserIdentity
		reject *dicomnet.RejectError
		reply  string // "-" for none
	}{
		{"passcode", know, &dicomnet.UserIdentity{Type: 2, PositiveResponseRequested: true, Primary: []byte("nurse"), Secondary: []byte(secret)}, nil, ""},
		{"no response wanted", know, &dicomnet.UserIdentity{Type: 2, Primary: []byte("nurse"), Secondary: []byte(secret)}, nil, "-"},
		{"token", know, &dicomnet.UserIdentity{Type: 5, PositiveResponseRequested: true, Primary: []byte("nurse")}, nil, "granted"},
		{"wrong passcode", know, &dicomnet.UserIdentity{Type: 2, Primary: []byte("nurse"), Secondary: []byte(secret + "x")}, &dicomnet.RejectError{Result: 1, Source: 1, Reason: 1}, ""},
		{"own rejection", func(context.Context, dicomnet.UserIdentity) ([]byte, error) { return nil, dicomnet.RejectTransient },
			&dicomnet.UserIdentity{Type: 1, Primary: []byte("nurse")}, dicomnet.RejectTransient, ""},
		{"nobody looks at it", nil, &dicomnet.UserIdentity{Type: 2, PositiveResponseRequested: true, Primary: []byte("nurse"), Secondary: []byte(secret)}, nil, "-"},
		{"none sent", know, nil, nil, "-"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			var info dicomnet.AssociationInfo
			s := newServer(t, &dicomnettest.Store{}, func(c *dicomnet.Config) {
				logInto(c, &log)
				c.UserIdentity = tt.hook
				c.Admit = func(_ context.Context, i dicomnet.AssociationInfo) error { info = i; return nil }
			})
			rq := dicomnettest.AssociateRQ()
			rq.UserInformation.UserIdentity = tt.id
			p := dicomnettest.NewPeer(t, dicomnettest.Pipe(t, s))
			p.Send(rq)
			if tt.reject != nil {
				p.ExpectReject(tt.reject.Result, tt.reject.Source, tt.reject.Reason)
			} else {
				ac, ok := p.Next().(*pdu.AssociateAC)
				if !ok {
					t.Fatal("not accepted")
				}
				got := "-"
				if r := ac.UserInformation.UserIdentityResponse; r != nil {
					got = string(r.Response)
				}
				if got != tt.reply {
					t.Errorf("response %q, want %q", got, tt.reply)
				}
				p.Release()
			}
			if err := s.Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			if tt.id != nil && info.UserIdentityType != tt.id.Type {
				t.Errorf("Admit heard of type %d", info.UserIdentityType)
			}
			for _, s := range []string{"nurse", secret} {
				if strings.Contains(log.String(), s) {
					t.Errorf("%q in the log: %s", s, log.String())
				}
			}
		})
	}
}

func TestClientUserIdentity(t *testing.T) {
	t.Parallel()
	cfg := dicomnettest.ClientConfig()
	cfg.UserIdentity = &dicomnet.UserIdentity{Type: dicomnet.UserIdentityJWT, PositiveResponseRequested: true, Primary: []byte("token")}
	connect := func(hook func(context.Context, dicomnet.UserIdentity) ([]byte, error)) error {
		s := newServer(t, &dicomnettest.Store{}, func(c *dicomnet.Config) { c.UserIdentity = hook })
		c, err := dicomnet.NewClient(t.Context(), dicomnettest.Pipe(t, s), cfg)
		if err == nil {
			return c.Release(t.Context())
		}
		return err
	}
	if err := connect(func(_ context.Context, u dicomnet.UserIdentity) ([]byte, error) {
		if string(u.Primary) != "token" {
			t.Errorf("identity is not what was sent")
		}
		return nil, nil
	}); err != nil {
		t.Errorf("confirmed: %v", err)
	}
	if err := connect(nil); !errors.Is(err, dicomnet.ErrNoPositiveResponse) {
		t.Errorf("not confirmed: %v", err)
	}
	var re *dicomnet.RejectError
	if err := connect(func(context.Context, dicomnet.UserIdentity) ([]byte, error) { return nil, errors.New("no") }); !errors.As(err, &re) {
		t.Errorf("rejected: %v", err)
	}
	for name, u := range map[string]dicomnet.UserIdentity{
		"no type":          {Primary: []byte("x")},
		"unknown type":     {Type: 6, Primary: []byte("x")},
		"no field":         {Type: 1},
		"no passcode":      {Type: 2, Primary: []byte("x")},
		"second field":     {Type: 5, Primary: []byte("x"), Secondary: []byte("x")},
		"larger than room": {Type: 4, Primary: make([]byte, 32<<10+1)},
	} {
		cfg.UserIdentity = &u
		if _, err := dicomnet.Dial(t.Context(), "127.0.0.1:1", cfg); err == nil || !strings.Contains(err.Error(), "user identity") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A window of asynchronous operations is answered with one of each, and a peer
// that sends ahead all the same is served in order.
func TestAsyncOperationsWindow(t *testing.T) {
	t.Parallel()
	store := &dicomnettest.Store{}
	p := newPeer(t, store, nil)
	rq := dicomnettest.AssociateRQ()
	rq.UserInformation.AsyncOperationsWindow = &pdu.AsyncOperationsWindow{} // any number
	p.Send(rq)
	ac := p.Next().(*pdu.AssociateAC)
	if w := ac.UserInformation.AsyncOperationsWindow; w == nil || *w != (pdu.AsyncOperationsWindow{Invoked: 1, Performed: 1}) {
		t.Errorf("answer %v, want 1, 1", w)
	}
	echo := func(id uint16) *pdu.PDataTF {
		return dicomnettest.Command(t, echoID, &dimse.CEchoRQ{MessageID: id, AffectedSOPClassUID: dataset.Verification})
	}
	p.Send(echo(1), storeRQ(t), dicomnettest.Data(storeID, true, []byte("ab")), echo(2))
	for _, want := range []uint16{1, 7, 2} {
		if got := p.NextCommand().Header().MessageID; got != want {
			t.Errorf("response to %d, want %d", got, want)
		}
	}
	p.Release()
	if ac := newPeer(t, store, nil).Associate(); ac.UserInformation.AsyncOperationsWindow != nil {
		t.Error("a window that was not proposed is answered")
	}
}

func TestExtendedNegotiation(t *testing.T) {
	t.Parallel()
	var info dicomnet.AssociationInfo
	p := newPeer(t, &dicomnettest.Store{}, func(c *dicomnet.Config) {
		c.Admit = func(_ context.Context, i dicomnet.AssociationInfo) error { info = i; return nil }
	})
	rq := dicomnettest.AssociateRQ()
	rq.UserInformation.Extended = []pdu.ExtendedNegotiation{{SOPClassUID: dataset.CTImageStorage, Information: []byte{2, 0, 3, 0}}}
	rq.UserInformation.CommonExtended = []pdu.CommonExtendedNegotiation{{SOPClassUID: "1.2.3", ServiceClassUID: "1.2.840.10008.4.2"}}
	p.Send(rq)
	ac := p.Next().(*pdu.AssociateAC)
	if len(ac.UserInformation.Extended)+len(ac.UserInformation.CommonExtended) != 0 {
		t.Errorf("answered: %+v", ac.UserInformation)
	}
	if len(info.Extended) != 1 || !bytes.Equal(info.Extended[0].Information, []byte{2, 0, 3, 0}) || len(info.CommonExtended) != 1 || info.CommonExtended[0].SOPClassUID != "1.2.3" {
		t.Errorf("Admit heard %+v", info)
	}
	p.Release()
}
