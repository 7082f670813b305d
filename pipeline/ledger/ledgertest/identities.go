package ledgertest

import (
	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
)

func identityCases() []testCase {
	return []testCase{
		{"live persons", live},
		{"learn and reference", learn},
		{"audit", audit},
	}
}

func live(f *fixture) {
	f.receive(arrival(1, 1, 1))
	f.receive(arrival(2, 1, 1))
	// Person 2 also has a study that a stranger claimed; person 3 has only such a one.
	for _, study := range []int{3, 4} {
		a := arrival(study, 1, 1)
		if study == 4 {
			a.Study.Patient.Key = person(2)
		}
		f.receive(a)
		stranger := arrival(study, 1, 2)
		stranger.Study.Patient.Key = person(9)
		f.conflict(stranger, neckfrac.ConflictPatient)
	}
	unknown := arrival(5, 1, 1)
	unknown.Study.Patient.Key = neckfrac.PatientKey{ID: "P5"}
	f.receive(unknown)

	got, err := f.l.Live(f.ctx(), []neckfrac.PatientKey{person(9), person(2), person(3), {ID: "P5"}, {Issuer: "HOSP", ID: "P5"}, {Issuer: "X", ID: "P1"}, person(1), person(2)})
	f.must("live", err)
	if d := cmp.Diff([]neckfrac.PatientKey{person(2), person(1)}, got); d != "" {
		f.Fatalf("live (-want +got):\n%s", d)
	}
	if got, err := f.l.Live(f.ctx(), nil); err != nil || len(got) != 0 {
		f.Fatalf("live of nobody: %v, %v", got, err)
	}
}

func learn(f *fixture) {
	const ehr, other = "https://ehr.example/fhir", "https://other.example/fhir"
	_, err := f.l.Reference(f.ctx(), person(1), ehr)
	f.wantKind("reference before learn", err, neckfrac.NotFound)
	for _, id := range []string{"pat-1", "pat-1", "pat-7"} {
		f.must("learn", f.l.Learn(f.ctx(), person(1), ehr, id))
		got, err := f.l.Reference(f.ctx(), person(1), ehr)
		f.must("reference", err)
		if got != id {
			f.Fatalf("reference %q, want %q", got, id)
		}
	}
	_, err = f.l.Reference(f.ctx(), person(1), other)
	f.wantKind("reference on another server", err, neckfrac.NotFound)
	_, err = f.l.Reference(f.ctx(), neckfrac.PatientKey{Issuer: "X", ID: "P1"}, ehr)
	f.wantKind("reference of another issuer", err, neckfrac.NotFound)
	f.wantKind("learn of an uncertain person", f.l.Learn(f.ctx(), neckfrac.PatientKey{ID: "P1"}, ehr, "p"), neckfrac.Invalid)
	f.wantKind("learn without server", f.l.Learn(f.ctx(), person(1), "", "p"), neckfrac.Invalid)
	f.wantKind("learn without id", f.l.Learn(f.ctx(), person(1), ehr, ""), neckfrac.Invalid)
}

func audit(f *fixture) {
	for range 2 {
		f.must("append", f.l.Append(f.ctx(), neckfrac.AuditEvent{At: epoch, Actor: "demo", Action: "profile-change", Object: "profile", Detail: "synthetic study"}))
	}
	f.wantKind("append of nothing", f.l.Append(f.ctx(), neckfrac.AuditEvent{At: epoch}), neckfrac.Invalid)
}
