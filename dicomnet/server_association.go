package dicomnet

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"time"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// served is one association on the server's side.
type served struct {
	*association
	srv      *Server
	info     AssociationInfo
	room     bool // within the limits of associations
	session  Session
	log      *slog.Logger
	commands int
}

// serve runs an association from the connection's first byte to its last. room
// is false if there are too many.
func (s *Server) serve(conn net.Conn, room bool) {
	a := newAssociation(conn, s.cfg.Limits, Facts{})
	peer := peerKey(conn.RemoteAddr())
	c := &served{association: a, srv: s, room: room}
	s.enter(a)
	defer s.leave(a)
	c.info = AssociationInfo{ID: s.lastID.Add(1), RemoteAddr: conn.RemoteAddr()}
	c.log = s.cfg.Logger.With("assoc", c.info.ID)
	ctx, cancel := context.WithTimeout(s.base, s.cfg.Limits.MaxLifetime)
	defer cancel()

	start := time.Now()
	defer func() {
		c.log.Info("dicom association ended", "remote", peer, "commands", c.commands,
			"dur_ms", time.Since(start).Milliseconds(), "reason", c.ended)
	}()
	defer a.linger()
	defer c.closeSession()
	defer c.recover()
	if err := c.handshake(ctx, conn); err != nil {
		a.finish(handshakeCause(err))
		return
	}
	_ = a.event(Evt5, nil, nil)
	if c.establish(ctx) {
		for c.command(ctx) {
			c.commands++
		}
	}
}

// recover ends the association after a panic of the application.
func (c *served) recover() {
	// Where it happened is logged and not its value, which may hold what a peer wrote.
	if recover() != nil {
		c.log.Error("dicom association panicked", "stack", string(debug.Stack()))
		_ = c.abort(ErrClosed)
	}
}

func (c *served) closeSession() {
	if c.session != nil {
		defer c.recover()
		c.session.Close()
	}
}

// handshake completes TLS, so that the peer's certificate is known to Admit.
func (c *served) handshake(ctx context.Context, conn net.Conn) error {
	tc, ok := conn.(*tls.Conn)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.lim.ARTIM)
	defer cancel()
	if err := tc.HandshakeContext(ctx); err != nil {
		return err
	}
	state := tc.ConnectionState()
	c.info.TLS = &state
	return nil
}

// establish answers the association request. It reports whether there is an
// association.
func (c *served) establish(ctx context.Context) bool {
	c.meter.pdu = time.Now().Add(c.lim.ARTIM)
	p, err := c.reader.Next()
	if err != nil {
		_ = c.failed(err)
		return false
	}
	rq, ok := p.(*pdu.AssociateRQ)
	if !ok {
		_ = c.event(eventOf(p), nil, causeOf(p))
		return false
	}
	if refusal := c.providerRefusal(rq); refusal != nil {
		c.facts.Unacceptable = true
		_ = c.event(Evt6, refusal.pdu(), refusal)
		return false
	}
	if err := c.event(Evt6, nil, nil); err != nil {
		return false
	}
	answer, refusal := c.userAnswer(ctx, rq)
	if refusal != nil {
		_ = c.event(Evt8, refusal.pdu(), refusal)
		return false
	}
	err = c.event(Evt7, answer, nil)
	// gofail: var assocAccepted struct{}
	return err == nil
}

// providerRefusal is what AE-6 looks at.
func (c *served) providerRefusal(rq *pdu.AssociateRQ) *RejectError {
	switch {
	case rq.ProtocolVersion&pdu.ProtocolVersion1 == 0:
		return rejectVersion
	case !c.room || c.srv.isClosed():
		return rejectLimit
	}
	return nil
}

// userAnswer asks Admit and the backend, and returns the acceptance.
func (c *served) userAnswer(ctx context.Context, rq *pdu.AssociateRQ) (*pdu.AssociateAC, *RejectError) {
	if refusal := judge(rq); refusal != nil {
		return nil, refusal
	}
	c.info.CalledAETitle, c.info.CallingAETitle = rq.CalledAETitle, rq.CallingAETitle
	c.log = c.log.With("called", rq.CalledAETitle, "calling", rq.CallingAETitle)
	c.setInfo(&rq.UserInformation)
	if !c.setPeer(rq.UserInformation) {
		return nil, rejectNoReason
	}
	if err := c.srv.cfg.Admit(ctx, c.info); err != nil {
		return nil, rejection(err)
	}
	identified, err := c.identify(ctx, rq.UserInformation.UserIdentity)
	if err != nil {
		return nil, identityRejection(err)
	}
	cfg := &c.srv.cfg
	roles := answerRoles(rq.UserInformation.RoleSelections, cfg.Services)
	results, accepted := negotiate(rq.PresentationContexts, cfg.Services, roles)
	c.info.Accepted = accepted
	for _, pc := range accepted {
		c.contexts[pc.ID] = pc
	}
	session, err := c.srv.backend.NewSession(ctx, c.info)
	if err != nil {
		return nil, rejection(err)
	}
	c.session = session
	ac := &pdu.AssociateAC{
		ProtocolVersion: pdu.ProtocolVersion1, CalledAETitle: rq.CalledAETitle, CallingAETitle: rq.CallingAETitle,
		ApplicationContext: dataset.ApplicationContext, PresentationResults: results,
		UserInformation: pdu.UserInformation{MaximumLength: c.lim.MaxPDUBytes,
			ImplementationClassUID:    cfg.ImplementationClassUID,
			ImplementationVersionName: cfg.ImplementationVersionName,
			RoleSelections:            roles,
			UserIdentityResponse:      identified},
	}
	if rq.UserInformation.AsyncOperationsWindow != nil {
		// One operation at a time, whatever was proposed (PS3.7 Annex D.3.3.3).
		ac.UserInformation.AsyncOperationsWindow = &pdu.AsyncOperationsWindow{Invoked: 1, Performed: 1}
	}
	return ac, nil
}

// setInfo takes over what the user information tells Admit and the backend.
func (c *served) setInfo(u *pdu.UserInformation) {
	if dataset.ValidUID(u.ImplementationClassUID) {
		c.info.ImplementationClassUID = u.ImplementationClassUID
	}
	if v := u.ImplementationVersionName; dataset.ValidAETitle(v) {
		c.info.ImplementationVersionName = v
	}
	if u.UserIdentity != nil {
		c.info.UserIdentityType = u.UserIdentity.Type
	}
	c.info.Extended, c.info.CommonExtended = u.Extended, u.CommonExtended
}

func rejection(err error) *RejectError {
	var re *RejectError
	if errors.As(err, &re) {
		return re
	}
	return RejectTransient
}

// command serves one command. It reports whether to go on.
func (c *served) command(ctx context.Context) bool {
	if c.meter.draining.Load() {
		_ = c.abort(ErrClosed)
		return false
	}
	pc, cmd, err := c.readCommand(c.lim.IdleTimeout)
	if err == errReleaseRQ {
		_ = c.event(Evt14, nil, ErrReleased)
		return false
	}
	if err != nil {
		return false
	}
	// gofail: var commandParsed struct{}
	switch cmd := cmd.(type) {
	case *dimse.CEchoRQ:
		err = c.echo(ctx, pc, cmd)
	case *dimse.CStoreRQ:
		err = c.store(ctx, pc, cmd)
	case *dimse.NActionRQ:
		err = c.action(ctx, pc, cmd)
	case *dimse.NEventReportRQ:
		err = c.eventReport(ctx, pc, cmd)
	case *dimse.NCreateRQ:
		err = c.create(ctx, pc, cmd)
	default:
		err = c.refuse(pc, cmd, dimse.UnrecognizedOperation)
	}
	// gofail: var responseWritten struct{}
	return err == nil
}

func (c *served) echo(ctx context.Context, pc AcceptedContext, rq *dimse.CEchoRQ) error {
	if s := rq.Check(); s != dimse.Success {
		return c.refuse(pc, rq, s)
	}
	if pc.SOPClassUID != dataset.Verification {
		return c.refuse(pc, rq, dimse.NoSuchSOPClass)
	}
	status, comment := statusOf(c.session.Echo(ctx))
	return c.writeCommand(pc.ID, &dimse.CEchoRSP{MessageID: rq.MessageID, AffectedSOPClassUID: rq.AffectedSOPClassUID,
		Status: status, ErrorComment: comment})
}

func (c *served) store(ctx context.Context, pc AcceptedContext, rq *dimse.CStoreRQ) error {
	refused, broken := c.serveStore(pc, rq, pc.Role.SCU(), func(rq *StoreRequest, body io.Reader) error {
		return c.session.Store(ctx, rq, body)
	})
	if broken == nil && refused != nil {
		status, _ := statusOf(refused)
		c.log.Warn("dicom store refused", "status", status.String(), "err", refused)
	}
	return broken
}
