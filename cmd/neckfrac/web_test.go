package main

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomweb"
)

// part10 is slice k as a file.
func (s testStudy) part10(t *testing.T, k int) []byte {
	t.Helper()
	var b bytes.Buffer
	meta := dataset.Meta{TransferSyntaxUID: dataset.ExplicitVRLittleEndian, SOPClassUID: dataset.CTImageStorage, SOPInstanceUID: s.instance(k), ImplementationClassUID: "1.2.3.4"}
	if err := dataset.EncodePart10(&b, meta, s.dataset(k)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// stow sends the study in one STOW-RS request.
func (s testStudy) stow(t *testing.T, r *running) {
	t.Helper()
	var body bytes.Buffer
	mw := multipart.NewWriter(&body)
	for k := range s.slices {
		p, err := mw.CreatePart(map[string][]string{"Content-Type": {"application/dicom"}})
		if err != nil {
			t.Fatal(err)
		}
		p.Write(s.part10(t, k))
	}
	mw.Close()
	rq, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.HTTPAddr+dicomWebPath+"/studies/"+s.uid, &body)
	if err != nil {
		t.Fatal(err)
	}
	rq.Header.Set("Content-Type", `multipart/related; type="application/dicom"; boundary=`+mw.Boundary())
	answer(t, rq)
}

// TestStowBecomesTheSameReport sends one study by C-STORE and its twin by STOW-RS.
func TestStowBecomesTheSameReport(t *testing.T) {
	t.Parallel()
	r := startService(t, nil)
	net, web := newStudy(1), newStudy(2)
	net.send(t, r.DICOMAddr, 0, net.slices)
	web.stow(t, r)
	for _, s := range []testStudy{net, web} {
		if rec := r.await(t, s, 1); rec.Latest.Status != neckfrac.Analysed || rec.Latest.Slices != s.slices {
			t.Fatalf("status %s (%s), %d slices; want analysed, %d", rec.Latest.Status, rec.Latest.Reason, rec.Latest.Slices, s.slices)
		}
	}
	a, levelsA := r.report(t, net)
	b, levelsB := r.report(t, web)
	if a.Conclusion != b.Conclusion || a.Status != b.Status || !strings.Contains(b.Conclusion, "C5") {
		t.Errorf("reports differ:\n%s %q\n%s %q", a.Status, a.Conclusion, b.Status, b.Conclusion)
	}
	if len(levelsA) != neckfrac.Levels || len(levelsB) != neckfrac.Levels {
		t.Fatalf("%d and %d levels", len(levelsA), len(levelsB))
	}
	for i := range levelsA {
		if got, want := levelsB[i].ValueCodeableConcept.Coding[0], levelsA[i].ValueCodeableConcept.Coding[0]; got != want {
			t.Errorf("level %d: %v by STOW-RS, %v by C-STORE", i, got, want)
		}
	}
	if cards, body := r.hook(t, testSystem+"|"+web.patient.ID); len(cards) != 1 {
		t.Errorf("%d cards: %s", len(cards), body)
	}
}

// TestWebReadsBackWhatCame asks our server with our client, through the real service.
func TestWebReadsBackWhatCame(t *testing.T) {
	t.Parallel()
	r := startService(t, nil)
	s := newStudy(1)
	s.stow(t, r)
	r.await(t, s, 1)
	base := "http://" + r.HTTPAddr + dicomWebPath
	c, err := dicomweb.NewClient(dicomweb.ClientConfig{Origins: []string{"http://" + r.HTTPAddr}})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	err = c.Search(t.Context(), base, dicomweb.LevelStudy, dicomweb.Target{}, url.Values{"PatientID": {s.patient.ID}}, func(o dicomweb.Object) error {
		found++
		if uid, _ := o.Dataset.UID(dataset.TagStudyInstanceUID); uid != s.uid {
			t.Errorf("found another study")
		}
		return nil
	})
	if err != nil || found != 1 {
		t.Fatalf("%d studies, %v", found, err)
	}
	k := 0
	err = c.Retrieve(t.Context(), base, dicomweb.Target{StudyInstanceUID: s.uid}, func(body io.Reader) error {
		b, err := io.ReadAll(body)
		if err == nil && !bytes.HasSuffix(b, s.bytes(k)) {
			t.Errorf("object %d differs from what was sent", k)
		}
		k++
		return err
	})
	if err != nil || k != s.slices {
		t.Errorf("%d objects, %v", k, err)
	}
	if png := get(t, base+"/studies/"+s.uid+"/rendered"); !strings.HasPrefix(png, "\x89PNG") {
		t.Errorf("rendered: %.20q", png)
	}
	// The listener's own guard holds for the mount too.
	rq, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/studies", nil)
	rq.Host = "evil.example"
	rs, err := http.DefaultClient.Do(rq)
	if err != nil {
		t.Fatal(err)
	}
	rs.Body.Close()
	if rs.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("foreign host: %s", rs.Status)
	}
}

func TestTriageRendersNothing(t *testing.T) {
	t.Parallel()
	r := startService(t, func(cfg *Config, _ *Runtime) { cfg.Profile = string(neckfrac.Triage) })
	s := newStudy(1)
	s.stow(t, r)
	r.await(t, s, 1)
	rs, err := http.Get("http://" + r.HTTPAddr + dicomWebPath + "/studies/" + s.uid + "/rendered")
	if err != nil {
		t.Fatal(err)
	}
	rs.Body.Close()
	if rs.StatusCode != http.StatusNotFound {
		t.Errorf("a key image in triage: %s", rs.Status)
	}
}
