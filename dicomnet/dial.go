package dicomnet

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// ClientConfig configures an association asked for by Dial. It is copied.
type ClientConfig struct {
	CallingAETitle string
	CalledAETitle  string
	// Proposals lists what is asked for, at most 128 pairs of SOP class and
	// transfer syntax. Each pair becomes a presentation context of its own,
	// so that the peer accepts all it can and not only what it likes best.
	Proposals []Service
	// TLS makes the connection a TLS one. Optional.
	TLS *tls.Config
	// UserIdentity is sent along. Optional. If it asks for a positive response
	// and none comes, the association is aborted: ErrNoPositiveResponse.
	UserIdentity *UserIdentity
	// Limits bounds what the peer may cost. The zero value means the defaults.
	Limits Limits
	// ImplementationClassUID identifies this implementation. Required.
	ImplementationClassUID string
	// ImplementationVersionName is optional, at most 16 characters.
	ImplementationVersionName string
}

func (cfg *ClientConfig) check() error {
	cfg.Limits = cfg.Limits.withDefaults()
	switch {
	case !dataset.ValidAETitle(cfg.CallingAETitle) || !dataset.ValidAETitle(cfg.CalledAETitle):
		return errors.New("AE title")
	case !validImplementation(cfg.ImplementationClassUID, cfg.ImplementationVersionName):
		return errors.New("implementation class UID or version name")
	case !cfg.Limits.valid():
		return errors.New("limits")
	case !validIdentity(cfg.UserIdentity):
		return errors.New("user identity")
	}
	n := 0
	for _, p := range cfg.Proposals {
		n += len(p.SOPClassUIDs) * len(p.TransferSyntaxUIDs)
		if p.Role > RoleBoth {
			return errors.New("proposal: role")
		}
		for _, uid := range slices.Concat(p.SOPClassUIDs, p.TransferSyntaxUIDs) {
			if !dataset.ValidUID(uid) {
				return errors.New("proposal: UID")
			}
		}
	}
	if n == 0 || n > pdu.MaxPresentationContexts {
		return fmt.Errorf("%d presentation contexts", n)
	}
	return nil
}

// Dial connects to a TCP address and asks for an association. ctx covers both.
// The error is a *RejectError if the peer rejected.
func Dial(ctx context.Context, addr string, cfg ClientConfig) (*Client, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("dicomnet: dial: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, cfg.Limits.ARTIM)
	defer cancel()
	var conn net.Conn
	var err error
	if cfg.TLS != nil {
		conn, err = (&tls.Dialer{Config: cfg.TLS}).DialContext(ctx, "tcp", addr)
	} else {
		conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("dicomnet: dial: %w", err)
	}
	return NewClient(ctx, conn, cfg)
}

// NewClient is Dial on a connection that is open. It owns conn from then on,
// and closes it if it fails.
func NewClient(ctx context.Context, conn net.Conn, cfg ClientConfig) (*Client, error) {
	if err := cfg.check(); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("dicomnet: new client: %w", err)
	}
	c := &Client{a: newAssociation(conn, cfg.Limits, Facts{Requestor: true})}
	_ = c.a.event(Evt1, nil, nil)
	err := c.do(ctx, func() error { return c.associate(cfg) })
	if err != nil {
		return nil, fmt.Errorf("dicomnet: associate: %w", err)
	}
	return c, nil
}

func (c *Client) associate(cfg ClientConfig) error {
	rq := &pdu.AssociateRQ{
		ProtocolVersion: pdu.ProtocolVersion1, CalledAETitle: cfg.CalledAETitle, CallingAETitle: cfg.CallingAETitle,
		ApplicationContext: dataset.ApplicationContext,
		UserInformation: pdu.UserInformation{MaximumLength: cfg.Limits.MaxPDUBytes,
			ImplementationClassUID: cfg.ImplementationClassUID, ImplementationVersionName: cfg.ImplementationVersionName,
			RoleSelections: proposeRoles(cfg.Proposals), UserIdentity: cfg.UserIdentity},
	}
	for _, p := range cfg.Proposals {
		for _, class := range p.SOPClassUIDs {
			for _, ts := range p.TransferSyntaxUIDs {
				rq.PresentationContexts = append(rq.PresentationContexts, pdu.PresentationContext{
					ID: byte(2*len(rq.PresentationContexts) + 1), AbstractSyntax: class, TransferSyntaxes: []string{ts}})
			}
		}
	}
	if err := c.a.event(Evt2, rq, nil); err != nil {
		return err
	}
	p, err := c.a.receive(cfg.Limits.ARTIM)
	if err != nil {
		return err
	}
	return c.accepted(rq, p.(*pdu.AssociateAC)) // the table lets nothing else pass
}

// accepted takes over the peer's answer.
func (c *Client) accepted(rq *pdu.AssociateRQ, ac *pdu.AssociateAC) error {
	for _, r := range ac.PresentationResults {
		if r.Result != pdu.Acceptance {
			continue
		}
		i := int(r.ID) / 2
		if i >= len(rq.PresentationContexts) {
			return c.a.violation(pdu.ReasonInvalidParameterValue, "presentation context")
		}
		pc := rq.PresentationContexts[i]
		if r.TransferSyntax != pc.TransferSyntaxes[0] {
			return c.a.violation(pdu.ReasonInvalidParameterValue, "transfer syntax")
		}
		c.a.contexts[r.ID] = AcceptedContext{ID: r.ID, SOPClassUID: pc.AbstractSyntax, TransferSyntaxUID: r.TransferSyntax,
			Role: c.agreed(pc.AbstractSyntax, rq, ac)}
	}
	if v := ac.UserInformation.ImplementationVersionName; dataset.ValidAETitle(v) {
		c.server = v
	}
	if u := rq.UserInformation.UserIdentity; u != nil && u.PositiveResponseRequested && ac.UserInformation.UserIdentityResponse == nil {
		return c.a.abort(ErrNoPositiveResponse)
	}
	if !c.a.setPeer(ac.UserInformation) {
		return c.a.abort(fmt.Errorf("%w: maximum length", ErrProtocol))
	}
	return nil
}

// agreed returns our role for a SOP class: what we asked for and the peer
// granted.
func (c *Client) agreed(class string, rq *pdu.AssociateRQ, ac *pdu.AssociateAC) Role {
	asked := agreedRole(class, rq.UserInformation.RoleSelections)
	granted := agreedRole(class, ac.UserInformation.RoleSelections)
	if !slices.ContainsFunc(rq.UserInformation.RoleSelections, func(r pdu.RoleSelection) bool { return r.SOPClassUID == class }) {
		return RoleSCU // an answer nobody asked for counts for nothing
	}
	if !slices.ContainsFunc(ac.UserInformation.RoleSelections, func(r pdu.RoleSelection) bool { return r.SOPClassUID == class }) {
		return RoleSCU // the peer does not negotiate roles
	}
	return roleFrom(asked.SCU() && granted.SCU(), asked.SCP() && granted.SCP())
}
