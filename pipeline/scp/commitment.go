package scp

import (
	"context"
	"errors"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
)

// Storage Commitment Push Model, PS3.4 §J.3.
const (
	actionRequestCommitment = 1
	eventCommitted          = 1
	eventFailuresExist      = 2
)

// CommitmentRequests takes transactions; the ledger is the one in service.
type CommitmentRequests interface {
	RequestCommitment(ctx context.Context, c neckfrac.Commitment) (neckfrac.CommitmentID, error)
}

// Statuses of PS3.7 §10.1.4.1.10 that dimse has no name for.
const (
	statusInvalidArgument = dimse.Status(0x0115)
	statusNoSuchAction    = dimse.Status(0x0123)
)

// Action takes a storage commitment request (N-ACTION). Success goes out only when the
// transaction would survive a power cut; the answer itself comes later, on an
// association of ours.
func (s *session) Action(ctx context.Context, rq *dicomnet.ActionRequest) error {
	requests := s.backend.cfg.Commitments
	switch {
	case requests == nil || rq.SOPClassUID != dataset.StorageCommitmentPushModel:
		return &dicomnet.StatusError{Status: dimse.SOPClassNotSupported}
	case rq.SOPInstanceUID != dataset.StorageCommitmentPushInstance:
		return &dicomnet.StatusError{Status: dimse.NoSuchSOPInstance}
	case rq.ActionTypeID != actionRequestCommitment:
		return &dicomnet.StatusError{Status: statusNoSuchAction}
	case !s.peer.Reportable:
		return &dicomnet.StatusError{Status: dimse.NotAuthorized, Comment: "no address for the report is configured"}
	}
	c, err := readCommitment(rq.Information)
	if err != nil {
		return err
	}
	c.Peer, c.Received = s.peer.AETitle, s.backend.cfg.Now().UTC()
	var id neckfrac.CommitmentID
	if err = s.backend.room(); err == nil {
		id, err = requests.RequestCommitment(ctx, c)
	}
	if err != nil {
		status := commitmentStatus(err)
		status.Err = err
		return status
	}
	s.log.Info("commitment requested", "commitment", id, "instances", len(c.Instances))
	return nil
}

func commitmentStatus(err error) *dicomnet.StatusError {
	switch neckfrac.KindOf(err) {
	case neckfrac.Conflict:
		return &dicomnet.StatusError{Status: statusInvalidArgument, Comment: "transaction is known with other references"}
	case neckfrac.Limit, neckfrac.Unavailable:
		return &dicomnet.StatusError{Status: dimse.ResourceLimitation, Comment: "out of resources"}
	case neckfrac.Invalid:
		return &dicomnet.StatusError{Status: statusInvalidArgument}
	}
	return &dicomnet.StatusError{Status: dimse.ProcessingFailure}
}

// errReferences means that a list of references is missing or breaks its grammar.
var errReferences = errors.New("references can not be read")

// readCommitment takes transaction and references out of the action information.
func readCommitment(info dataset.Dataset) (neckfrac.Commitment, error) {
	var c neckfrac.Commitment
	var ok bool
	if c.TransactionUID, ok = info.UID(dataset.TagTransactionUID); !ok {
		return c, &dicomnet.StatusError{Status: dimse.MissingAttribute, Comment: "transaction UID"}
	}
	items, ok := info.Items(dataset.TagReferencedSOPSequence)
	switch {
	case !ok || len(items) == 0:
		return c, &dicomnet.StatusError{Status: dimse.MissingAttribute, Comment: "referenced SOP sequence"}
	case len(items) > neckfrac.MaxCommitted:
		return c, &dicomnet.StatusError{Status: dimse.ResourceLimitation, Comment: "too many references"}
	}
	for _, item := range items {
		ref, err := readCommitRef(item)
		if err != nil {
			return c, &dicomnet.StatusError{Status: statusInvalidArgument, Comment: "referenced SOP sequence", Err: err}
		}
		c.Instances = append(c.Instances, ref)
	}
	return c, nil
}

func readCommitRef(item dataset.Dataset) (neckfrac.InstanceRef, error) {
	class, ok1 := item.UID(dataset.TagReferencedSOPClassUID)
	uid, ok2 := item.UID(dataset.TagReferencedSOPInstanceUID)
	if !ok1 || !ok2 || !dataset.ValidUID(class) || !dataset.ValidUID(uid) {
		return neckfrac.InstanceRef{}, errReferences
	}
	return neckfrac.InstanceRef{SOPClassUID: class, UID: neckfrac.InstanceUID(uid)}, nil
}

// CommitmentRequest is the N-ACTION that asks a peer to commit to instances.
func CommitmentRequest(transaction string, refs []neckfrac.InstanceRef) dicomnet.ActionRequest {
	items := make([]dataset.Dataset, len(refs))
	for i, r := range refs {
		items[i] = commitRef(r)
	}
	return dicomnet.ActionRequest{
		SOPClassUID: dataset.StorageCommitmentPushModel, SOPInstanceUID: dataset.StorageCommitmentPushInstance, ActionTypeID: actionRequestCommitment,
		Information: dataset.Dataset{dataset.NewText(dataset.TagTransactionUID, transaction), dataset.NewSequence(dataset.TagReferencedSOPSequence, items...)},
	}
}

func commitRef(r neckfrac.InstanceRef) dataset.Dataset {
	return dataset.Dataset{dataset.NewText(dataset.TagReferencedSOPClassUID, r.SOPClassUID), dataset.NewText(dataset.TagReferencedSOPInstanceUID, string(r.UID))}
}

// CommitmentReport is the N-EVENT-REPORT with the answer to a decided transaction: type
// 1 if all was committed, else 2 with the failures (PS3.4 §J.3.3). A list without items
// is left out.
func CommitmentReport(c neckfrac.Commitment) dicomnet.EventReport {
	var kept, failed []dataset.Dataset
	for i, r := range c.Instances {
		reason := neckfrac.CommitProcessingFailure
		if i < len(c.Reasons) {
			reason = c.Reasons[i]
		}
		if reason == neckfrac.Committed {
			kept = append(kept, commitRef(r))
			continue
		}
		failed = append(failed, append(commitRef(r), dataset.NewInt(dataset.TagFailureReason, int64(reason))))
	}
	ev := dicomnet.EventReport{
		SOPClassUID: dataset.StorageCommitmentPushModel, SOPInstanceUID: dataset.StorageCommitmentPushInstance, EventTypeID: eventCommitted,
		Information: dataset.Dataset{dataset.NewText(dataset.TagTransactionUID, c.TransactionUID)},
	}
	if len(failed) > 0 {
		ev.EventTypeID = eventFailuresExist
		ev.Information = append(ev.Information, dataset.NewSequence(dataset.TagFailedSOPSequence, failed...))
	}
	if len(kept) > 0 {
		ev.Information = append(ev.Information, dataset.NewSequence(dataset.TagReferencedSOPSequence, kept...))
	}
	return ev
}

// ReadCommitmentReport is what a peer answered, in the transaction's own order of
// committed and then failed instances. A report of another class, without a transaction
// or with references that can't be read is Invalid.
func ReadCommitmentReport(ev *dicomnet.EventReport) (neckfrac.Commitment, error) {
	const op = "commitment report"
	var c neckfrac.Commitment
	if ev.SOPClassUID != dataset.StorageCommitmentPushModel || ev.EventTypeID != eventCommitted && ev.EventTypeID != eventFailuresExist {
		return c, neckfrac.Errorf(neckfrac.Invalid, op, "another class or event type")
	}
	var ok bool
	if c.TransactionUID, ok = ev.Information.UID(dataset.TagTransactionUID); !ok {
		return c, neckfrac.Errorf(neckfrac.Invalid, op, "no transaction UID")
	}
	for _, tag := range []dataset.Tag{dataset.TagReferencedSOPSequence, dataset.TagFailedSOPSequence} {
		items, _ := ev.Information.Items(tag)
		if len(c.Instances)+len(items) > neckfrac.MaxCommitted {
			return c, neckfrac.Errorf(neckfrac.Limit, op, "more than %d references", neckfrac.MaxCommitted)
		}
		for _, item := range items {
			ref, err := readCommitRef(item)
			if err != nil {
				return c, neckfrac.Wrap(neckfrac.Invalid, op, err)
			}
			reason := neckfrac.Committed
			if tag == dataset.TagFailedSOPSequence {
				code, ok := item.Uint16(dataset.TagFailureReason)
				if reason = neckfrac.FailureReason(code); !ok || reason == neckfrac.Committed {
					reason = neckfrac.CommitProcessingFailure
				}
			}
			c.Instances, c.Reasons = append(c.Instances, ref), append(c.Reasons, reason)
		}
	}
	return c, nil
}
