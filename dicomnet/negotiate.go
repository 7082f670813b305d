package dicomnet

import (
	"slices"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// Service is what a server accepts, or a client proposes: each SOP class in each
// transfer syntax.
type Service struct {
	SOPClassUIDs []string
	// TransferSyntaxUIDs in the server's order of preference.
	TransferSyntaxUIDs []string
	// Role is what the requestor of the association may be: the client itself,
	// or the peers of a server. Storage commitment reports that come on an
	// association of their own, and C-GET, need RoleSCP or RoleBoth. The zero
	// value is RoleSCU.
	Role Role
}

// negotiate answers the proposed presentation contexts in their order (PS3.8
// §7.1.1.13): of the transfer syntaxes proposed for a context, the one that
// the server prefers. A SOP class for which no role was agreed is refused. It
// is pure.
func negotiate(proposed []pdu.PresentationContext, services []Service, roles []pdu.RoleSelection) (results []pdu.PresentationResult, accepted []AcceptedContext) {
	for _, pc := range proposed {
		r := pdu.PresentationResult{ID: pc.ID, Result: pdu.AbstractSyntaxNotSupported}
		role := agreedRole(pc.AbstractSyntax, roles)
		for _, s := range services {
			if !slices.Contains(s.SOPClassUIDs, pc.AbstractSyntax) {
				continue
			}
			if role == roleNone {
				r.Result = pdu.UserRejection
				break
			}
			r.Result = pdu.TransferSyntaxesNotSupported
			i := slices.IndexFunc(s.TransferSyntaxUIDs, func(ts string) bool { return slices.Contains(pc.TransferSyntaxes, ts) })
			if i >= 0 {
				r.Result, r.TransferSyntax = pdu.Acceptance, s.TransferSyntaxUIDs[i]
				accepted = append(accepted, AcceptedContext{ID: pc.ID, SOPClassUID: pc.AbstractSyntax, TransferSyntaxUID: r.TransferSyntax, Role: role})
				break
			}
		}
		if r.Result != pdu.Acceptance && len(pc.TransferSyntaxes) > 0 {
			// The field has no meaning then, but some peers insist on a UID.
			r.TransferSyntax = pc.TransferSyntaxes[0]
		}
		results = append(results, r)
	}
	return results, accepted
}

// judge finds what in a request rules out an association, whoever asks.
func judge(rq *pdu.AssociateRQ) *RejectError {
	switch {
	case rq.ApplicationContext != dataset.ApplicationContext:
		return rejectContextName
	case !dataset.ValidAETitle(rq.CalledAETitle):
		return RejectCalledAE
	case !dataset.ValidAETitle(rq.CallingAETitle):
		return RejectCallingAE
	case len(rq.PresentationContexts) == 0:
		return rejectNoReason
	}
	return nil
}
