package cdshooks

import (
	"net/http"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/fhir"
)

// Service is an entry of discovery.
type Service struct {
	Hook              string            `json:"hook"`
	Title             string            `json:"title"`
	Description       string            `json:"description"`
	ID                string            `json:"id"`
	Prefetch          map[string]string `json:"prefetch"`
	UsageRequirements string            `json:"usageRequirements"`
}

// patientView is the one service that works.
var patientView = Service{
	Hook:  "patient-view",
	Title: "AI flag on CT of the cervical spine",
	Description: "Shows a card when a recent CT of the cervical spine carries an AI flag for a possible fracture. " +
		"Where no card is shown, nothing is said about a fracture. " + neckfrac.LimitsText + " " + neckfrac.ResearchUse,
	ID:       "neckfrac-patient-view",
	Prefetch: map[string]string{"patient": "Patient/{{context.patientId}}"},
	UsageRequirements: "The prefetched patient is required: data is not fetched. Its identifiers must be of a system that " +
		"the site has mapped.",
}

// discover is GET /cds-services.
func (s *Server) discover(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		fhir.WriteOutcome(w, http.StatusMethodNotAllowed, fhir.IssueNotSupported, "Discovery is read by GET.")
		return
	}
	if !fhir.AcceptsJSON(r.Header) {
		fhir.WriteOutcome(w, http.StatusNotAcceptable, fhir.IssueNotSupported, "Only JSON is served.")
		return
	}
	services := []Service{}
	if s.client != nil {
		services = append(services, patientView)
	}
	writeJSON(w, struct {
		Services []Service `json:"services"`
	}{services})
}
