package scp

import (
	"context"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// Reporter sends commitment reports over an association of its own (PS3.4 §J.3.3), in
// which we take the role of the SCP although we ask for it (PS3.7 §D.3.3.4). It is the
// pipeline's CommitReporter.
type Reporter struct {
	// Dial associates with a peer by its AE title, with the given proposals. It is
	// Unavailable where no address is configured any more.
	Dial func(ctx context.Context, peer neckfrac.AETitle, proposals []dicomnet.Service) (*dicomnet.Client, error)
	// Timeout bounds one report. Required.
	Timeout time.Duration
}

// commitmentSyntaxes are what N-ACTION and N-EVENT-REPORT are written in.
var commitmentSyntaxes = []string{dataset.ExplicitVRLittleEndian, dataset.ImplicitVRLittleEndian}

// CommitmentService is what is negotiated for commitment requests; for reports the
// requestor of the association is the SCP, and Role has to say so.
func CommitmentService() dicomnet.Service {
	return dicomnet.Service{SOPClassUIDs: []string{dataset.StorageCommitmentPushModel}, TransferSyntaxUIDs: commitmentSyntaxes}
}

// Report sends the answer and returns nil once the peer has confirmed it.
func (r *Reporter) Report(ctx context.Context, c neckfrac.Commitment) error {
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	service := CommitmentService()
	service.Role = dicomnet.RoleSCP
	client, err := r.Dial(ctx, c.Peer, []dicomnet.Service{service})
	if err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, "report", err)
	}
	defer client.Abort()
	if err := client.EventReport(ctx, CommitmentReport(c)); err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, "report", err)
	}
	// The peer has confirmed: how the association ends changes nothing.
	_ = client.Release(ctx)
	return nil
}
