package scp

import (
	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
)

// What the conformance statement (PS3.2) tells of this package, from the same tables and
// functions that answer peers.

// SyntaxWords are the words of dicom.transfer_syntaxes beside "all", in order of preference.
func SyntaxWords() []string {
	var out []string
	for _, s := range syntaxNames {
		out = append(out, s.name)
	}
	return out
}

// String is the handling in the statement's words.
func (h Handling) String() string {
	switch h {
	case Analysed:
		return "analysed"
	case Note:
		return "kept; a rejection note takes instances back"
	}
	return "kept"
}

// Answer is a status with what brings it about.
type Answer struct {
	Cause   string
	Status  dimse.Status
	Comment string
}

// StoreAnswers are the statuses of C-STORE, and the failure reasons of STOW-RS.
func StoreAnswers() []Answer {
	out := []Answer{{Cause: "the object and its row would survive a power cut; also for an object that was here before", Status: dimse.Success}}
	for _, c := range []struct {
		cause string
		err   error
	}{
		{"no room, or a part of the service is away: the same object may be sent again", neckfrac.Errorf(neckfrac.Unavailable, "", "")},
		{"larger than one object may be", neckfrac.Errorf(neckfrac.Limit, "", "")},
		{"the study is known under another patient", &neckfrac.ConflictError{Part: neckfrac.ConflictPatient}},
		{"the instance is known in another series or study", &neckfrac.ConflictError{Part: neckfrac.ConflictSeries}},
		{"SOP class or instance of command and data set differ", errMismatch},
		{"cut, malformed, or more header than is read", dataset.ErrTruncated},
		{"a UID that breaks its grammar, a rejection note that can not be read", neckfrac.Errorf(neckfrac.Invalid, "", "")},
		{"our own fault", neckfrac.Errorf(neckfrac.Internal, "", "")},
	} {
		s := statusOf(c.err)
		out = append(out, Answer{c.cause, s.Status, s.Comment})
	}
	return out
}

// NotificationAnswers are the statuses of N-CREATE for notifications.
func NotificationAnswers() []Answer {
	out := []Answer{{Cause: "what is online at a configured source is in the ledger as a retrieval, or nothing is online; also for a repetition", Status: dimse.Success}}
	for _, c := range []struct {
		cause string
		err   error
	}{
		{"an attribute of type 1 is missing", errMissing},
		{"an attribute of type 1 is empty", errEmpty},
		{"a UID or availability that is none", neckfrac.Errorf(neckfrac.Invalid, "", "")},
		{"the notification is known with other instances", neckfrac.Errorf(neckfrac.Conflict, "", "")},
		{"no Retrieve AE Title is that of a configured source", neckfrac.Errorf(neckfrac.Unauthorized, "", "")},
		{"too many instances, too many open retrievals of all or of the notifier, no room, or the ledger is away", neckfrac.Errorf(neckfrac.Limit, "", "")},
		{"our own fault", neckfrac.Errorf(neckfrac.Internal, "", "")},
	} {
		out = append(out, answerOf(c.cause, notificationStatus(c.err)))
	}
	return out
}

// CommitmentAnswers are the statuses of N-ACTION for storage commitment; the failure
// reasons of its report are in the root package.
func CommitmentAnswers() []Answer {
	out := []Answer{{Cause: "the transaction is in the ledger; the report follows", Status: dimse.Success}}
	for _, c := range []struct {
		cause string
		kind  neckfrac.Kind
	}{
		{"the transaction is known with other references", neckfrac.Conflict},
		{"too many references, too many open transactions of all or of the peer, no room, or the ledger is away", neckfrac.Limit},
		{"our own fault", neckfrac.Internal},
	} {
		out = append(out, answerOf(c.cause, commitmentStatus(neckfrac.Errorf(c.kind, "", ""))))
	}
	return out
}

func answerOf(cause string, err error) Answer {
	if s, ok := err.(*dicomnet.StatusError); ok {
		return Answer{cause, s.Status, s.Comment}
	}
	return Answer{Cause: cause, Status: dimse.ProcessingFailure}
}
