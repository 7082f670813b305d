package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
)

// sendEdited stores a study's slices, each changed by edit.
func (s testStudy) sendEdited(t *testing.T, addr string, edit func(k int, ds dataset.Dataset) dataset.Dataset) {
	t.Helper()
	c, err := dicomnet.Dial(t.Context(), addr, clientConfig("NECKFRAC"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	ts, _ := dataset.LookupTransferSyntax(dataset.ExplicitVRLittleEndian)
	for k := range s.slices {
		ds := edit(k, s.dataset(k))
		uid, _ := ds.UID(dataset.TagSOPInstanceUID)
		var b bytes.Buffer
		if err := dataset.Encode(&b, ts, ds); err != nil {
			t.Fatal(err)
		}
		status, err := c.Store(t.Context(), dicomnet.StoreRequest{SOPClassUID: dataset.CTImageStorage, SOPInstanceUID: uid,
			TransferSyntaxUID: dataset.ExplicitVRLittleEndian}, &b)
		if err != nil || status != dimse.Success {
			t.Fatalf("slice %d: status %v, %v", k, status, err)
		}
	}
	if err := c.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func setText(tag dataset.Tag, v string) func(int, dataset.Dataset) dataset.Dataset {
	return func(_ int, ds dataset.Dataset) dataset.Dataset { return ds.Put(dataset.NewText(tag, v)) }
}

// screw puts metal into the place where the fake pack finds C5.
func screw(k int, ds dataset.Dataset) dataset.Dataset {
	if k < 10 || k > 13 {
		return ds
	}
	px, _ := ds.Bytes(dataset.TagPixelData)
	px = bytes.Clone(px)
	for y := 28; y < 36; y++ {
		for x := 38; x < 41; x++ {
			at := 2 * (64*y + x)
			px[at], px[at+1] = 0xFF, 0x0B // 3071 HU
		}
	}
	return ds.Put(dataset.NewBytes(dataset.TagPixelData, dataset.OW, px))
}

// gateReport is the part of a DiagnosticReport that tells why.
type gateReport struct {
	Entry []struct {
		Resource struct {
			ResourceType, Status, Conclusion string
			ConclusionCode                   []struct {
				Coding []struct{ Code string }
			}
			Meta struct {
				Security []struct{ Code string }
			}
		}
	}
}

// TestGatesShowEverywhere sends one study for each gate through the whole service: its
// code and its sentence stand in the report; a limit stands on page and card beside the
// flag, a refusal on the page alone.
func TestGatesShowEverywhere(t *testing.T) {
	t.Parallel()
	r := startService(t, nil)
	for i, tc := range []struct {
		reason  neckfrac.Reason
		refused bool
		edit    func(int, dataset.Dataset) dataset.Dataset
	}{
		{neckfrac.AgeUnknown, false, setText(dataset.TagPatientAge, "")},
		{neckfrac.Hardware, false, screw},
		{neckfrac.PostOp, false, setText(dataset.TagStudyDescription, "C-SPINE POST-OP")},
		{neckfrac.ContrastUnvalidated, false, setText(dataset.TagContrastBolusAgent, "IOHEXOL")},
		{neckfrac.Resolution, false, func(_ int, ds dataset.Dataset) dataset.Dataset {
			return ds.Put(dataset.NewFloat(dataset.TagSliceThickness, 3))
		}},
		{neckfrac.AgeUnder18, true, setText(dataset.TagPatientAge, "012Y")},
		{neckfrac.IntrathecalContrast, true, setText(dataset.TagContrastBolusRoute, "INTRATHECAL")},
		{neckfrac.IntraOperative, true, setText(dataset.TagSeriesDescription, "INTRAOP SPIN")},
		{neckfrac.OutOfDomain, true, setText(dataset.TagPatientSpeciesDescription, "Felis catus")},
		{neckfrac.SliceThickness, true, func(_ int, ds dataset.Dataset) dataset.Dataset {
			return ds.Put(dataset.NewFloat(dataset.TagSliceThickness, 6))
		}},
		{neckfrac.NoEligibleSeries, true, setText(dataset.TagImageType, "LOCALIZER")},
	} {
		t.Run(string(tc.reason), func(t *testing.T) {
			s := newStudy(7200 + i)
			s.sendEdited(t, r.DICOMAddr, tc.edit)
			a := r.await(t, s, 1).Latest
			if refused := a.Status == neckfrac.NotAnalysed; refused != tc.refused || refused && a.Reason != tc.reason || !refused && !slices.Contains(a.Limits, tc.reason) {
				t.Fatalf("%s %s, limits %v, want %s", a.Status, a.Reason, a.Limits, tc.reason)
			}
			r.wantReason(t, s, tc.reason, tc.refused)
			cards, body := r.hook(t, testSystem+"|"+s.patient.ID)
			if tc.refused {
				if len(cards) != 0 {
					t.Errorf("a card of a refused study: %s", body)
				}
				return
			}
			if len(cards) != 1 || !strings.Contains(body, "Limited: "+lowered(tc.reason)) {
				t.Errorf("no word of the limit on the card: %s", body)
			}
		})
	}
}

// wantReason looks for a reason's code and sentence in the report and on the page.
func (r *running) wantReason(t *testing.T, s testStudy, reason neckfrac.Reason, refused bool) {
	t.Helper()
	var b gateReport
	decode(t, get(t, fmt.Sprintf("http://%s/fhir/DiagnosticReport?identifier=urn:dicom:uid%%7Curn:oid:%s", r.HTTPAddr, s.uid)), &b)
	sentence, status := "Limited: "+lowered(reason), "preliminary"
	if refused {
		sentence, status = "Not analysed: "+lowered(reason), "cancelled"
	}
	codes := ""
	for _, e := range b.Entry {
		for _, c := range e.Resource.ConclusionCode {
			for _, g := range c.Coding {
				codes += g.Code + " "
			}
		}
		if e.Resource.Status != status || !strings.Contains(e.Resource.Conclusion, sentence) {
			t.Errorf("report %s: %q lacks %q", e.Resource.Status, e.Resource.Conclusion, sentence)
		}
	}
	if len(b.Entry) != 1 || !strings.Contains(codes, string(reason)) {
		t.Errorf("%d reports with codes %q, want %s", len(b.Entry), codes, reason)
	}
	page := get(t, "http://"+r.HTTPAddr+"/api/v1/studies/"+s.uid)
	if !strings.Contains(page, sentence) || !refused && !strings.Contains(page, reason.Text()) {
		t.Errorf("the page lacks %q: %.600s", sentence, page)
	}
}

// lowered is a reason's sentence after a colon.
func lowered(r neckfrac.Reason) string {
	s := r.Text()
	return strings.ToLower(s[:1]) + s[1:]
}

// TestTestPatientNeverLeaves: a study of a test patient other than the generator's is
// analysed, says so, carries the test label, and has no card.
func TestTestPatientNeverLeaves(t *testing.T) {
	t.Parallel()
	r := startService(t, nil)
	s := newStudy(7300)
	s.patient, s.name = neckfrac.PatientKey{Issuer: "OTHER", ID: "H7300"}, "TEST^PATIENT"
	s.send(t, r.DICOMAddr, 0, s.slices)
	a := r.await(t, s, 1).Latest
	if a.Profile != neckfrac.Research || !slices.Contains(a.Limits, neckfrac.TestPatient) {
		t.Fatalf("profile %s, limits %v", a.Profile, a.Limits)
	}
	r.wantReason(t, s, neckfrac.TestPatient, false)
	if cards, body := r.hook(t, otherSystem+"|"+s.patient.ID); len(cards) != 0 {
		t.Errorf("a card: %s", body)
	}
	var b gateReport
	decode(t, get(t, fmt.Sprintf("http://%s/fhir/DiagnosticReport?identifier=urn:dicom:uid%%7Curn:oid:%s", r.HTTPAddr, s.uid)), &b)
	if len(b.Entry) != 1 || len(b.Entry[0].Resource.Meta.Security) == 0 || b.Entry[0].Resource.Meta.Security[0].Code != "HTEST" {
		t.Errorf("no test label: %+v", b.Entry)
	}
}

// TestBetterSeriesLater: a thick series that covers a neck is analysed at once. The thin
// one that comes after it makes a second revision, of the thin series, in the same report.
// That its job waits behind studies without a result is TestStudiesWithoutAResultGoFirst.
func TestBetterSeriesLater(t *testing.T) {
	t.Parallel()
	r := startService(t, func(cfg *Config, _ *Runtime) { cfg.Study.Quiet, cfg.Study.Ready = 4*time.Second, 300*time.Millisecond })
	s := newStudy(7400)
	s.slices = 45
	s.sendEdited(t, r.DICOMAddr, func(k int, ds dataset.Dataset) dataset.Dataset {
		for _, e := range []dataset.Element{dataset.NewFloat(dataset.TagImagePositionPatient, -32, -32, 3*float64(k)), dataset.NewFloat(dataset.TagSliceThickness, 3),
			dataset.NewText(dataset.TagSeriesInstanceUID, s.uid+".3"), dataset.NewText(dataset.TagSOPInstanceUID, fmt.Sprintf("%s.3.%d", s.uid, k))} {
			ds = ds.Put(e)
		}
		return ds
	})
	first := r.await(t, s, 1).Latest
	if string(first.Series) != s.uid+".3" || first.Basis != neckfrac.BasisContiguous || !slices.Contains(first.Limits, neckfrac.Resolution) {
		t.Fatalf("first result of %s, by %s, limits %v", first.Series, first.Basis, first.Limits)
	}
	before, _ := r.report(t, s)
	s.slices = 135
	s.send(t, r.DICOMAddr, 0, s.slices)
	second := r.await(t, s, 2).Latest
	if string(second.Series) != s.uid+".1" || second.Slices != 135 || second.Revision != 2 || second.Basis != neckfrac.BasisQuiet || slices.Contains(second.Limits, neckfrac.Resolution) {
		t.Fatalf("second result: revision %d of %s, %d slices, by %s, limits %v", second.Revision, second.Series, second.Slices, second.Basis, second.Limits)
	}
	if len(second.Candidates) != 2 || second.Candidates[1].Rule != "thickness" {
		t.Errorf("candidates %+v, want the thick series to lose by thickness", second.Candidates)
	}
	after, _ := r.report(t, s)
	if after.ID != before.ID {
		t.Errorf("report %s, was %s: want a new version of the same", after.ID, before.ID)
	}
	page := get(t, "http://"+r.HTTPAddr+"/api/v1/studies/"+s.uid)
	if !strings.Contains(page, neckfrac.BasisQuiet.Text()) || !strings.Contains(page, "Another series has thinner slices.") {
		t.Errorf("the page does not say why: %.800s", page)
	}
}
