package scp_test

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/pipelinetest"
	"github.com/neckfrac/neckfrac/pipeline/scp"
)

// notified is a session of a RIS; PACS and VNA are configured sources.
func notified(t *testing.T) (dicomnet.Creator, *pipelinetest.Ledger) { return notifiedWith(t, nil) }

func notifiedWith(t *testing.T, room func() error) (dicomnet.Creator, *pipelinetest.Ledger) {
	t.Helper()
	ledger := pipelinetest.NewLedger(pipelinetest.NewClock(time.Unix(0, 0)))
	b, err := scp.New(scp.Config{AETitle: "NECKFRAC", Log: slog.New(slog.DiscardHandler), Receiver: &pipeline.Receiver{Blobs: pipelinetest.NewBlobs(), Intake: ledger},
		Room: room, Retrievals: ledger, Sources: []neckfrac.AETitle{"PACS", "VNA"}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := b.NewSession(t.Context(), dicomnet.AssociationInfo{CalledAETitle: "NECKFRAC", CallingAETitle: "RIS"})
	if err != nil {
		t.Fatal(err)
	}
	return s.(dicomnet.Creator), ledger
}

// available is an item of the Referenced SOP Sequence.
func available(n int, availability string, sources ...string) dataset.Dataset {
	return dataset.Dataset{
		dataset.NewText(dataset.TagRetrieveAETitle, sources...),
		dataset.NewText(dataset.TagInstanceAvailability, availability),
		dataset.NewText(dataset.TagReferencedSOPClassUID, dataset.CTImageStorage),
		dataset.NewText(dataset.TagReferencedSOPInstanceUID, fmt.Sprintf("%s.%d", seriesUID, n)),
		dataset.NewText(dataset.TagRetrieveURL, "https://198.51.100.7/never"),
	}
}

func notification(refs ...dataset.Dataset) dataset.Dataset {
	return dataset.Dataset{
		dataset.NewSequence(dataset.TagReferencedSeriesSequence, dataset.Dataset{
			dataset.NewText(dataset.TagSeriesInstanceUID, seriesUID), dataset.NewSequence(dataset.TagReferencedSOPSequence, refs...)}),
		dataset.NewText(dataset.TagStudyInstanceUID, studyUID),
	}
}

func create(t *testing.T, c dicomnet.Creator, rq *dicomnet.CreateRequest) dimse.Status {
	t.Helper()
	err := c.Create(t.Context(), rq)
	var status *dicomnet.StatusError
	switch {
	case err == nil:
		return dimse.Success
	case errors.As(err, &status):
		return status.Status
	}
	t.Fatalf("create: %v", err)
	return 0
}

func notice(uid string, ds dataset.Dataset) *dicomnet.CreateRequest {
	return &dicomnet.CreateRequest{SOPClassUID: dataset.InstanceAvailabilityNotification, SOPInstanceUID: uid, Attributes: ds}
}

// rows are the study's retrievals as source and number of instances.
func rows(t *testing.T, l *pipelinetest.Ledger) (out []string) {
	t.Helper()
	rs, err := l.StudyRetrievals(t.Context(), studyUID)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rs {
		out = append(out, fmt.Sprintf("%s %d/%d from %s", r.Source, len(r.Instances), r.Expected, r.From))
	}
	return out
}

func TestNotificationStartsRetrievals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		refs   []dataset.Dataset
		status dimse.Status
		want   []string
	}{
		{"online", []dataset.Dataset{available(1, "ONLINE", "PACS"), available(2, "ONLINE", "PACS")}, dimse.Success, []string{"PACS 2/2 from RIS"}},
		{"two sources", []dataset.Dataset{available(1, "ONLINE", "VNA", "PACS"), available(2, "ONLINE", "PACS")}, dimse.Success,
			[]string{"VNA 1/2 from RIS", "PACS 1/2 from RIS"}},
		{"nearer to come", []dataset.Dataset{available(1, "ONLINE", "PACS"), available(2, "NEARLINE", "PACS"), available(3, "OFFLINE", "PACS"), available(4, "UNAVAILABLE", "PACS")},
			dimse.Success, []string{"PACS 1/4 from RIS"}},
		{"none online", []dataset.Dataset{available(1, "NEARLINE", "PACS"), available(2, "UNAVAILABLE", "PACS")}, dimse.Success, nil},
		{"source that is not configured", []dataset.Dataset{available(1, "ONLINE", "EVIL")}, dimse.NotAuthorized, nil},
		{"also at one that is not configured", []dataset.Dataset{available(1, "ONLINE", "EVIL"), available(2, "ONLINE", "EVIL", "PACS")}, dimse.Success, []string{"PACS 1/2 from RIS"}},
		{"listed twice", []dataset.Dataset{available(1, "OFFLINE", "VNA"), available(1, "ONLINE", "PACS"), available(1, "ONLINE", "VNA")}, dimse.Success, []string{"PACS 1/1 from RIS"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, ledger := notified(t)
			if got := create(t, s, notice("1.2.8.1", notification(c.refs...))); got != c.status {
				t.Errorf("status %v, want %v", got, c.status)
			}
			if d := cmp.Diff(c.want, rows(t, ledger)); d != "" {
				t.Errorf("rows (-want +got):\n%s", d)
			}
		})
	}
}

func TestNotificationsOfOnePeerAreBounded(t *testing.T) {
	t.Parallel()
	s, ledger := notified(t)
	ledger.OpenPerPeer = 2
	for i, want := range []dimse.Status{dimse.Success, dimse.Success, dimse.ResourceLimitation} {
		if got := create(t, s, notice(fmt.Sprintf("1.2.8.%d", i), notification(available(1, "ONLINE", "PACS")))); got != want {
			t.Errorf("notification %d: %v, want %v", i, got, want)
		}
	}
	if got := create(t, s, notice("1.2.8.0", notification(available(1, "ONLINE", "PACS")))); got != dimse.Success {
		t.Errorf("a known one: %v", got)
	}
}

func TestNotificationNeedsRoom(t *testing.T) {
	t.Parallel()
	full := neckfrac.Errorf(neckfrac.Unavailable, "store", "below its watermark")
	s, ledger := notifiedWith(t, func() error { return full })
	if got := create(t, s, notice("1.2.8.1", notification(available(1, "ONLINE", "PACS")))); got != dimse.ResourceLimitation {
		t.Errorf("status %v", got)
	}
	if n := ledger.Calls("RequestRetrievals"); n != 0 {
		t.Errorf("%d notifications taken without room", n)
	}
}

func TestNotificationThatBreaksItsTable(t *testing.T) {
	t.Parallel()
	without := func(tag dataset.Tag) dataset.Dataset {
		return slices.DeleteFunc(available(1, "ONLINE", "PACS"), func(e dataset.Element) bool { return e.Tag == tag })
	}
	good := notification(available(1, "ONLINE", "PACS"))
	for _, c := range []struct {
		name string
		ds   dataset.Dataset
		want dimse.Status
	}{
		{"nothing", nil, dimse.MissingAttribute},
		{"no study", slices.DeleteFunc(slices.Clone(good), func(e dataset.Element) bool { return e.Tag == dataset.TagStudyInstanceUID }), dimse.MissingAttribute},
		{"empty study", good.Put(dataset.NewText(dataset.TagStudyInstanceUID, "")), dimse.MissingAttributeValue},
		{"study that is a path", good.Put(dataset.NewText(dataset.TagStudyInstanceUID, "..")), dimse.InvalidAttributeValue},
		{"no series", good.Put(dataset.NewSequence(dataset.TagReferencedSeriesSequence)), dimse.MissingAttributeValue},
		{"series that is no sequence", good.Put(dataset.NewBytes(dataset.TagReferencedSeriesSequence, dataset.LO, []byte("x "))), dimse.MissingAttribute},
		{"no instance", notification(), dimse.MissingAttributeValue},
		{"no class", notification(without(dataset.TagReferencedSOPClassUID)), dimse.MissingAttribute},
		{"no instance UID", notification(without(dataset.TagReferencedSOPInstanceUID)), dimse.MissingAttribute},
		{"no availability", notification(without(dataset.TagInstanceAvailability)), dimse.MissingAttribute},
		{"no source", notification(without(dataset.TagRetrieveAETitle)), dimse.MissingAttribute},
		{"availability of our own making", notification(available(1, "SOMETIMES", "PACS")), dimse.InvalidAttributeValue},
		{"second instance is bad", notification(available(1, "ONLINE", "PACS"), available(2, "ONLINE", "PACS").Put(dataset.NewText(dataset.TagReferencedSOPInstanceUID, "1..2"))), dimse.InvalidAttributeValue},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, ledger := notified(t)
			if got := create(t, s, notice("1.2.8.1", c.ds)); got != c.want {
				t.Errorf("status %v, want %v", got, c.want)
			}
			if n := ledger.Calls("RequestRetrievals"); n != 0 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestNotificationSentAgain(t *testing.T) {
	t.Parallel()
	s, ledger := notified(t)
	ds := notification(available(1, "ONLINE", "PACS"))
	for _, uid := range []string{"1.2.8.1", "1.2.8.1", "", ""} {
		rq := notice(uid, ds)
		if got := create(t, s, rq); got != dimse.Success || rq.SOPInstanceUID == "" {
			t.Fatalf("status %v, named %q", got, rq.SOPInstanceUID)
		}
	}
	if got := rows(t, ledger); len(got) != 2 {
		t.Errorf("rows %v, want one a name", got)
	}
	if got := create(t, s, notice("1.2.8.1", notification(available(2, "ONLINE", "PACS")))); got != dimse.DuplicateSOPInstance {
		t.Errorf("other instances under the name: %v", got)
	}
}

// TestNotificationIsAnsweredAfterItsRow: no Success while the ledger is away.
func TestNotificationIsAnsweredAfterItsRow(t *testing.T) {
	t.Parallel()
	s, ledger := notified(t)
	ledger.Fail("RequestRetrievals", neckfrac.Unavailable, 1)
	rq := notice("1.2.8.1", notification(available(1, "ONLINE", "PACS")))
	if got := create(t, s, rq); got != dimse.ResourceLimitation {
		t.Errorf("status %v", got)
	}
	if got := create(t, s, rq); got != dimse.Success || len(rows(t, ledger)) != 1 {
		t.Errorf("again: status %v, rows %v", got, rows(t, ledger))
	}
}

func TestTooManyInstancesAnnounced(t *testing.T) {
	t.Parallel()
	for extra, want := range []dimse.Status{dimse.Success, dimse.ResourceLimitation} {
		s, _ := notified(t)
		var refs []dataset.Dataset
		for n := range neckfrac.MaxAnnounced + extra {
			refs = append(refs, available(n, "ONLINE", "PACS"))
		}
		if got := create(t, s, notice("1.2.8.1", notification(refs...))); got != want {
			t.Errorf("%d instances: status %v, want %v", len(refs), got, want)
		}
	}
}

// TestNotificationsAreOff: without sources, and for any other class.
func TestNotificationsAreOff(t *testing.T) {
	t.Parallel()
	off := newDirect(t)
	if got := create(t, off.Session.(dicomnet.Creator), notice("1.2.8.1", notification(available(1, "ONLINE", "PACS")))); got != dimse.NoSuchSOPClass {
		t.Errorf("without sources: %v", got)
	}
	s, _ := notified(t)
	rq := notice("1.2.8.1", notification(available(1, "ONLINE", "PACS")))
	rq.SOPClassUID = dataset.StorageCommitmentPushModel
	if got := create(t, s, rq); got != dimse.NoSuchSOPClass {
		t.Errorf("other class: %v", got)
	}
}

// TestOurNotificationIsRead: what is written here says to the reader what was put in.
func TestOurNotificationIsRead(t *testing.T) {
	t.Parallel()
	var want []neckfrac.AnnouncedInstance
	for _, n := range []string{".1.1", ".1.2", ".2.1"} {
		want = append(want, neckfrac.AnnouncedInstance{Series: neckfrac.SeriesUID(studyUID + n[:2]),
			InstanceRef: neckfrac.InstanceRef{SOPClassUID: dataset.CTImageStorage, UID: neckfrac.InstanceUID(studyUID + n)}})
	}
	s, ledger := notified(t)
	if got := create(t, s, notice("1.2.8.1", scp.AvailabilityNotification("VNA", studyUID, want))); got != dimse.Success {
		t.Fatalf("status %v", got)
	}
	rs, err := ledger.StudyRetrievals(t.Context(), studyUID)
	if err != nil || len(rs) != 1 {
		t.Fatalf("%d rows, %v", len(rs), err)
	}
	if d := cmp.Diff(want, rs[0].Instances); d != "" || rs[0].Source != "VNA" {
		t.Errorf("from %s (-want +got):\n%s", rs[0].Source, d)
	}
}

func TestUnsupportedClassesAreNotFetched(t *testing.T) {
	t.Parallel()
	ledger := pipelinetest.NewLedger(pipelinetest.NewClock(time.Unix(0, 0)))
	b, err := scp.New(scp.Config{AETitle: "NECKFRAC", Log: slog.New(slog.DiscardHandler), Receiver: &pipeline.Receiver{Blobs: pipelinetest.NewBlobs(), Intake: ledger},
		Retrievals: ledger, Sources: []neckfrac.AETitle{"PACS"}, Supported: func(class string) bool { return class == dataset.CTImageStorage }})
	if err != nil {
		t.Fatal(err)
	}
	s, err := b.NewSession(t.Context(), dicomnet.AssociationInfo{CalledAETitle: "NECKFRAC", CallingAETitle: "RIS"})
	if err != nil {
		t.Fatal(err)
	}
	mr := available(2, "ONLINE", "PACS").Put(dataset.NewText(dataset.TagReferencedSOPClassUID, dataset.MRImageStorage))
	for uid, ds := range map[string]dataset.Dataset{"1.2.8.1": notification(available(1, "ONLINE", "PACS"), mr), "1.2.8.2": notification(mr)} {
		if got := create(t, s.(dicomnet.Creator), notice(uid, ds)); got != dimse.Success {
			t.Fatalf("status %v", got)
		}
	}
	if d := cmp.Diff([]string{"PACS 1/2 from RIS"}, rows(t, ledger)); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
}
