package fhir_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/fhir"
)

const mrn = "https://example.org/id/mrn"

func TestResolvePatient(t *testing.T) {
	t.Parallel()
	known := neckfrac.PatientKey{Issuer: "EXAMPLE", ID: "000417"}
	other := neckfrac.PatientKey{Issuer: "NORTH", ID: "000417"}
	l := &ledger{records: []neckfrac.Record{
		{Study: neckfrac.Study{Patient: neckfrac.Patient{Key: known}}},
		{Study: neckfrac.Study{Patient: neckfrac.Patient{Key: other}}},
	}}
	r := fhir.Resolver{Identities: l, Map: neckfrac.IdentityMap{
		{Issuer: "EXAMPLE", FHIRSystem: mrn, FHIRServer: "https://ehr.example.org/fhir"},
		{Issuer: "NORTH", FHIRSystem: "https://north.example.org/mrn"},
		{Issuer: "", FHIRSystem: "https://nobody.example.org"},
	}}
	id := func(system, value string) neckfrac.FHIRIdentifier {
		return neckfrac.FHIRIdentifier{System: system, Value: value}
	}
	for _, c := range []struct {
		name    string
		server  string
		patient fhir.Patient
		want    fhir.Outcome
		key     neckfrac.PatientKey
	}{
		{"match", "https://ehr.example.org/fhir", fhir.Patient{Identifiers: []neckfrac.FHIRIdentifier{id(mrn, "000417"), id("urn:ssn", "1")}}, fhir.Match, known},
		{"same number of another issuer", "", fhir.Patient{Identifiers: []neckfrac.FHIRIdentifier{id("https://north.example.org/mrn", "000417")}}, fhir.Match, other},
		{"said twice", "", fhir.Patient{Identifiers: []neckfrac.FHIRIdentifier{id(mrn, "000417"), id(mrn, "000417")}}, fhir.Match, known},
		{"two people", "", fhir.Patient{Identifiers: []neckfrac.FHIRIdentifier{id(mrn, "000417"), id("https://north.example.org/mrn", "000417")}}, fhir.Several, neckfrac.PatientKey{}},
		{"no studies", "", fhir.Patient{Identifiers: []neckfrac.FHIRIdentifier{id(mrn, "1")}}, fhir.None, neckfrac.PatientKey{}},
		{"unknown system", "", fhir.Patient{Identifiers: []neckfrac.FHIRIdentifier{id("urn:other", "000417")}}, fhir.UnknownIssuer, neckfrac.PatientKey{}},
		{"number alone", "", fhir.Patient{Identifiers: []neckfrac.FHIRIdentifier{id("", "000417")}}, fhir.UnknownIssuer, neckfrac.PatientKey{}},
		{"row without issuer", "", fhir.Patient{Identifiers: []neckfrac.FHIRIdentifier{id("https://nobody.example.org", "000417")}}, fhir.UnknownIssuer, neckfrac.PatientKey{}},
		{"system of another server", "https://other.example.org/fhir", fhir.Patient{Identifiers: []neckfrac.FHIRIdentifier{id(mrn, "000417")}}, fhir.UnknownIssuer, neckfrac.PatientKey{}},
		{"nothing", "", fhir.Patient{}, fhir.UnknownIssuer, neckfrac.PatientKey{}},
		{"merged away", "", fhir.Patient{Replaced: true, Identifiers: []neckfrac.FHIRIdentifier{id(mrn, "000417")}}, fhir.Replaced, neckfrac.PatientKey{}},
	} {
		key, got, err := r.ResolvePatient(t.Context(), c.server, c.patient)
		if err != nil || got != c.want || key != c.key {
			t.Errorf("%s: got %v %v %v, want %v %v", c.name, key, got, err, c.want, c.key)
		}
	}
	l.fault = neckfrac.Wrap(neckfrac.Unavailable, "live", errors.New("down"))
	if _, _, err := r.Resolve(t.Context(), "", []neckfrac.FHIRIdentifier{id(mrn, "000417")}); neckfrac.KindOf(err) != neckfrac.Unavailable {
		t.Errorf("got %v, want Unavailable", err)
	}
}

func TestReadPatient(t *testing.T) {
	t.Parallel()
	const ids = `"identifier":[{"system":"` + mrn + `","value":"000417"},{"use":"old","system":"` + mrn + `","value":"9"},{"value":"7"}]`
	p, err := fhir.ReadPatient([]byte(`{"resourceType":"Patient","id":"p-77","active":true,` + ids + `,"name":[{"family":"Example"}]}`))
	if err != nil || p.ID != "p-77" || p.Replaced || len(p.Identifiers) != 2 || p.Identifiers[0] != (neckfrac.FHIRIdentifier{System: mrn, Value: "000417"}) {
		t.Errorf("got %+v, %v", p, err)
	}
	for name, part := range map[string]string{
		"inactive": `"active":false`,
		"merged":   `"link":[{"other":{"reference":"Patient/2"},"type":"replaced-by"}]`,
	} {
		p, err := fhir.ReadPatient([]byte(`{"resourceType":"Patient","id":"p",` + part + `}`))
		if err != nil || !p.Replaced {
			t.Errorf("%s: got %+v, %v", name, p, err)
		}
	}
	identifiers := func(n int) string {
		return `{"resourceType":"Patient","identifier":[` + strings.TrimSuffix(strings.Repeat(`{"value":"1"},`, n), ",") + `]}`
	}
	photo := func(n int) string {
		return `{"resourceType":"Patient","photo":[{"data":"` + strings.Repeat("A", n) + `"}]}`
	}
	frame := len(photo(0))
	for _, c := range []struct {
		name, in string
		want     neckfrac.Kind
	}{
		{"empty", ``, neckfrac.Invalid},
		{"null", `null`, neckfrac.Invalid},
		{"no type", `{"id":"1"}`, neckfrac.Invalid},
		{"another type", `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found"}]}`, neckfrac.Unsupported},
		{"duplicate id", `{"resourceType":"Patient","id":"1","id":"2"}`, neckfrac.Invalid},
		{"duplicate inside", `{"resourceType":"Patient","identifier":[{"value":"1","value":"2"}]}`, neckfrac.Invalid},
		{"unknown field", `{"resourceType":"Patient","secret":1}`, neckfrac.Invalid},
		{"trailing", `{"resourceType":"Patient"} {}`, neckfrac.Invalid},
		{"not UTF-8", "{\"resourceType\":\"Patient\",\"id\":\"\xff\"}", neckfrac.Invalid},
		{"too deep", strings.Repeat("[", 5000), neckfrac.Limit},
		{"too many identifiers", identifiers(fhir.MaxPatientIdentifiers + 1), neckfrac.Limit},
		{"too large", photo(fhir.MaxPatientBytes - frame + 1), neckfrac.Limit},
	} {
		if _, err := fhir.ReadPatient([]byte(c.in)); err == nil || neckfrac.KindOf(err) != c.want || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v (%v), want %v", c.name, err, neckfrac.KindOf(err), c.want)
		}
	}
	for name, in := range map[string]string{"identifiers": identifiers(fhir.MaxPatientIdentifiers), "size": photo((fhir.MaxPatientBytes - frame) &^ 3)} {
		if _, err := fhir.ReadPatient([]byte(in)); err != nil {
			t.Errorf("%s at the limit: %v", name, err)
		}
	}
}

func TestCheckJSON(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		ok   bool
		kind neckfrac.Kind
	}{
		{`{}`, true, 0}, {`[]`, true, 0}, {`"a"`, true, 0}, {`1`, true, 0}, {`{"a":{"a":[1]},"b":[{"a":1},{"a":2}]}`, true, 0},
		{`{"a":"a","b":"a"}`, true, 0}, {`[[[]]]`, true, 0}, {`{"a":[[]]}`, true, 0},
		{`[[[[]]]]`, false, neckfrac.Limit}, {`{"a":[{"b":[]}]}`, false, neckfrac.Limit},
		{`{"a":1,"a":2}`, false, neckfrac.Invalid}, {`{"a":[],"a":2}`, false, neckfrac.Invalid}, {`[{"a":{},"b":1,"a":2}]`, false, neckfrac.Invalid},
		{`{"\u0061":1,"a":2}`, false, neckfrac.Invalid}, {`{`, false, neckfrac.Invalid}, {`{"a"}`, false, neckfrac.Invalid},
		{`{} {}`, false, neckfrac.Invalid}, {`]`, false, neckfrac.Invalid}, {``, false, neckfrac.Invalid}, {`{"a":1]`, false, neckfrac.Invalid},
	} {
		err := fhir.CheckJSON([]byte(c.in), 3)
		if (err == nil) != c.ok || err != nil && neckfrac.KindOf(err) != c.kind {
			t.Errorf("%s: got %v", c.in, err)
		}
	}
}

// FuzzReadPatient: no input panics, and what is read can be named.
func FuzzReadPatient(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Patient","id":"1","identifier":[{"use":"old","system":"a","value":"b"}]}`))
	f.Add([]byte(`{"resourceType":"Patient","link":[{"type":"replaced-by"}],"contained":[{"resourceType":"Patient"}]}`))
	f.Add([]byte(`[{"a":1,"a":2}]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := fhir.ReadPatient(b)
		if err == nil && len(p.Identifiers) > fhir.MaxPatientIdentifiers {
			t.Errorf("%d identifiers", len(p.Identifiers))
		}
	})
}
