package dicomnet_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomnettest"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

const (
	echoID  = dicomnettest.EchoContext
	storeID = dicomnettest.StoreContext
)

// newServer returns a server of b whose configuration edit may change.
func newServer(t testing.TB, b dicomnet.Backend, edit func(*dicomnet.Config)) *dicomnet.Server {
	t.Helper()
	cfg := dicomnettest.Config()
	cfg.Logger = slog.New(slog.DiscardHandler)
	if edit != nil {
		edit(&cfg)
	}
	s, err := dicomnet.NewServer(b, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// newPeer returns a scripted peer of a server that keeps what it gets.
func newPeer(t testing.TB, b dicomnet.Backend, edit func(*dicomnet.Config)) *dicomnettest.Peer {
	t.Helper()
	return dicomnettest.NewPeer(t, dicomnettest.Pipe(t, newServer(t, b, edit)))
}

func echoRQ(t testing.TB) *pdu.PDataTF {
	return dicomnettest.Command(t, echoID, &dimse.CEchoRQ{MessageID: 1, AffectedSOPClassUID: dataset.Verification})
}

func storeRQ(t testing.TB) *pdu.PDataTF {
	return dicomnettest.Command(t, storeID, &dimse.CStoreRQ{MessageID: 7, AffectedSOPClassUID: dataset.CTImageStorage, AffectedSOPInstanceUID: "1.2.3"})
}

func TestEchoAndRelease(t *testing.T) {
	t.Parallel()
	store := &dicomnettest.Store{}
	p := newPeer(t, store, nil)
	ac := p.Associate()
	if ac.UserInformation.MaximumLength != 128<<10 || len(ac.PresentationResults) != 2 || ac.CalledAETitle != "TEST_SCP" {
		t.Errorf("A-ASSOCIATE-AC = %+v", ac)
	}
	p.Send(echoRQ(t))
	rsp, ok := p.NextCommand().(*dimse.CEchoRSP)
	if !ok || rsp.MessageID != 1 || rsp.Status != dimse.Success {
		t.Errorf("response = %+v", rsp)
	}
	p.Release()
}

func TestStoreJoinsFragments(t *testing.T) {
	t.Parallel()
	store := &dicomnettest.Store{}
	p := newPeer(t, store, nil)
	p.Associate()
	cmd := storeRQ(t).PDVs[0].Data
	// The command in two fragments, the second together with the first of the
	// data set, an empty fragment in between.
	p.Send(
		&pdu.PDataTF{PDVs: []pdu.PDV{{ContextID: storeID, Command: true, Data: cmd[:20]}}},
		&pdu.PDataTF{PDVs: []pdu.PDV{{ContextID: storeID, Command: true, Last: true, Data: cmd[20:]}, {ContextID: storeID, Data: []byte("ab")}}},
		dicomnettest.Data(storeID, false, nil),
		dicomnettest.Data(storeID, true, []byte("cdef")))
	rsp, ok := p.NextCommand().(*dimse.CStoreRSP)
	if !ok || rsp.MessageID != 7 || rsp.Status != dimse.Success || rsp.AffectedSOPInstanceUID != "1.2.3" {
		t.Fatalf("response = %+v", rsp)
	}
	p.Release()
	got := store.Instances()
	if len(got) != 1 || string(got[0].Dataset) != "abcdef" || got[0].Request.TransferSyntaxUID != dataset.ImplicitVRLittleEndian {
		t.Errorf("stored %+v", got)
	}
}

func TestStoreStatus(t *testing.T) {
	t.Parallel()
	read := func(rest error) func(io.Reader) error {
		return func(r io.Reader) error { _, _ = io.Copy(io.Discard, r); return rest }
	}
	tests := []struct {
		name    string
		handle  func(io.Reader) error
		status  dimse.Status
		comment string
	}{
		{"success", read(nil), dimse.Success, ""},
		{"own status", read(&dicomnet.StatusError{Status: dimse.OutOfResources, Comment: "disk full"}), dimse.OutOfResources, "disk full"},
		{"warning", read(&dicomnet.StatusError{Status: dimse.CoercionOfDataElements}), dimse.CoercionOfDataElements, ""},
		{"other error says nothing", read(errors.New("secret path /var/lib")), dimse.ProcessingFailure, ""},
		{"pending cannot end it", read(&dicomnet.StatusError{Status: dimse.Pending}), dimse.ProcessingFailure, ""},
		{"no error is a success", read(&dicomnet.StatusError{Status: dimse.Success}), dimse.ProcessingFailure, ""},
		{"refused early", func(io.Reader) error { return &dicomnet.StatusError{Status: dimse.DataSetDoesNotMatchSOPClass} }, dimse.DataSetDoesNotMatchSOPClass, ""},
		{"nil without reading is no success", func(io.Reader) error { return nil }, dimse.ProcessingFailure, ""},
		{"nil after the last byte, before EOF", func(r io.Reader) error { _, err := io.ReadFull(r, make([]byte, 8)); return err }, dimse.Success, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, backend(tt.handle), nil)
			p.Associate()
			p.Send(storeRQ(t), dicomnettest.Data(storeID, false, []byte("abcd")), dicomnettest.Data(storeID, true, []byte("efgh")))
			rsp, ok := p.NextCommand().(*dimse.CStoreRSP)
			if !ok || rsp.Status != tt.status || rsp.ErrorComment != tt.comment {
				t.Fatalf("response = %+v, want %v %q", rsp, tt.status, tt.comment)
			}
			p.Release() // and only one response
		})
	}
}

// handler is a session whose Store is a function of the body.
type handler func(io.Reader) error

func backend(h handler) dicomnet.Backend {
	return dicomnet.BackendFunc(func(context.Context, dicomnet.AssociationInfo) (dicomnet.Session, error) { return h, nil })
}

func (handler) Echo(context.Context) error { return nil }
func (handler) Close()                     {}
func (h handler) Store(_ context.Context, _ *dicomnet.StoreRequest, body io.Reader) error {
	return h(body)
}

// discard is a handler that takes all.
func discard(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

func TestCommandsThatAreRefused(t *testing.T) {
	t.Parallel()
	class := func(s string) dataset.Element { return dataset.NewText(dataset.TagAffectedSOPClassUID, s) }
	instance := func(s string) dataset.Element { return dataset.NewText(dataset.TagAffectedSOPInstanceUID, s) }
	tests := []struct {
		name string
		h    dimse.Header
		more dataset.Dataset
		want dimse.Status
	}{
		{"C-FIND", dimse.Header{Field: dimse.FieldCFindRQ, HasDataset: true}, dataset.Dataset{class(dataset.StudyRootQueryFind)}, dimse.UnrecognizedOperation},
		{"unknown command", dimse.Header{Field: 0x0777}, nil, dimse.UnrecognizedOperation},
		{"C-STORE without data set", dimse.Header{Field: dimse.FieldCStoreRQ}, dataset.Dataset{class(dataset.CTImageStorage), instance("1.2")}, dimse.MistypedArgument},
		{"C-STORE of another class", dimse.Header{Field: dimse.FieldCStoreRQ, HasDataset: true}, dataset.Dataset{class(dataset.MRImageStorage), instance("1.2")}, dimse.SOPClassNotSupported},
		{"C-STORE of a path", dimse.Header{Field: dimse.FieldCStoreRQ, HasDataset: true}, dataset.Dataset{class(dataset.CTImageStorage), instance("../../x")}, dimse.InvalidSOPInstance},
		{"C-ECHO on the CT context", dimse.Header{Field: dimse.FieldCEchoRQ}, dataset.Dataset{class(dataset.Verification)}, dimse.NoSuchSOPClass},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			store := &dicomnettest.Store{}
			p := newPeer(t, store, nil)
			p.Associate()
			tt.h.MessageID = 3
			p.Send(dicomnettest.Command(t, storeID, dimse.NewOther(tt.h, tt.more...)))
			if tt.h.HasDataset {
				p.Send(dicomnettest.Data(storeID, true, []byte("ab")))
			}
			rsp := p.NextCommand()
			got, _ := rsp.Elements().Uint16(dataset.TagStatus)
			if dimse.Status(got) != tt.want || rsp.Header().MessageID != 3 || rsp.Header().Field != tt.h.Field|0x8000 {
				t.Errorf("response = %+v, want %v", rsp, tt.want)
			}
			p.Release()
			if n := len(store.Instances()); n != 0 {
				t.Errorf("%d instances stored", n)
			}
		})
	}
}

func TestRejections(t *testing.T) {
	t.Parallel()
	admit := func(err error) func(*dicomnet.Config) {
		return func(c *dicomnet.Config) {
			c.Admit = func(context.Context, dicomnet.AssociationInfo) error { return err }
		}
	}
	tests := []struct {
		name   string
		rq     func(*pdu.AssociateRQ)
		cfg    func(*dicomnet.Config)
		result pdu.RejectResult
		source pdu.RejectSource
		reason byte
	}{
		{"called AE refused", nil, admit(dicomnet.RejectCalledAE), 1, 1, 7},
		{"calling AE refused", nil, admit(dicomnet.RejectCallingAE), 1, 1, 3},
		{"other refusal", nil, admit(errors.New("no")), 2, 1, 1},
		{"blank called AE", func(rq *pdu.AssociateRQ) { rq.CalledAETitle = "" }, nil, 1, 1, 7},
		{"control characters", func(rq *pdu.AssociateRQ) { rq.CallingAETitle = "A\r\nB" }, nil, 1, 1, 3},
		{"application context", func(rq *pdu.AssociateRQ) { rq.ApplicationContext = "1.2" }, nil, 1, 1, 2},
		{"protocol version", func(rq *pdu.AssociateRQ) { rq.ProtocolVersion = 2 }, nil, 1, 2, 2},
		{"no context", func(rq *pdu.AssociateRQ) { rq.PresentationContexts = nil }, nil, 1, 1, 1},
		{"tiny maximum length", func(rq *pdu.AssociateRQ) { rq.UserInformation.MaximumLength = 1 }, nil, 1, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			store := &dicomnettest.Store{}
			p := newPeer(t, store, tt.cfg)
			rq := dicomnettest.AssociateRQ()
			if tt.rq != nil {
				tt.rq(rq)
			}
			p.Send(rq)
			p.ExpectReject(tt.result, tt.source, tt.reason)
			if n, _ := store.Sessions(); n != 0 {
				t.Errorf("%d sessions", n)
			}
		})
	}
}

func TestNegotiation(t *testing.T) {
	t.Parallel()
	rq := dicomnettest.AssociateRQ()
	rq.PresentationContexts = []pdu.PresentationContext{
		{ID: 1, AbstractSyntax: dataset.CTImageStorage, TransferSyntaxes: []string{dataset.ImplicitVRLittleEndian, dataset.ExplicitVRLittleEndian}},
		{ID: 9, AbstractSyntax: dataset.CTImageStorage, TransferSyntaxes: []string{dataset.JPEGBaseline8Bit}},
		{ID: 5, AbstractSyntax: dataset.MRImageStorage, TransferSyntaxes: []string{dataset.ImplicitVRLittleEndian}},
		{ID: 255, AbstractSyntax: dataset.Verification, TransferSyntaxes: []string{dataset.ImplicitVRLittleEndian}},
	}
	var info dicomnet.AssociationInfo
	b := dicomnet.BackendFunc(func(_ context.Context, i dicomnet.AssociationInfo) (dicomnet.Session, error) {
		info = i
		return handler(nil), nil
	})
	p := newPeer(t, b, nil)
	p.Send(rq)
	ac, ok := p.Next().(*pdu.AssociateAC)
	if !ok {
		t.Fatal("not accepted")
	}
	want := []pdu.PresentationResult{
		{ID: 1, Result: pdu.Acceptance, TransferSyntax: dataset.ExplicitVRLittleEndian}, // the server's preference
		{ID: 9, Result: pdu.TransferSyntaxesNotSupported, TransferSyntax: dataset.JPEGBaseline8Bit},
		{ID: 5, Result: pdu.AbstractSyntaxNotSupported, TransferSyntax: dataset.ImplicitVRLittleEndian},
		{ID: 255, Result: pdu.Acceptance, TransferSyntax: dataset.ImplicitVRLittleEndian},
	}
	for i := range want {
		if ac.PresentationResults[i] != want[i] {
			t.Errorf("context %d: %+v, want %+v", i, ac.PresentationResults[i], want[i])
		}
	}
	if len(info.Accepted) != 2 || info.CallingAETitle != "TEST_SCU" || info.ID == 0 {
		t.Errorf("info = %+v", info)
	}
	p.Release()
}

// A response, however small the peer's maximum, leaves in one write.
func TestResponseIsOneWrite(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	counted := &countingConn{Conn: theirs}
	s := newServer(t, &dicomnettest.Store{}, nil)
	done := make(chan struct{})
	go func() { defer close(done); s.ServeConn(counted) }()
	p := dicomnettest.NewPeer(t, ours)
	p.Associate()
	before := counted.writes
	p.Send(echoRQ(t))
	p.NextCommand()
	if n := counted.writes - before; n != 1 {
		t.Errorf("%d writes", n)
	}
	p.Release()
	<-done
}

// countingConn counts writes; the peer's reads order the accesses.
type countingConn struct {
	net.Conn
	writes int
}

func (c *countingConn) Write(p []byte) (int, error) {
	c.writes++
	return c.Conn.Write(p)
}

func TestPanicEndsTheAssociationOnly(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	b := backend(func(io.Reader) error { panic("broken handler") })
	s := newServer(t, b, func(c *dicomnet.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	conn, theirs := net.Pipe()
	done := make(chan struct{})
	go func() { defer close(done); s.ServeConn(theirs) }()
	p := dicomnettest.NewPeer(t, conn)
	p.Associate()
	p.Send(storeRQ(t))
	p.ExpectAbort(pdu.AbortByUser, 0)
	<-done
	if strings.Contains(log.String(), "broken handler") || !strings.Contains(log.String(), "server_association.go") {
		t.Errorf("log lacks the stack, or has the panic's value: %s", log.String())
	}
	other := dicomnettest.NewPeer(t, dicomnettest.Pipe(t, s))
	other.Associate()
	other.Release()
}

func TestNewServerRefuses(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*dicomnet.Config){
		"no admit":          func(c *dicomnet.Config) { c.Admit = nil },
		"no services":       func(c *dicomnet.Config) { c.Services = nil },
		"bad UID":           func(c *dicomnet.Config) { c.Services = []dicomnet.Service{{SOPClassUIDs: []string{"x"}}} },
		"no implementation": func(c *dicomnet.Config) { c.ImplementationClassUID = "" },
		"long version":      func(c *dicomnet.Config) { c.ImplementationVersionName = "12345678901234567" },
		"tiny PDU":          func(c *dicomnet.Config) { c.Limits.MaxPDUBytes = 1024 },
		"odd PDU":           func(c *dicomnet.Config) { c.Limits.MaxPDUBytes = 16<<10 + 1 },
		"negative":          func(c *dicomnet.Config) { c.Limits.IdleTimeout = -1 },
	} {
		cfg := dicomnettest.Config()
		edit(&cfg)
		if _, err := dicomnet.NewServer(&dicomnettest.Store{}, cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
