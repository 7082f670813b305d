package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/pipeline/scp"
)

// object is a data set of the study that is no image.
func (s testStudy) object(class, uid string, more ...dataset.Element) dataset.Dataset {
	out := dataset.Dataset{}
	for _, e := range s.dataset(0) {
		switch e.Tag {
		case dataset.TagSOPClassUID:
			e = dataset.NewText(e.Tag, class)
		case dataset.TagSOPInstanceUID:
			e = dataset.NewText(e.Tag, uid)
		case dataset.TagSeriesInstanceUID:
			e = dataset.NewText(e.Tag, s.uid+".8")
		case dataset.TagModality:
			e = dataset.NewText(e.Tag, "OT")
		}
		if e.Tag != dataset.TagPixelData {
			out = append(out, e)
		}
	}
	for _, e := range more {
		out = out.Put(e)
	}
	return out
}

// note rejects slices of the study.
func (s testStudy) note(uid, code string, slices ...int) dataset.Dataset {
	var refs []dataset.Dataset
	for _, k := range slices {
		refs = append(refs, dataset.Dataset{dataset.NewText(dataset.TagReferencedSOPClassUID, dataset.CTImageStorage), dataset.NewText(dataset.TagReferencedSOPInstanceUID, s.instance(k))})
	}
	return s.object(dataset.KeyObjectSelectionStorage, uid,
		dataset.NewSequence(dataset.TagConceptNameCodeSequence, dataset.Dataset{dataset.NewText(dataset.TagCodeValue, code), dataset.NewText(dataset.TagCodingSchemeDesignator, "DCM")}),
		dataset.NewSequence(dataset.TagCurrentRequestedProcedureEvidenceSequence, dataset.Dataset{
			dataset.NewText(dataset.TagStudyInstanceUID, s.uid),
			dataset.NewSequence(dataset.TagReferencedSeriesSequence, dataset.Dataset{
				dataset.NewText(dataset.TagSeriesInstanceUID, s.uid+".1"), dataset.NewSequence(dataset.TagReferencedSOPSequence, refs...)}),
		}))
}

// put stores one object over an association of its own and returns the status.
func put(t *testing.T, addr string, ds dataset.Dataset) dimse.Status {
	t.Helper()
	class, _ := ds.UID(dataset.TagSOPClassUID)
	uid, _ := ds.UID(dataset.TagSOPInstanceUID)
	return putAs(t, addr, class, uid, dataset.ExplicitVRLittleEndian, ds)
}

// putAs is put under the names that the command states.
func putAs(t *testing.T, addr, class, uid, ts string, ds dataset.Dataset) dimse.Status {
	t.Helper()
	cfg := clientConfig("NECKFRAC")
	cfg.Proposals = []dicomnet.Service{{SOPClassUIDs: []string{class}, TransferSyntaxUIDs: []string{ts}}}
	c, err := dicomnet.Dial(t.Context(), addr, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	syntax, _ := dataset.LookupTransferSyntax(ts)
	var b bytes.Buffer
	if err := dataset.Encode(&b, syntax, ds); err != nil {
		t.Fatal(err)
	}
	status, err := c.Store(t.Context(), dicomnet.StoreRequest{SOPClassUID: class, SOPInstanceUID: uid, TransferSyntaxUID: ts}, &b)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	return status
}

// stored looks an instance up, and reads its bytes.
func (r *running) stored(t *testing.T, uid string) (in neckfrac.Instance, ok bool) {
	t.Helper()
	recs, err := r.db.Find(t.Context(), neckfrac.StudyQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range recs {
		series, err := r.db.Instances(t.Context(), rec.Study.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range series {
			for _, i := range s.Instances {
				if string(i.UID) == uid {
					f, err := r.blobs.Open(t.Context(), i.Blob)
					if err != nil {
						t.Fatalf("row without bytes: %v", err)
					}
					f.Close()
					return i, true
				}
			}
		}
	}
	return in, false
}

// settled waits until another study, sent now, has its result: whatever the first one
// would have done by itself, it has done.
func (r *running) settled(t *testing.T, n int) {
	t.Helper()
	last := newStudy(n)
	last.send(t, r.DICOMAddr, 0, last.slices)
	r.await(t, last, 1)
}

func TestRejectionNotesReachReportCardAndPage(t *testing.T) {
	t.Parallel()
	r := startService(t, nil)
	s := newStudy(1)
	s.send(t, r.DICOMAddr, 0, s.slices)
	r.await(t, s, 1)
	id := testSystem + "|" + s.patient.ID
	if cards, body := r.hook(t, id); len(cards) != 1 {
		t.Fatalf("cards before: %s", body)
	}
	// The lowest slices for quality: the study is analysed without them.
	if status := put(t, r.DICOMAddr, s.note(s.uid+".8.1", "113001", 0, 1)); status != dimse.Success {
		t.Fatalf("note: %v", status)
	}
	rec := r.await(t, s, 2)
	if rec.Latest.Status != neckfrac.Analysed || rec.Latest.Slices != s.slices-2 {
		t.Fatalf("after two slices: %s of %d slices", rec.Latest.Status, rec.Latest.Slices)
	}
	// Expired retention takes no result back.
	all := make([]int, s.slices)
	for k := range all {
		all[k] = k
	}
	if status := put(t, r.DICOMAddr, s.note(s.uid+".8.2", "113039", all[5:]...)); status != dimse.Success {
		t.Fatalf("note: %v", status)
	}
	r.settled(t, 2)
	if rec := r.await(t, s, 2); rec.Latest.Revision != 2 {
		t.Fatalf("expired retention made revision %d", rec.Latest.Revision)
	}
	// The wrong patient: everything that was said is void.
	if status := put(t, r.DICOMAddr, s.note(s.uid+".8.3", "113037", all...)); status != dimse.Success {
		t.Fatalf("note: %v", status)
	}
	if rec := r.await(t, s, 3); rec.Latest.Status != neckfrac.Withdrawn {
		t.Fatalf("after all slices: %s", rec.Latest.Status)
	}
	report, levels := r.report(t, s)
	if report.Status != "entered-in-error" || !strings.Contains(report.Conclusion, neckfrac.WithdrawnSentence) {
		t.Errorf("report %s: %q", report.Status, report.Conclusion)
	}
	for _, o := range levels {
		if o.Status != "entered-in-error" || len(o.ValueCodeableConcept.Coding) != 0 {
			t.Errorf("observation %s: status %s, value %+v", o.ID, o.Status, o.ValueCodeableConcept)
		}
	}
	if len(levels) != neckfrac.Levels {
		t.Errorf("%d levels", len(levels))
	}
	if cards, body := r.hook(t, id); len(cards) != 0 {
		t.Errorf("cards after: %s", body)
	}
	if p := r.page(t, s); p.Study.State != "withdrawn" || p.Study.Sentence != neckfrac.WithdrawnSentence {
		t.Errorf("page %+v", p.Study)
	}
}

func TestNoteBeforeItsImages(t *testing.T) {
	t.Parallel()
	r := startService(t, nil)
	s := newStudy(1)
	if status := put(t, r.DICOMAddr, s.note(s.uid+".8.1", "113001", 0, 1, 2)); status != dimse.Success {
		t.Fatalf("note: %v", status)
	}
	s.send(t, r.DICOMAddr, 0, s.slices)
	if rec := r.await(t, s, 1); rec.Latest.Status != neckfrac.Analysed || rec.Latest.Slices != s.slices-3 {
		t.Errorf("%s of %d slices", rec.Latest.Status, rec.Latest.Slices)
	}
}

// TestEverySuccessIsStored is reliability.md 0.2 and D15: whatever class is accepted, a
// Success means a row with its bytes, and only images move the study.
func TestEverySuccessIsStored(t *testing.T) {
	t.Parallel()
	r := startService(t, func(c *Config, _ *Runtime) { c.DICOM.StorageClasses = []string{dataset.MRImageStorage} })
	s := newStudy(1)
	s.send(t, r.DICOMAddr, 0, s.slices)
	before := r.await(t, s, 1)
	classes, err := scp.StorageClasses([]string{dataset.MRImageStorage})
	if err != nil {
		t.Fatal(err)
	}
	objects := 0
	for i, c := range classes {
		if c.Handling == scp.Analysed {
			continue
		}
		objects++
		for j, uid := range []string{fmt.Sprintf("%s.8.%d", s.uid, i), neckfrac.MakeUID(s.uid, c.UID)} {
			if status := put(t, r.DICOMAddr, s.object(c.UID, uid)); status != dimse.Success {
				t.Fatalf("%s: %v", className(c.UID), status)
			}
			want := []neckfrac.InstanceKind{neckfrac.ObjectInstance, neckfrac.EchoInstance}[j]
			if in, ok := r.stored(t, uid); !ok || in.Kind != want {
				t.Errorf("%s: stored %v as %v, want %v", className(c.UID), ok, in.Kind, want)
			}
		}
	}
	if objects == 0 {
		t.Fatal("no class is only kept")
	}
	r.settled(t, 2)
	after := r.await(t, s, 1)
	if after.Latest.ID != before.Latest.ID || !after.Study.LastReceived.Equal(before.Study.LastReceived) {
		t.Errorf("objects made revision %d", after.Latest.Revision)
	}
	if p := r.page(t, s); p.Study.State != "flagged" {
		t.Errorf("page %+v", p.Study)
	}
}

// TestClassThatNobodyConfigured is the other half of D15: no context, so no Success.
func TestClassThatNobodyConfigured(t *testing.T) {
	t.Parallel()
	r := startService(t, nil)
	cfg := clientConfig("NECKFRAC")
	cfg.Proposals[0].SOPClassUIDs = []string{dataset.MRImageStorage, dataset.EncapsulatedPDFStorage, dataset.CTImageStorage}
	c, err := dicomnet.Dial(t.Context(), r.DICOMAddr, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	for class, want := range map[string]int{dataset.MRImageStorage: 0, dataset.EncapsulatedPDFStorage: 0, dataset.CTImageStorage: 1} {
		if got := c.Accepted(class); len(got) != want {
			t.Errorf("%s: accepted %v", className(class), got)
		}
	}
}

// TestCommandAndDataSetDisagree is reliability.md D10: 0xA900, and stored under neither
// name.
func TestCommandAndDataSetDisagree(t *testing.T) {
	t.Parallel()
	r := startService(t, nil)
	s := newStudy(1)
	ds := s.dataset(0)
	for name, got := range map[string]dimse.Status{
		"instance": putAs(t, r.DICOMAddr, dataset.CTImageStorage, s.instance(7), dataset.ExplicitVRLittleEndian, ds),
		"class":    putAs(t, r.DICOMAddr, dataset.SecondaryCaptureImageStorage, s.instance(0), dataset.ExplicitVRLittleEndian, ds),
	} {
		if got != 0xA900 {
			t.Errorf("%s: status %v, want A900H", name, got)
		}
	}
	for _, uid := range []string{s.instance(0), s.instance(7)} {
		if _, ok := r.stored(t, uid); ok {
			t.Errorf("%s is stored", uid)
		}
	}
}

// TestSyntaxThatNoWorkerDecodes: named by the site, such an image is kept and its study
// has a reason.
func TestSyntaxThatNoWorkerDecodes(t *testing.T) {
	t.Parallel()
	r := startService(t, func(c *Config, _ *Runtime) { c.DICOM.TransferSyntaxes = []string{"all", "htj2k"} })
	s := newStudy(1)
	for k := range s.slices {
		ds := s.dataset(k).Put(dataset.Element{Tag: dataset.TagPixelData, VR: dataset.OB, Fragments: [][]byte{nil, []byte("no codestream")}})
		if status := putAs(t, r.DICOMAddr, dataset.CTImageStorage, s.instance(k), dataset.HTJ2K, ds); status != dimse.Success {
			t.Fatalf("slice %d: %v", k, status)
		}
	}
	if rec := r.await(t, s, 1); rec.Latest.Status != neckfrac.NotAnalysed || rec.Latest.Reason != neckfrac.PixelUnreadable {
		t.Errorf("%s %s, want not analysed, pixel-unreadable", rec.Latest.Status, rec.Latest.Reason)
	}
	if in, ok := r.stored(t, s.instance(0)); !ok || in.TransferSyntaxUID != dataset.HTJ2K {
		t.Errorf("stored %v in %s", ok, in.TransferSyntaxUID)
	}
}
