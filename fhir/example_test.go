package fhir_test

import (
	"encoding/json"
	"fmt"

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
