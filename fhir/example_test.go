package fhir_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/fhir"
)

func ExampleBundle() {
	v := fhir.View{
		Site:  fhir.Site{BaseURL: "https://neckfrac.example.org/fhir", Organization: "Example Hospital"},
		Study: neckfrac.Study{ID: "s1", UID: "1.2.3"},
		Assessment: &neckfrac.Assessment{
			ID: "a1", Revision: 1, Status: neckfrac.NotAnalysed, Reason: neckfrac.Gap, Profile: neckfrac.Triage,
		},
	}
	b, err := json.Marshal(fhir.Bundle(v))
	if err != nil {
		fmt.Println(err)
		return
	}
	var bundle struct {
		Entry []struct {
			FullURL  string `json:"fullUrl"`
			Resource struct{ Status string }
		}
	}
	if err := json.Unmarshal(b, &bundle); err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range bundle.Entry {
		fmt.Println(e.FullURL, e.Resource.Status)
	}
	// Output:
	// https://neckfrac.example.org/fhir/DiagnosticReport/s1 cancelled
	// https://neckfrac.example.org/fhir/Observation/s1-spine cancelled
	// https://neckfrac.example.org/fhir/ImagingStudy/s1 available
	// https://neckfrac.example.org/fhir/Organization/site
}

func ExampleServer() {
	l := &ledger{records: []neckfrac.Record{{Study: study()}}}
	s, err := fhir.New(fhir.Config{Site: site()}, l, store{}, l)
	if err != nil {
		fmt.Println(err)
		return
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", "/fhir/DiagnosticReport?identifier=A-1001", nil))
	var got struct {
		Total int
		Entry []struct {
			FullURL  string `json:"fullUrl"`
			Resource struct{ Status string }
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(w.Code, got.Total, got.Entry[0].FullURL, got.Entry[0].Resource.Status)
	// Output: 200 1 https://neckfrac.example.org/fhir/DiagnosticReport/st7q2m9x registered
}

func ExampleReadPatient() {
	p, err := fhir.ReadPatient([]byte(`{"resourceType":"Patient","id":"p-77","identifier":[{"system":"https://example.org/id/mrn","value":"000417"}]}`))
	fmt.Println(p.ID, p.Identifiers[0].System, err)
	// Output: p-77 https://example.org/id/mrn <nil>
}
