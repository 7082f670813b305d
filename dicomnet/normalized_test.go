package dicomnet_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomnettest"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

const commitment, notification = dataset.StorageCommitmentPushModel, dataset.InstanceAvailabilityNotification

// normalized is a session of all services of PS3.7 §10 that tells what came.
type normalized struct {
	handler
	came   chan any
	answer error
	assign string
}

func (n normalized) take(v any) error {
	select {
	case n.came <- v:
	default:
	}
	return n.answer
}
func (n normalized) Action(_ context.Context, rq *dicomnet.ActionRequest) error    { return n.take(rq) }
func (n normalized) EventReport(_ context.Context, ev *dicomnet.EventReport) error { return n.take(ev) }
func (n normalized) Create(_ context.Context, rq *dicomnet.CreateRequest) error {
	if rq.SOPInstanceUID == "" {
		rq.SOPInstanceUID = n.assign
	}
	return n.take(rq)
}

// serviceConfig offers commitment in both roles and notification as SCP.
func serviceConfig(c *dicomnet.Config) {
	syntaxes := c.Services[0].TransferSyntaxUIDs
	c.Services = append(c.Services,
		dicomnet.Service{SOPClassUIDs: []string{commitment}, TransferSyntaxUIDs: syntaxes, Role: dicomnet.RoleBoth},
		dicomnet.Service{SOPClassUIDs: []string{notification}, TransferSyntaxUIDs: syntaxes})
}

func serviceClient(t testing.TB, s *dicomnet.Server, role dicomnet.Role) *dicomnet.Client {
	t.Helper()
	cfg := dicomnettest.ClientConfig()
	cfg.Proposals = append(cfg.Proposals,
		dicomnet.Service{SOPClassUIDs: []string{commitment, notification}, TransferSyntaxUIDs: []string{dataset.ExplicitVRLittleEndian}, Role: role})
	c, err := dicomnet.NewClient(t.Context(), dicomnettest.Pipe(t, s), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func session(s dicomnet.Session) dicomnet.Backend {
	return dicomnet.BackendFunc(func(context.Context, dicomnet.AssociationInfo) (dicomnet.Session, error) { return s, nil })
}

func references(n int) dataset.Dataset {
	var items []dataset.Dataset
	for range n {
		items = append(items, dataset.Dataset{
			dataset.NewText(dataset.TagReferencedSOPClassUID, dataset.CTImageStorage),
			dataset.NewText(dataset.TagReferencedSOPInstanceUID, "1.2.3")})
	}
	return dataset.Dataset{dataset.NewText(dataset.TagTransactionUID, "2.25.77"), dataset.NewSequence(dataset.TagReferencedSOPSequence, items...)}
}

func TestNormalizedServices(t *testing.T) {
	t.Parallel()
	n := normalized{came: make(chan any, 4)}
	s := newServer(t, session(n), serviceConfig)
	c := serviceClient(t, s, dicomnet.RoleBoth)
	push := dataset.StorageCommitmentPushInstance
	if err := c.Action(t.Context(), dicomnet.ActionRequest{SOPClassUID: commitment, SOPInstanceUID: push, ActionTypeID: 1, Information: references(3)}); err != nil {
		t.Fatal(err)
	}
	rq := (<-n.came).(*dicomnet.ActionRequest)
	items, _ := rq.Information.Items(dataset.TagReferencedSOPSequence)
	if rq.SOPClassUID != commitment || rq.SOPInstanceUID != push || rq.ActionTypeID != 1 || len(items) != 3 {
		t.Errorf("action = %+v", rq)
	}
	if err := c.EventReport(t.Context(), dicomnet.EventReport{SOPClassUID: commitment, SOPInstanceUID: push, EventTypeID: 2, Information: references(1)}); err != nil {
		t.Fatal(err)
	}
	ev := (<-n.came).(*dicomnet.EventReport)
	if uid, _ := ev.Information.UID(dataset.TagTransactionUID); ev.EventTypeID != 2 || uid != "2.25.77" {
		t.Errorf("event = %+v", ev)
	}
	if err := c.Create(t.Context(), dicomnet.CreateRequest{SOPClassUID: notification, SOPInstanceUID: "2.25.5"}); err != nil {
		t.Errorf("create without attributes: %v", err)
	}
	if cr := (<-n.came).(*dicomnet.CreateRequest); cr.SOPInstanceUID != "2.25.5" || cr.Attributes != nil {
		t.Errorf("create = %+v", cr)
	}
	if err := c.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestNormalizedStatus(t *testing.T) {
	t.Parallel()
	action := dicomnet.ActionRequest{SOPClassUID: commitment, SOPInstanceUID: "1.2", ActionTypeID: 9}
	create := dicomnet.CreateRequest{SOPClassUID: notification}
	deep := references(0)
	for range 66 { // more than a reader takes, and an encoder writes
		deep = dataset.Dataset{dataset.NewSequence(dataset.TagReferencedSOPSequence, deep)}
	}
	tests := []struct {
		name    string
		session dicomnet.Session
		do      func(context.Context, *dicomnet.Client) error
		want    dimse.Status
	}{
		{"own status", normalized{answer: &dicomnet.StatusError{Status: dimse.NoSuchActionType}}, func(ctx context.Context, c *dicomnet.Client) error { return c.Action(ctx, action) }, dimse.NoSuchActionType},
		{"other error", normalized{answer: errors.New("secret")}, func(ctx context.Context, c *dicomnet.Client) error { return c.Action(ctx, action) }, dimse.ProcessingFailure},
		{"warning", normalized{answer: &dicomnet.StatusError{Status: dimse.AttributeListError}}, func(ctx context.Context, c *dicomnet.Client) error { return c.Action(ctx, action) }, dimse.Success},
		{"UID assigned", normalized{assign: "2.25.1"}, func(ctx context.Context, c *dicomnet.Client) error { return c.Create(ctx, create) }, dimse.Success},
		{"UID not assigned", normalized{}, func(ctx context.Context, c *dicomnet.Client) error { return c.Create(ctx, create) }, dimse.ProcessingFailure},
		{"no action", handler(discard), func(ctx context.Context, c *dicomnet.Client) error { return c.Action(ctx, action) }, dimse.UnrecognizedOperation},
		{"no creation", handler(discard), func(ctx context.Context, c *dicomnet.Client) error {
			return c.Create(ctx, dicomnet.CreateRequest{SOPClassUID: notification, Attributes: references(2)})
		}, dimse.UnrecognizedOperation},
		{"no events", handler(discard), func(ctx context.Context, c *dicomnet.Client) error {
			return c.EventReport(ctx, dicomnet.EventReport{SOPClassUID: commitment, SOPInstanceUID: "1.2", EventTypeID: 1})
		}, dimse.UnrecognizedOperation},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := serviceClient(t, newServer(t, session(tt.session), serviceConfig), dicomnet.RoleSCU)
			err := tt.do(t.Context(), c)
			var se *dicomnet.StatusError
			if got := errors.As(err, &se); (tt.want == dimse.Success && err != nil) || (tt.want != dimse.Success && (!got || se.Status != tt.want)) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			// What cannot be encoded or was not accepted leaves the association.
			if err := c.Action(t.Context(), dicomnet.ActionRequest{SOPClassUID: commitment, SOPInstanceUID: "1.2", Information: deep}); !errors.Is(err, dataset.ErrLimit) {
				t.Errorf("too deep: %v", err)
			}
			if err := c.Action(t.Context(), dicomnet.ActionRequest{SOPClassUID: "1.2", SOPInstanceUID: "1.2"}); !errors.Is(err, dicomnet.ErrNotAccepted) {
				t.Errorf("not negotiated: %v", err)
			}
			if err := c.Release(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// commitmentPeer is a scripted peer with commitment on context 5.
func commitmentPeer(t *testing.T, s *dicomnet.Server, roles ...pdu.RoleSelection) (*dicomnettest.Peer, *pdu.AssociateAC) {
	t.Helper()
	rq := dicomnettest.AssociateRQ()
	rq.PresentationContexts = append(rq.PresentationContexts, pdu.PresentationContext{ID: 5, AbstractSyntax: commitment, TransferSyntaxes: []string{dataset.ImplicitVRLittleEndian}})
	rq.UserInformation.RoleSelections = roles
	p := dicomnettest.NewPeer(t, dicomnettest.Pipe(t, s))
	p.Send(rq)
	ac, ok := p.Next().(*pdu.AssociateAC)
	if !ok {
		t.Fatal("not accepted")
	}
	return p, ac
}

func actionRQ(t *testing.T) *pdu.PDataTF {
	return dicomnettest.Command(t, 5, &dimse.NActionRQ{MessageID: 3, RequestedSOPClassUID: commitment, RequestedSOPInstanceUID: "1.2", ActionTypeID: 1, HasInformation: true})
}

func TestMalformedInformationIsAnswered(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		data []byte
		want dimse.Status
	}{
		"garbage":    {[]byte("garb"), dimse.ProcessingFailure},
		"cut":        {[]byte{8, 0, 0x95, 0x11, 0xFF, 0, 0, 0, '1', '.'}, dimse.ProcessingFailure},
		"over 4 MiB": {[]byte{8, 0, 0x95, 0x11, 0xFF, 0xFF, 0xFF, 0x7F, '1', '.'}, dimse.ResourceLimitation},
	} {
		p, _ := commitmentPeer(t, newServer(t, session(normalized{}), serviceConfig))
		p.Send(actionRQ(t), dicomnettest.Data(5, true, tt.data))
		if rsp, ok := p.NextCommand().(*dimse.NActionRSP); !ok || rsp.Status != tt.want || rsp.MessageID != 3 {
			t.Errorf("%s: %+v, want %v", name, rsp, tt.want)
		}
		p.Release()
	}
}

func TestMaxInformationBytes(t *testing.T) {
	t.Parallel()
	s := newServer(t, session(normalized{}), func(c *dicomnet.Config) {
		serviceConfig(c)
		c.Limits.MaxInformationBytes = 1008
	})
	element := append([]byte{8, 0, 0x95, 0x11, 0xE8, 3, 0, 0}, make([]byte, 1000)...)
	p, _ := commitmentPeer(t, s)
	p.Send(actionRQ(t), dicomnettest.Data(5, true, element))
	if rsp := p.NextCommand().(*dimse.NActionRSP); rsp.Status != dimse.Success {
		t.Errorf("at the limit: %v", rsp.Status)
	}
	p.Send(actionRQ(t), dicomnettest.Data(5, false, element), dicomnettest.Data(5, true, []byte("ab")))
	p.ExpectAbort(pdu.AbortByUser, 0)
}

// Over MaxHeldDatasets a peer hears that it may try again, and is not cut off.
func TestMaxHeldDatasets(t *testing.T) {
	t.Parallel()
	n := normalized{came: make(chan any, 4)}
	s := newServer(t, session(n), func(c *dicomnet.Config) {
		serviceConfig(c)
		c.Limits.MaxHeldDatasets = 1
	})
	slow, _ := commitmentPeer(t, s)
	slow.Send(actionRQ(t), dicomnettest.Data(5, false, []byte{8, 0, 0x95, 0x11, 4, 0, 0, 0}))
	slow.Send(dicomnettest.Data(5, false, []byte("1."))) // read only once the first are, and then the place is taken
	other, _ := commitmentPeer(t, s)
	other.Send(actionRQ(t), dicomnettest.Data(5, true, []byte{8, 0, 0x95, 0x11, 0, 0, 0, 0}))
	if rsp := other.NextCommand().(*dimse.NActionRSP); rsp.Status != dimse.ResourceLimitation {
		t.Errorf("over the limit: %v", rsp.Status)
	}
	slow.Send(dicomnettest.Data(5, true, []byte("2\x00")))
	if rsp := slow.NextCommand().(*dimse.NActionRSP); rsp.Status != dimse.Success {
		t.Errorf("within the limit: %v", rsp.Status)
	}
	other.Send(actionRQ(t), dicomnettest.Data(5, true, []byte{8, 0, 0x95, 0x11, 0, 0, 0, 0}))
	if rsp := other.NextCommand().(*dimse.NActionRSP); rsp.Status != dimse.Success {
		t.Errorf("second try: %v", rsp.Status)
	}
	slow.Release()
	other.Release()
}

func TestRoles(t *testing.T) {
	t.Parallel()
	role := func(class string, scu, scp bool) pdu.RoleSelection {
		return pdu.RoleSelection{SOPClassUID: class, SCU: scu, SCP: scp}
	}
	tests := []struct {
		name     string
		proposed []pdu.RoleSelection
		want     []pdu.RoleSelection
		status   dimse.Status // of an N-ACTION afterwards
	}{
		{"none", nil, nil, dimse.Success},
		{"both", []pdu.RoleSelection{role(commitment, true, true)}, []pdu.RoleSelection{role(commitment, true, true)}, dimse.Success},
		{"SCP only", []pdu.RoleSelection{role(commitment, false, true)}, []pdu.RoleSelection{role(commitment, false, true)}, dimse.SOPClassNotSupported},
		{"neither means the default", []pdu.RoleSelection{role(commitment, false, false)}, nil, dimse.Success},
		{"twice", []pdu.RoleSelection{role(commitment, true, false), role(commitment, false, true)}, []pdu.RoleSelection{role(commitment, true, false)}, dimse.Success},
		{"class not offered", []pdu.RoleSelection{role("1.2", true, true)}, nil, dimse.Success},
		{"role not offered", []pdu.RoleSelection{role(dataset.CTImageStorage, true, true)}, []pdu.RoleSelection{role(dataset.CTImageStorage, true, false)}, dimse.Success},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, ac := commitmentPeer(t, newServer(t, session(normalized{}), serviceConfig), tt.proposed...)
			got := ac.UserInformation.RoleSelections
			if len(got) != len(tt.want) || (len(got) == 1 && got[0] != tt.want[0]) {
				t.Errorf("answer %v, want %v", got, tt.want)
			}
			p.Send(actionRQ(t), dicomnettest.Data(5, true, nil))
			status, _ := p.NextCommand().Elements().Uint16(dataset.TagStatus)
			if dimse.Status(status) != tt.status {
				t.Errorf("N-ACTION: %v, want %v", dimse.Status(status), tt.status)
			}
			p.Send(dicomnettest.Command(t, 5, &dimse.NEventReportRQ{MessageID: 4, AffectedSOPClassUID: commitment, AffectedSOPInstanceUID: "1.2", EventTypeID: 1}))
			if rsp, ok := p.NextCommand().(*dimse.NEventReportRSP); !ok || rsp.Status != dimse.Success || rsp.EventTypeID != 1 {
				t.Errorf("N-EVENT-REPORT: %+v", rsp)
			}
			p.Release()
		})
	}
	// A class that is wanted only in a role that is not offered is refused.
	_, ac := commitmentPeer(t, newServer(t, session(normalized{}), serviceConfig), role(dataset.CTImageStorage, false, true))
	if r := ac.PresentationResults[1]; r.Result != pdu.UserRejection {
		t.Errorf("CT storage as SCP: %+v", r)
	}
}

// A client is SCP only where the peer said so.
func TestClientRoles(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer []pdu.RoleSelection
		action bool // may be sent
	}{
		"not negotiated":  {nil, true},
		"granted":         {[]pdu.RoleSelection{{SOPClassUID: commitment, SCP: true}}, false},
		"refused":         {[]pdu.RoleSelection{{SOPClassUID: commitment}}, false},
		"more than asked": {[]pdu.RoleSelection{{SOPClassUID: commitment, SCU: true, SCP: true}, {SOPClassUID: "1.2", SCP: true}}, false},
	} {
		ours := pdu.PresentationResult{ID: 1, TransferSyntax: dataset.ImplicitVRLittleEndian}
		cfg := dicomnettest.ClientConfig()
		cfg.Proposals = []dicomnet.Service{{SOPClassUIDs: []string{commitment}, TransferSyntaxUIDs: []string{dataset.ImplicitVRLittleEndian}, Role: dicomnet.RoleSCP}}
		c, err := scriptedAs(t, cfg, func(p *dicomnettest.Peer) {
			rq := p.Next().(*pdu.AssociateRQ)
			if r := rq.UserInformation.RoleSelections; len(r) != 1 || r[0] != (pdu.RoleSelection{SOPClassUID: commitment, SCP: true}) {
				t.Errorf("proposed %v", r)
			}
			p.Send(&pdu.AssociateAC{ProtocolVersion: 1, ApplicationContext: dataset.ApplicationContext, PresentationResults: []pdu.PresentationResult{ours},
				UserInformation: pdu.UserInformation{MaximumLength: 16384, ImplementationClassUID: "1.2", RoleSelections: tt.answer}})
			if tt.action {
				rq := p.NextCommand().(*dimse.NActionRQ)
				p.Send(dicomnettest.Command(t, 1, &dimse.NActionRSP{MessageID: rq.MessageID}))
			}
			if u := p.Next(); u.Type() != pdu.TypeReleaseRQ {
				t.Errorf("%s: got %v", name, u)
			}
			p.Send(&pdu.ReleaseRP{})
			p.ExpectEnd()
		})
		if err != nil {
			t.Fatal(err)
		}
		err = c.Action(t.Context(), dicomnet.ActionRequest{SOPClassUID: commitment, SOPInstanceUID: "1.2"})
		if (err == nil) != tt.action || (err != nil && !errors.Is(err, dicomnet.ErrNotAccepted)) {
			t.Errorf("%s: %v", name, err)
		}
		if err := c.Release(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func eventRQ(t *testing.T, id uint16) *pdu.PDataTF {
	return dicomnettest.Command(t, 1, &dimse.NEventReportRQ{MessageID: id, AffectedSOPClassUID: dataset.Verification, AffectedSOPInstanceUID: "1.2", EventTypeID: 1})
}

// An event report is taken on the association that asked for it, also if it
// overtakes a response, and the wait for it can be given up.
func TestWaitEventReport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, err := scripted(t, func(p *dicomnettest.Peer) {
			accept(p, ours)
			echo := p.NextCommand().(*dimse.CEchoRQ)
			p.Send(eventRQ(t, 70), dicomnettest.Command(t, 1, &dimse.CEchoRSP{MessageID: echo.MessageID, AffectedSOPClassUID: dataset.Verification}))
			if rsp, ok := p.NextCommand().(*dimse.NEventReportRSP); !ok || rsp.MessageID != 70 || rsp.Status != dimse.Success {
				t.Errorf("early event: %+v", rsp)
			}
			pass(5 * time.Minute)
			p.Send(eventRQ(t, 71))
			if rsp, ok := p.NextCommand().(*dimse.NEventReportRSP); !ok || rsp.MessageID != 71 || rsp.Status != dimse.NoSuchEventType {
				t.Errorf("late event: %+v", rsp)
			}
			p.Release()
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Echo(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := 0
		if err := c.WaitEventReport(t.Context(), func(ev *dicomnet.EventReport) error { got++; return nil }); err != nil || got != 1 {
			t.Errorf("early event: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		expectAfter(t, time.Minute, func() {
			err := c.WaitEventReport(ctx, func(*dicomnet.EventReport) error { t.Error("no event was sent"); return nil })
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("given up: %v", err)
			}
		})
		refusal := &dicomnet.StatusError{Status: dimse.NoSuchEventType}
		expectAfter(t, 4*time.Minute, func() {
			if err := c.WaitEventReport(t.Context(), func(*dicomnet.EventReport) error { return refusal }); !errors.Is(err, refusal) {
				t.Errorf("late event: %v", err)
			}
		})
		if err := c.WaitEventReport(t.Context(), nil); !errors.Is(err, dicomnet.ErrReleased) {
			t.Errorf("released: %v", err)
		}
	})
}
