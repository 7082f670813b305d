package fhir

import (
	"context"
	"net/http"
)

// resourceType is one row of what the server can do. Routes, parameter checks and
// the CapabilityStatement are made from it, so that they can't contradict.
type resourceType struct {
	name string
	// read returns one resource, or NotFound.
	read func(ctx context.Context, id string) (Resource, error)
	// matches returns a study's resources of this type; nil for types that can't be
	// searched.
	matches func(v View, q query) []Resource
	params  []param
	// include lists the values of _include.
	include []string
}

// param is a search parameter of R4.
type param struct {
	name, typ, definition, doc string
	// keys are the query keys that it is asked by.
	keys []string
}

const identifierDoc = "Only as `:identifier=system|value` or `.identifier=system|value`, matched to exactly one person; a plain reference is refused."

func personParam(name, definition string) param {
	return param{name, "reference", definition, identifierDoc, []string{name + ":identifier", name + ".identifier"}}
}

func (s *Server) resourceTypes() []resourceType {
	identifier := func(definition string) param {
		return param{"identifier", "token", definition,
			"Study Instance UID (`urn:dicom:uid|urn:oid:…`) or accession number (no system).", []string{"identifier"}}
	}
	const patient = "http://hl7.org/fhir/SearchParameter/clinical-patient"
	const base = "http://hl7.org/fhir/SearchParameter/"
	return []resourceType{
		{
			name: "DiagnosticReport", read: s.readReport,
			matches: func(v View, q query) []Resource {
				if r := DiagnosticReport(v); q.status.has(v.reportStatusCode()) {
					return []Resource{r}
				}
				return nil
			},
			params: []param{
				identifier(base + "clinical-identifier"), personParam("patient", patient),
				personParam("subject", base+"DiagnosticReport-subject"),
				{"status", "token", base + "DiagnosticReport-status", "Codes without a system, separated by commas.", []string{"status"}},
			},
			include: []string{"DiagnosticReport:result"},
		},
		{
			name: "Observation", read: s.readObservation,
			matches: func(v View, q query) []Resource {
				if !q.code.has(observationCode) {
					return nil
				}
				return Observations(v)
			},
			params: []param{
				personParam("patient", patient), personParam("subject", base+"Observation-subject"),
				{"code", "token", base + "clinical-code", "With or without its system.", []string{"code"}},
			},
		},
		{
			name: "ImagingStudy", read: s.readImagingStudy,
			matches: func(v View, _ query) []Resource { return []Resource{ImagingStudy(v)} },
			params: []param{
				identifier(base + "clinical-identifier"), personParam("patient", patient),
				personParam("subject", base+"ImagingStudy-subject"),
			},
		},
		{name: "Media", read: s.readMedia},
		{name: "Binary"}, // served by readBinary, which answers with raw bytes too
		{name: "Device", read: s.readDevice},
		{name: "Organization", read: s.readOrganization},
		{name: "CodeSystem", read: s.readCodeSystem},
	}
}

// routes lays the table out on a mux. Patterns carry no method: the mux would answer
// a wrong one in plain text.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/", unknownPath)
	mux.HandleFunc(s.prefix+"/metadata", s.get(s.serveMetadata))
	for _, t := range s.types {
		path := s.prefix + "/" + t.name
		if t.name == "Binary" {
			mux.HandleFunc(path+"/{id}", s.get(s.serveBinary))
			continue
		}
		mux.HandleFunc(path+"/{id}", s.get(s.serveRead(t)))
		if t.matches != nil {
			mux.HandleFunc(path, s.get(s.serveSearch(t)))
			// A search by POST keeps a patient's number out of addresses and logs.
			mux.HandleFunc(path+"/_search", s.serveSearchForm(t))
		}
	}
	return mux
}

func unknownPath(w http.ResponseWriter, _ *http.Request) {
	WriteOutcome(w, http.StatusNotFound, IssueNotFound, "No such resource type or path.")
}

// get admits GET and HEAD.
func (s *Server) get(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			WriteOutcome(w, http.StatusMethodNotAllowed, IssueNotSupported, "This server is read-only here.")
			return
		}
		h(w, r)
	}
}
