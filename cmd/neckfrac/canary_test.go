package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
)

// canaries are planted in everything that a peer can name.
const (
	canaryName = "CANARYNAME"
	canaryID   = "NF-TEST-CANARYID"
	canaryUID  = "1.2.826.0.1.3680043.2.918273645"
)

// TestNoPatientDataInLogMetricOrURL sends a person through every way in and out, with
// refusals and bad requests in between, and then searches what an operator collects.
func TestNoPatientDataInLogMetricOrURL(t *testing.T) {
	t.Parallel()
	r := startService(t, func(cfg *Config, _ *Runtime) { cfg.Log.Level = "debug" })
	s := newStudy(1)
	s.uid, s.name, s.patient.ID = canaryUID, canaryName+"^GIVEN", canaryID
	s.send(t, r.DICOMAddr, 0, s.slices)
	r.await(t, s, 1)
	answers := strings.Join([]string{
		get(t, "http://"+r.HTTPAddr+"/fhir/DiagnosticReport?identifier="+url.QueryEscape("urn:dicom:uid|urn:oid:"+s.uid)+"&_include=DiagnosticReport:result"),
		get(t, "http://"+r.HTTPAddr+"/api/v1/studies"),
		get(t, "http://"+r.HTTPAddr+"/api/v1/studies/"+s.uid),
	}, "\n")
	if !strings.Contains(answers, canaryID) {
		t.Fatal("the canary is in no answer: this test looks at nothing")
	}
	// The self link of a search repeats the query, as R4 §3.1.1.6 wants; only the
	// caller, who named the patient, sees it.
	get(t, "http://"+r.HTTPAddr+"/fhir/DiagnosticReport?patient:identifier="+url.QueryEscape(testSystem+"|"+canaryID))
	_, card := r.hook(t, testSystem+"|"+canaryID)
	r.provoke(t, s)
	for _, u := range regexp.MustCompile(`https?://[^"\s]*`).FindAllString(answers+card, -1) {
		if strings.Contains(u, canaryName) || strings.Contains(u, canaryID) {
			t.Errorf("a link names the patient: %s", u)
		}
	}
	if !strings.Contains(r.log.String(), "dicom store refused") {
		t.Error("the log has no refusal: this test looks at nothing")
	}
	metrics := get(t, "http://"+r.AdminAddr+"/metrics")
	for _, canary := range []string{canaryName, canaryID, canaryUID, "CANARY"} {
		if strings.Contains(metrics, canary) {
			t.Errorf("%s is in the metrics", canary)
		}
		for line := range strings.SplitSeq(r.log.String(), "\n") {
			if strings.Contains(line, canary) {
				t.Errorf("%s is in the log: %s", canary, line)
			}
		}
	}
}

// provoke makes every refusal that would like to say what it refused.
func (r *running) provoke(t *testing.T, s testStudy) {
	t.Helper()
	c, err := dicomnet.Dial(t.Context(), r.DICOMAddr, clientConfig("NECKFRAC"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	clash := s // the study under another person
	clash.patient = neckfrac.PatientKey{Issuer: neckfrac.PhantomIssuer, ID: canaryID + "2"}
	for k := range 2 { // the answer to the second comes after the first one's log line
		if status, err := clash.store(t.Context(), c, k); err != nil || status == 0 {
			t.Errorf("another patient in the study: status %v, %v", status, err)
		}
	}
	bad := s // a UID that breaks its grammar
	bad.uid = canaryName
	bad.store(t.Context(), c, 0) // the client may refuse it already; either way nothing is logged
	if other, err := dicomnet.Dial(t.Context(), r.DICOMAddr, clientConfig("SOMEBODY")); err == nil {
		other.Abort()
		t.Error("association with a wrong called AE")
	}
	for _, path := range []string{
		"/api/v1/studies/" + canaryName, "/api/v1/studies?uid=" + canaryName, "/fhir/Patient/" + canaryID, "/" + canaryName,
		"/fhir/DiagnosticReport?subject=" + canaryID, "/fhir/DiagnosticReport/" + canaryID, "/r/" + canaryID,
	} {
		rs, err := http.Get("http://" + r.HTTPAddr + path)
		if err != nil {
			t.Fatal(err)
		}
		rs.Body.Close()
		if rs.StatusCode < 400 {
			t.Errorf("%s: %s", path, rs.Status)
		}
	}
	rs, err := http.Post("http://"+r.HTTPAddr+"/cds-services/neckfrac-patient-view", "application/json", strings.NewReader(fmt.Sprintf(`{"hook":%q}`, canaryName)))
	if err != nil {
		t.Fatal(err)
	}
	rs.Body.Close()
}

func TestKindsAreLoggedByName(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, err := logger(&out, "info")
	if err != nil {
		t.Fatal(err)
	}
	log.Info("refused", "kind", neckfrac.Conflict)
	if !strings.Contains(out.String(), `"kind":"conflict"`) {
		t.Errorf("got %s", &out)
	}
}
