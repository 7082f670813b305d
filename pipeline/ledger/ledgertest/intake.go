package ledgertest

import (
	"errors"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
)

func intakeCases() []testCase {
	return []testCase{
		{"new study", newStudy},
		{"same bytes are a duplicate", duplicate},
		{"other bytes are a version", version},
		{"other patient marks the study", otherPatient},
		{"second person after the result reopens once", otherPatientLate},
		{"same instance in another series or study", otherSeries},
		{"twenty goroutines, one row", oneRow},
		{"facts are filled in, never replaced", fillIn},
		{"missing names are invalid", invalidArrival},
	}
}

func newStudy(f *fixture) {
	a := arrival(1, 1, 1)
	got := f.receive(a)
	if got.Duplicate || got.Version {
		f.Fatalf("receipt %+v, want a plain one", got)
	}
	second := f.receive(received(arrival(1, 2, 2), at(time.Second)))
	if second.StudyID != got.StudyID || second.Sequence <= got.Sequence {
		f.Fatalf("second receipt %+v after %+v, want the same study and a later sequence", second, got)
	}
	want := a.Study
	want.ID, want.State, want.LastReceived = got.StudyID, neckfrac.StudyReceiving, at(time.Second)
	for _, s := range []neckfrac.Series{a.Series, arrival(1, 2, 2).Series} {
		s.Count = 1
		want.Series = append(want.Series, s)
	}
	if d := cmp.Diff(neckfrac.Record{Study: want}, f.record(got.StudyID)); d != "" {
		f.Fatalf("record (-want +got):\n%s", d)
	}
}

func duplicate(f *fixture) {
	first := f.receive(arrival(1, 1, 1))
	before := f.record(first.StudyID)
	again := f.receive(received(arrival(1, 1, 1), at(time.Hour)))
	if want := (neckfrac.Receipt{StudyID: first.StudyID, Sequence: first.Sequence, Duplicate: true}); again != want {
		f.Fatalf("receipt %+v, want %+v", again, want)
	}
	if d := cmp.Diff(before, f.record(first.StudyID)); d != "" {
		f.Fatalf("a duplicate changed the record:\n%s", d)
	}
}

func version(f *fixture) {
	a := arrival(1, 1, 1)
	first := f.receive(a)
	other := received(a, at(time.Hour))
	other.Instance.Blob = blobOf("other bytes")
	if got, want := f.receive(other), (neckfrac.Receipt{StudyID: first.StudyID, Sequence: first.Sequence, Version: true}); got != want {
		f.Fatalf("receipt %+v, want %+v", got, want)
	}
	if got, want := f.receive(other), (neckfrac.Receipt{StudyID: first.StudyID, Sequence: first.Sequence, Version: true, Duplicate: true}); got != want {
		f.Fatalf("receipt of the same version %+v, want %+v", got, want)
	}
	series, err := f.l.Instances(f.ctx(), first.StudyID)
	f.must("instances", err)
	if len(series) != 1 || len(series[0].Instances) != 1 || series[0].Instances[0].Blob != a.Instance.Blob {
		f.Fatalf("series %+v, want the first bytes in use", series)
	}
	if got := f.record(first.StudyID).Study.LastReceived; !got.Equal(epoch) {
		f.Fatalf("last received %v, want %v: a version is no new work", got, epoch)
	}
}

// conflict receives a and wants it turned away because of part.
func (f *fixture) conflict(a neckfrac.Arrival, part neckfrac.ConflictPart) {
	f.Helper()
	_, err := f.l.Receive(f.ctx(), a)
	f.wantKind("receive", err, neckfrac.Conflict)
	if c, ok := errors.AsType[*neckfrac.ConflictError](err); !ok || c.Part != part {
		f.Fatalf("error %v, want a ConflictError of part %d", err, part)
	}
}

func otherPatient(f *fixture) {
	id := f.receive(arrival(1, 1, 1)).StudyID
	for _, k := range []neckfrac.PatientKey{{Issuer: "HOSP", ID: "P2"}, {Issuer: "ELSEWHERE", ID: "P1"}, {ID: "P1"}} {
		a := received(arrival(1, 1, 2), at(time.Hour))
		a.Study.Patient.Key = k
		f.conflict(a, neckfrac.ConflictPatient)
	}
	r := f.record(id)
	if !r.Study.Conflict || r.Study.Patient.Key != person(1) || r.Study.Series[0].Count != 1 || !r.Study.LastReceived.Equal(epoch) {
		f.Fatalf("study %+v, want it marked, with its first person and one instance", r.Study)
	}
	// The instance was not stored, so its rightful owner can still send it.
	if got := f.receive(received(arrival(1, 1, 2), at(time.Second))); got.Duplicate || got.Version {
		f.Fatalf("receipt %+v, want a new instance", got)
	}
}

func otherPatientLate(f *fixture) {
	id, _ := f.finished(1)
	stranger := arrival(1, 1, 2)
	stranger.Study.Patient.Key = person(2)
	f.conflict(stranger, neckfrac.ConflictPatient)
	f.wantState("after the conflict", id, neckfrac.StudyReceiving, neckfrac.JobAssessed)
	j := f.settle(id, epoch, at(time.Hour))
	l := f.lease(j.ID, at(time.Hour))
	a, err := f.l.Finish(f.ctx(), l, assessment(f.record(id)), nil)
	f.must("finish", err)
	if a.Revision != 2 {
		f.Fatalf("revision %d, want 2", a.Revision)
	}
	f.conflict(stranger, neckfrac.ConflictPatient)
	f.wantState("after the second conflict", id, neckfrac.StudyAssessed, neckfrac.JobAssessed)
}

func otherSeries(f *fixture) {
	id := f.receive(arrival(1, 1, 1)).StudyID
	series := arrival(1, 2, 1)
	series.Instance = arrival(1, 1, 1).Instance
	f.conflict(series, neckfrac.ConflictSeries)
	study := arrival(2, 1, 1)
	study.Instance = arrival(1, 1, 1).Instance
	f.conflict(study, neckfrac.ConflictSeries)
	found, err := f.l.Find(f.ctx(), neckfrac.StudyQuery{})
	f.must("find", err)
	if len(found) != 1 || found[0].Study.ID != id || len(found[0].Study.Series) != 1 || found[0].Study.Conflict {
		f.Fatalf("records %+v, want the first study alone, unmarked", found)
	}
}

func oneRow(f *fixture) {
	const n = 20
	var wg sync.WaitGroup
	receipts, errs := make([]neckfrac.Receipt, n), make([]error, n)
	for i := range n {
		wg.Go(func() { receipts[i], errs[i] = f.l.Receive(f.ctx(), arrival(1, 1, 1)) })
	}
	wg.Wait()
	fresh := 0
	for i, r := range receipts {
		f.must("receive", errs[i])
		if !r.Duplicate {
			fresh++
		}
		if r.StudyID != receipts[0].StudyID || r.Sequence != receipts[0].Sequence {
			f.Fatalf("receipts %+v and %+v differ", r, receipts[0])
		}
	}
	if got := f.record(receipts[0].StudyID).Study.Series[0].Count; fresh != 1 || got != 1 {
		f.Fatalf("%d new receipts and %d rows, want 1 and 1", fresh, got)
	}
}

func fillIn(f *fixture) {
	bare := arrival(1, 1, 1)
	bare.Study = neckfrac.Study{UID: bare.Study.UID, Patient: neckfrac.Patient{Key: person(1), AgeYears: -1}}
	id := f.receive(bare).StudyID
	f.receive(arrival(1, 1, 2))
	other := arrival(1, 1, 3)
	other.Study.Patient.Name, other.Study.Accession, other.Study.Started = "Other^Name", "A9", at(-2*time.Hour)
	f.receive(other)
	want := arrival(1, 1, 2).Study
	got := f.record(id).Study
	want.ID, want.State, want.LastReceived, want.Series = got.ID, got.State, got.LastReceived, got.Series
	if d := cmp.Diff(want, got); d != "" {
		f.Fatalf("study (-want +got):\n%s", d)
	}
}

func invalidArrival(f *fixture) {
	for name, strip := range map[string]func(*neckfrac.Arrival){
		"study":    func(a *neckfrac.Arrival) { a.Study.UID = "" },
		"series":   func(a *neckfrac.Arrival) { a.Series.UID = "" },
		"instance": func(a *neckfrac.Arrival) { a.Instance.UID = "" },
		"digest":   func(a *neckfrac.Arrival) { a.Instance.Blob.Digest = "" },
		"received": func(a *neckfrac.Arrival) { a.Instance.Received = time.Time{} },
	} {
		a := arrival(1, 1, 1)
		strip(&a)
		_, err := f.l.Receive(f.ctx(), a)
		f.wantKind("receive without "+name, err, neckfrac.Invalid)
	}
}
