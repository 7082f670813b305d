package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// await waits until the study of a sent file has a result.
func (s *Service) await(ctx context.Context, file dicomFile) (neckfrac.Record, error) {
	f, err := os.Open(file.path)
	if err != nil {
		return neckfrac.Record{}, neckfrac.Wrap(neckfrac.NotFound, "demo", err)
	}
	defer f.Close()
	ds, err := readHeader(f)
	if err != nil {
		return neckfrac.Record{}, neckfrac.Wrap(neckfrac.Invalid, "demo", err)
	}
	uid, _ := ds.UID(dataset.TagStudyInstanceUID)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		recs, err := s.db.Find(ctx, neckfrac.StudyQuery{UID: neckfrac.StudyUID(uid)})
		if err == nil && len(recs) == 1 && recs[0].Latest != nil {
			return recs[0], nil
		}
		select {
		case <-ctx.Done():
			return neckfrac.Record{}, neckfrac.Errorf(neckfrac.Unavailable, "demo", "no result in %s; see service.log", demoWait)
		case err := <-s.Failed:
			return neckfrac.Record{}, err
		case <-tick.C:
		}
	}
}

// showOutputs asks the running service for what an EHR and a person would see.
func (s *Service) showOutputs(ctx context.Context, w io.Writer, rec neckfrac.Record) error {
	base := "http://" + s.HTTPAddr
	search := base + "/fhir/DiagnosticReport?identifier=" + url.QueryEscape("urn:dicom:uid|urn:oid:"+string(rec.Study.UID))
	var bundle struct {
		Total int `json:"total"`
		Entry []struct {
			Resource struct {
				ID         string `json:"id"`
				Status     string `json:"status"`
				Conclusion string `json:"conclusion"`
			} `json:"resource"`
		} `json:"entry"`
	}
	if err := getJSON(ctx, search, &bundle); err != nil {
		return err
	}
	for _, e := range bundle.Entry {
		fmt.Fprintf(w, "\n  FHIR DiagnosticReport/%s (%s): %s\n", e.Resource.ID, e.Resource.Status, e.Resource.Conclusion)
	}
	cards, err := s.askCards(ctx, base, rec.Study.Patient.Key.ID)
	if err != nil {
		return err
	}
	if len(cards) == 0 {
		fmt.Fprintln(w, "  CDS Hooks patient-view: no card")
	}
	for _, c := range cards {
		fmt.Fprintf(w, "  CDS Hooks patient-view: [%s] %s\n", c.Indicator, c.Summary)
		for line := range strings.SplitSeq(strings.TrimSpace(c.Detail), "\n") {
			fmt.Fprintf(w, "    │ %s\n", line)
		}
	}
	fmt.Fprintf(w, "  page: %s/studies/%s\n", base, rec.Study.ID)
	return nil
}

type demoCard struct {
	Summary   string `json:"summary"`
	Indicator string `json:"indicator"`
	Detail    string `json:"detail"`
}

// askCards calls the patient-view service as the demo's EHR would.
func (s *Service) askCards(ctx context.Context, base, patientID string) ([]demoCard, error) {
	hook := map[string]any{
		"hook": "patient-view", "hookInstance": "6ba7b810-9dad-41d1-80b4-00c04fd430c8", "fhirServer": demoEHR,
		"context": map[string]any{"userId": "Practitioner/demo", "patientId": "demo-1"},
		"prefetch": map[string]any{"patient": map[string]any{
			"resourceType": "Patient", "id": "demo-1",
			"identifier": []any{map[string]any{"system": demoSystem, "value": patientID}},
		}},
	}
	body, err := json.Marshal(hook)
	if err != nil {
		return nil, err
	}
	rq, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/cds-services/neckfrac-patient-view", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	rq.Header.Set("Content-Type", "application/json")
	var answer struct {
		Cards []demoCard `json:"cards"`
	}
	return answer.Cards, doJSON(rq, &answer)
}

func getJSON(ctx context.Context, u string, into any) error {
	rq, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return err
	}
	return doJSON(rq, into)
}

func doJSON(rq *http.Request, into any) error {
	rs, err := http.DefaultClient.Do(rq)
	if err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, "demo: ask the service", err)
	}
	defer rs.Body.Close()
	body, err := io.ReadAll(io.LimitReader(rs.Body, 8<<20))
	if err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, "demo: ask the service", err)
	}
	if rs.StatusCode != http.StatusOK {
		return neckfrac.Errorf(neckfrac.Internal, "demo", "%s answered %s: %.200s", rq.URL.Path, rs.Status, body)
	}
	return json.Unmarshal(body, into)
}
