package scp

import (
	"context"
	"errors"
	"slices"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
)

// RetrievalRequests takes what a notification asks for; the ledger is the one in service.
type RetrievalRequests interface {
	RequestRetrievals(ctx context.Context, rs []neckfrac.Retrieval) error
}

// Create takes an instance availability notification (PS3.4 Annex R). What it says is
// online at a configured source is in the ledger as retrievals before it is answered;
// addresses in it are not read. Sent again, it is answered as the first time and starts
// nothing.
func (s *session) Create(ctx context.Context, rq *dicomnet.CreateRequest) error {
	cfg := &s.backend.cfg
	if rq.SOPClassUID != dataset.InstanceAvailabilityNotification || cfg.Retrievals == nil {
		return &dicomnet.StatusError{Status: dimse.NoSuchSOPClass}
	}
	n, err := readNotification(rq.Attributes)
	if err != nil {
		return notificationStatus(err)
	}
	if rq.SOPInstanceUID == "" { // then it is ours to name, so that its repetition has the same name
		rq.SOPInstanceUID = n.name(s.peer.AETitle)
	}
	if cfg.Supported != nil {
		n.online = slices.DeleteFunc(n.online, func(in onlineInstance) bool { return !cfg.Supported(in.SOPClassUID) })
	}
	rows := n.retrievals(cfg.Sources, neckfrac.Retrieval{
		Notification: rq.SOPInstanceUID, From: s.peer.AETitle, Study: n.study, Expected: n.expected, Received: cfg.Now().UTC(),
	})
	if len(rows) == 0 {
		if len(n.online) > 0 {
			err := neckfrac.Errorf(neckfrac.Unauthorized, "notification", "no configured source has the instances")
			return notificationStatus(err)
		}
		s.log.Info("notified of nothing that can be fetched", "expected", n.expected)
		return nil
	}
	if err := s.backend.room(); err != nil {
		return notificationStatus(neckfrac.E("notification", err))
	}
	if err := cfg.Retrievals.RequestRetrievals(ctx, rows); err != nil {
		return notificationStatus(neckfrac.E("notification", err))
	}
	s.log.Info("retrieval requested", "sources", len(rows), "online", len(n.online), "expected", n.expected)
	return nil
}

// AvailabilityService is what is negotiated for notifications.
func AvailabilityService() dicomnet.Service {
	return dicomnet.Service{SOPClassUIDs: []string{dataset.InstanceAvailabilityNotification}, TransferSyntaxUIDs: querySyntaxes}
}

// errMissing and errEmpty are what PS3.7 Annex C.5 tells apart.
var (
	errMissing = errors.New("attribute is missing")
	errEmpty   = errors.New("attribute has no value")
)

// notificationStatus gives an error the N-CREATE status of PS3.7 §10.1.5.1.6.
func notificationStatus(err error) error {
	st := &dicomnet.StatusError{Status: dimse.ProcessingFailure, Err: err}
	switch {
	case errors.Is(err, errMissing):
		st.Status, st.Comment = dimse.MissingAttribute, "attribute of type 1 is missing"
	case errors.Is(err, errEmpty):
		st.Status, st.Comment = dimse.MissingAttributeValue, "attribute of type 1 is empty"
	default:
		switch neckfrac.KindOf(err) {
		case neckfrac.Invalid:
			st.Status, st.Comment = dimse.InvalidAttributeValue, "attribute value"
		case neckfrac.Conflict:
			st.Status, st.Comment = dimse.DuplicateSOPInstance, "notification known with other instances"
		case neckfrac.Unauthorized:
			st.Status, st.Comment = dimse.NotAuthorized, "retrieve AE title is not a configured source"
		case neckfrac.Limit, neckfrac.Unavailable:
			st.Status, st.Comment = dimse.ResourceLimitation, "try again later"
		}
	}
	return st
}

// notification is what Table R.3.2-1 has for us.
type notification struct {
	study    neckfrac.StudyUID
	expected int
	online   []onlineInstance
}

type onlineInstance struct {
	neckfrac.AnnouncedInstance
	sources []string
}

// name is the SOP Instance UID of a notification that came without.
func (n notification) name(from neckfrac.AETitle) string {
	parts := []string{"availability", string(from), string(n.study)}
	for _, in := range n.online {
		parts = append(parts, string(in.UID))
	}
	return neckfrac.MakeUID(parts...)
}

// retrievals are the rows for the configured sources that have something, each instance
// at the first that the notification lists.
func (n notification) retrievals(sources []neckfrac.AETitle, row neckfrac.Retrieval) []neckfrac.Retrieval {
	var rows []neckfrac.Retrieval
	for _, in := range n.online {
		i := slices.IndexFunc(in.sources, func(ae string) bool { return slices.Contains(sources, neckfrac.AETitle(ae)) })
		if i < 0 {
			continue
		}
		source := neckfrac.AETitle(in.sources[i])
		at := slices.IndexFunc(rows, func(r neckfrac.Retrieval) bool { return r.Source == source })
		if at < 0 {
			at = len(rows)
			row.Source, row.Instances = source, nil
			rows = append(rows, row)
		}
		rows[at].Instances = append(rows[at].Instances, in.AnnouncedInstance)
	}
	return rows
}

// readNotification reads the attributes that are of type 1; the data set is bounded by
// dicomnet.Limits, and the instances by neckfrac.MaxAnnounced.
func readNotification(ds dataset.Dataset) (n notification, err error) {
	uid, err := required(ds, dataset.TagStudyInstanceUID)
	if err != nil {
		return n, err
	}
	if n.study, err = neckfrac.ParseStudyUID(uid); err != nil {
		return n, neckfrac.E("notification: study", err)
	}
	series, err := requiredItems(ds, dataset.TagReferencedSeriesSequence)
	if err != nil {
		return n, err
	}
	seen := map[neckfrac.InstanceUID]bool{} // whether it is in online
	for _, item := range series {
		uid, err := required(item, dataset.TagSeriesInstanceUID)
		if err != nil {
			return n, err
		}
		s, err := neckfrac.ParseSeriesUID(uid)
		if err != nil {
			return n, neckfrac.E("notification: series", err)
		}
		refs, err := requiredItems(item, dataset.TagReferencedSOPSequence)
		if err != nil {
			return n, err
		}
		for _, ref := range refs {
			in, online, err := readReference(ref)
			if err != nil {
				return n, err
			}
			taken, known := seen[in.UID]
			if !known {
				n.expected++
			}
			if n.expected > neckfrac.MaxAnnounced {
				return n, neckfrac.Errorf(neckfrac.Limit, "notification", "more than %d instances", neckfrac.MaxAnnounced)
			}
			seen[in.UID] = taken || online
			if in.Series = s; online && !taken {
				n.online = append(n.online, in)
			}
		}
	}
	return n, nil
}

// readReference reads one item of the Referenced SOP Sequence.
func readReference(ds dataset.Dataset) (in onlineInstance, online bool, err error) {
	if in.SOPClassUID, err = required(ds, dataset.TagReferencedSOPClassUID); err != nil {
		return in, false, err
	}
	if !dataset.ValidUID(in.SOPClassUID) {
		return in, false, neckfrac.Errorf(neckfrac.Invalid, "notification: class", "not a UID")
	}
	uid, err := required(ds, dataset.TagReferencedSOPInstanceUID)
	if err != nil {
		return in, false, err
	}
	if in.UID, err = neckfrac.ParseInstanceUID(uid); err != nil {
		return in, false, neckfrac.E("notification: instance", err)
	}
	availability, err := required(ds, dataset.TagInstanceAvailability)
	if err != nil {
		return in, false, err
	}
	switch availability { // PS3.4 §C.4.1.1.3.2
	case "ONLINE":
		online = true
	case "NEARLINE", "OFFLINE", "UNAVAILABLE":
	default:
		return in, false, neckfrac.Errorf(neckfrac.Invalid, "notification: availability", "not in the closed list")
	}
	if _, err = required(ds, dataset.TagRetrieveAETitle); err != nil {
		return in, false, err
	}
	in.sources, _ = ds.Strings(dataset.TagRetrieveAETitle)
	return in, online, nil
}

// required is the first value of an attribute of type 1.
func required(ds dataset.Dataset, tag dataset.Tag) (string, error) {
	v, ok := ds.String(tag)
	switch {
	case ok:
		return v, nil
	case ds.Has(tag):
		return "", neckfrac.Wrap(neckfrac.Invalid, "notification", errEmpty)
	}
	return "", neckfrac.Wrap(neckfrac.Invalid, "notification", errMissing)
}

func requiredItems(ds dataset.Dataset, tag dataset.Tag) ([]dataset.Dataset, error) {
	items, ok := ds.Items(tag)
	switch {
	case !ok:
		return nil, neckfrac.Wrap(neckfrac.Invalid, "notification", errMissing)
	case len(items) == 0:
		return nil, neckfrac.Wrap(neckfrac.Invalid, "notification", errEmpty)
	}
	return items, nil
}
