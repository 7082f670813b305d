package ledgertest

import (
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
)

func kindCases() []testCase {
	return []testCase{
		{"objects and echoes move nothing", objectsMoveNothing},
		{"a study of objects alone never settles", objectsAlone},
		{"another person's object marks nothing", otherPersonsObject},
		{"a mistake sends the study back", mistake},
		{"expired retention moves nothing", retentionExpired},
		{"a note before its images", noteFirst},
		{"a note speaks of its own study", noteOfOtherStudy},
		{"a note during the run", noteWhileRunning},
		{"a mistake replaces expired retention", mistakeReplacesExpiry},
		{"a note that can't be one", invalidNote},
	}
}

// object is instance n of a series 9 of a study.
func object(study, n int, k neckfrac.InstanceKind) neckfrac.Arrival {
	a := received(arrival(study, 9, n), at(time.Hour))
	a.Instance.Kind, a.Series.Modality, a.Instance.SOPClassUID = k, "SR", "1.2.840.10008.5.1.4.1.1.88.33"
	return a
}

// note rejects instances of a study's first series.
func note(study, n int, code neckfrac.RejectionCode, instances ...int) neckfrac.Arrival {
	a := object(study, n, neckfrac.RejectionInstance)
	a.Rejection = &neckfrac.Rejection{Code: code}
	for _, i := range instances {
		a.Rejection.Instances = append(a.Rejection.Instances, arrival(study, 1, i).Instance.UID)
	}
	return a
}

// codes are the withdrawal codes of a study's first series, by number.
func (f *fixture) codes(id neckfrac.StudyID) (out []neckfrac.RejectionCode) {
	f.Helper()
	series, err := f.l.Instances(f.ctx(), id)
	f.must("instances", err)
	for _, s := range series {
		for _, in := range s.Instances {
			if s.Number == 1 {
				out = append(out, in.Withdrawn)
			}
		}
	}
	return out
}

func (f *fixture) wantCodes(id neckfrac.StudyID, want ...neckfrac.RejectionCode) {
	f.Helper()
	if d := cmp.Diff(want, f.codes(id)); d != "" {
		f.Fatalf("withdrawn (-want +got):\n%s", d)
	}
}

func objectsMoveNothing(f *fixture) {
	id, _ := f.finished(1)
	before := f.record(id).Study.LastReceived
	for n, k := range []neckfrac.InstanceKind{neckfrac.ObjectInstance, neckfrac.EchoInstance} {
		a := object(1, n+1, k)
		if r := f.receive(a); r.StudyID != id || r.Duplicate {
			f.Fatalf("receipt %+v", r)
		}
		if r := f.receive(a); !r.Duplicate {
			f.Fatalf("again: receipt %+v", r)
		}
		f.wantState(k.String(), id, neckfrac.StudyAssessed, neckfrac.JobAssessed)
	}
	if got := f.record(id).Study.LastReceived; !got.Equal(before) {
		f.Fatalf("last received %v, want %v: T0 is an image's", got, before)
	}
	series, err := f.l.Instances(f.ctx(), id)
	f.must("instances", err)
	var kinds []neckfrac.InstanceKind
	for _, s := range series {
		for _, in := range s.Instances {
			kinds = append(kinds, in.Kind)
		}
	}
	if d := cmp.Diff([]neckfrac.InstanceKind{neckfrac.ImageInstance, neckfrac.ObjectInstance, neckfrac.EchoInstance}, kinds); d != "" {
		f.Fatalf("kinds (-want +got):\n%s", d)
	}
	queued := f.receive(arrival(2, 1, 1)).StudyID
	f.settle(queued, epoch, at(time.Minute))
	f.receive(object(2, 1, neckfrac.ObjectInstance))
	f.wantState("queued", queued, neckfrac.StudyQueued, neckfrac.JobReady)
}

func objectsAlone(f *fixture) {
	id := f.receive(object(1, 1, neckfrac.ObjectInstance)).StudyID
	ids, err := f.l.Quiet(f.ctx(), at(24*time.Hour), 9)
	f.must("quiet", err)
	if len(ids) != 0 || !f.record(id).Study.LastReceived.IsZero() {
		f.Fatalf("quiet %v, last received %v; want nothing to settle", ids, f.record(id).Study.LastReceived)
	}
	_, err = f.l.Settle(f.ctx(), id, at(24*time.Hour), neckfrac.BasisQuiet, neckfrac.Routine, at(24*time.Hour))
	f.wantKind("settle", err, neckfrac.Conflict)
	f.receive(arrival(1, 1, 1))
	if got := f.record(id).Study.LastReceived; !got.Equal(epoch) {
		f.Fatalf("last received %v, want the image's", got)
	}
	f.settle(id, epoch, at(time.Minute))
}

func otherPersonsObject(f *fixture) {
	id, _ := f.finished(1)
	a := object(1, 1, neckfrac.ObjectInstance)
	a.Study.Patient.Key = person(2)
	f.conflict(a, neckfrac.ConflictPatient)
	n := note(1, 2, neckfrac.RejectedForSafety, 1)
	n.Study.Patient.Key = person(2)
	f.conflict(n, neckfrac.ConflictPatient)
	f.wantState("refused", id, neckfrac.StudyAssessed, neckfrac.JobAssessed)
	f.wantCodes(id, "")
	if f.record(id).Study.Conflict {
		f.Fatal("an object marked the study")
	}
}

func mistake(f *fixture) {
	for i, code := range []neckfrac.RejectionCode{neckfrac.RejectedForQuality, neckfrac.RejectedForSafety, neckfrac.WrongWorklistEntry} {
		study := i + 1
		id, _ := f.finished(study)
		f.receive(received(arrival(study, 1, 2), at(time.Minute)))
		j := f.settle(id, at(time.Minute), at(time.Minute))
		_, err := f.l.Finish(f.ctx(), f.lease(j.ID, at(time.Minute)), assessment(f.record(id)), nil)
		f.must("finish", err)
		n := note(study, 1, code, 1, 7)
		f.receive(n)
		f.wantCodes(id, code, "")
		f.wantState(string(code), id, neckfrac.StudyReceiving, neckfrac.JobAssessed)
		// T0 stays the receipt of the newest image: a note is no slice.
		j = f.settle(id, at(time.Minute), at(2*time.Hour))
		if !j.T0.Equal(at(time.Minute)) {
			f.Fatalf("t0 %v", j.T0)
		}
		_, err = f.l.Finish(f.ctx(), f.lease(j.ID, at(2*time.Hour)), assessment(f.record(id)), nil)
		f.must("finish", err)
		if r := f.receive(n); !r.Duplicate {
			f.Fatalf("again: receipt %+v", r)
		}
		f.receive(note(study, 2, code, 1))
		f.wantState("taken back twice", id, neckfrac.StudyAssessed, neckfrac.JobAssessed)
	}
}

func retentionExpired(f *fixture) {
	id, _ := f.finished(1)
	f.receive(note(1, 1, neckfrac.RetentionExpired, 1))
	f.wantCodes(id, neckfrac.RetentionExpired)
	f.wantState("expired", id, neckfrac.StudyAssessed, neckfrac.JobAssessed)
}

func noteFirst(f *fixture) {
	id := f.receive(note(1, 1, neckfrac.RejectedForQuality, 2)).StudyID
	f.receive(arrival(1, 1, 1))
	f.receive(arrival(1, 1, 2))
	f.wantCodes(id, "", neckfrac.RejectedForQuality)
	f.settle(id, epoch, at(time.Minute))
}

func noteOfOtherStudy(f *fixture) {
	id, _ := f.finished(1)
	n := note(2, 1, neckfrac.RejectedForSafety)
	n.Rejection.Instances = []neckfrac.InstanceUID{arrival(1, 1, 1).Instance.UID}
	f.receive(n)
	f.wantCodes(id, "")
	f.wantState("other study", id, neckfrac.StudyAssessed, neckfrac.JobAssessed)
}

func noteWhileRunning(f *fixture) {
	id, l := f.leased(1)
	f.receive(note(1, 1, neckfrac.RejectedForSafety, 1))
	f.wantState("running", id, neckfrac.StudyQueued, neckfrac.JobRunning)
	_, err := f.l.Finish(f.ctx(), l, assessment(f.record(id)), nil)
	f.must("finish", err)
	f.wantState("finished", id, neckfrac.StudyReceiving, neckfrac.JobAssessed)
}

func mistakeReplacesExpiry(f *fixture) {
	id, _ := f.finished(1)
	f.receive(note(1, 1, neckfrac.RetentionExpired, 1))
	f.receive(note(1, 2, neckfrac.RejectedForSafety, 1))
	f.wantCodes(id, neckfrac.RejectedForSafety)
	f.wantState("mistake", id, neckfrac.StudyReceiving, neckfrac.JobAssessed)
	f.receive(note(1, 3, neckfrac.RetentionExpired, 1))
	f.wantCodes(id, neckfrac.RejectedForSafety)
}

func invalidNote(f *fixture) {
	for name, change := range map[string]func(*neckfrac.Arrival){
		"no rejection": func(a *neckfrac.Arrival) { a.Rejection = nil },
		"no code":      func(a *neckfrac.Arrival) { a.Rejection.Code = "" },
		"other code":   func(a *neckfrac.Arrival) { a.Rejection.Code = "113000" },
		"other kind":   func(a *neckfrac.Arrival) { a.Instance.Kind = neckfrac.ObjectInstance },
	} {
		a := note(1, 1, neckfrac.RejectedForQuality, 1)
		change(&a)
		_, err := f.l.Receive(f.ctx(), a)
		f.wantKind(name, err, neckfrac.Invalid)
	}
	a := note(1, 1, neckfrac.RejectedForQuality)
	a.Rejection.Instances = make([]neckfrac.InstanceUID, neckfrac.MaxRejected+1)
	_, err := f.l.Receive(f.ctx(), a)
	f.wantKind("too many", err, neckfrac.Limit)
}
