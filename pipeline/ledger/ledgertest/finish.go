package ledgertest

import (
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
)

func finishCases() []testCase {
	return []testCase{
		{"stores everything", finishAll},
		{"refused parts leave nothing", finishAtomic},
		{"other study's assessment", finishOtherStudy},
		{"more arrived while running", finishReceiving},
		{"job ends by what was decided", finishEndState},
	}
}

func delivery(key string) neckfrac.Delivery {
	return neckfrac.Delivery{Kind: "fhir", Destination: "ehr", Key: key}
}

func keyImage(id neckfrac.ArtefactID) neckfrac.Artefact {
	return neckfrac.Artefact{
		ID: id, Kind: neckfrac.ArtefactKeyImage, Vertebra: neckfrac.C5, Plane: neckfrac.Sagittal, Marked: true,
		ContentType: "image/png", Blob: blobOf("artefact " + string(id)), File: "c5.png",
	}
}

func finishAll(f *fixture) {
	id, l := f.leased(1)
	in := assessment(f.record(id))
	in.Artefacts = []neckfrac.Artefact{keyImage("art-1"), keyImage("")}
	got, err := f.l.Finish(f.ctx(), l, in, []neckfrac.Delivery{delivery("k1"), delivery("k2")})
	f.must("finish", err)
	if got.ID == "" || got.Revision != 1 || len(got.Artefacts) != 2 || got.Artefacts[1].ID == "" {
		f.Fatalf("stored %+v, want ids and revision 1", got)
	}
	if in.ID != "" || in.Artefacts[1].ID != "" || in.Artefacts[0].File == "" {
		f.Fatalf("finish modified its input: %+v", in)
	}
	want := in
	want.ID, want.Revision = got.ID, 1
	want.Artefacts = []neckfrac.Artefact{keyImage("art-1"), keyImage("")}
	want.Artefacts[1].ID = got.Artefacts[1].ID
	for i := range want.Artefacts {
		want.Artefacts[i].File = ""
	}
	if d := cmp.Diff(want, got); d != "" {
		f.Fatalf("stored (-want +got):\n%s", d)
	}
	r := f.record(id)
	if d := cmp.Diff(&got, r.Latest); d != "" {
		f.Fatalf("latest (-finish +record):\n%s", d)
	}
	f.wantState("finished", id, neckfrac.StudyAssessed, neckfrac.JobAssessed)
	due, err := f.l.Due(f.ctx(), at(24*365*100*time.Hour), 9, time.Minute)
	f.must("due", err)
	if len(due) != 2 || due[0].Key != "k1" || due[1].Key != "k2" {
		f.Fatalf("due %+v, want k1 and k2", due)
	}
	for _, d := range due {
		if d.ID == "" || d.StudyID != id || d.AssessmentID != got.ID || d.Attempt != 0 || d.Kind != "fhir" || d.Destination != "ehr" {
			f.Fatalf("delivery %+v, want it bound to study and assessment", d)
		}
	}
}

func finishAtomic(f *fixture) {
	_, first := f.finishedWith(1, keyImage("art-1"))
	id, l := f.leased(2)
	clash := assessment(f.record(id))
	clash.Artefacts = []neckfrac.Artefact{keyImage("art-2"), keyImage("art-1")}
	_, err := f.l.Finish(f.ctx(), l, clash, []neckfrac.Delivery{delivery("k")})
	f.wantKind("artefact id taken", err, neckfrac.Conflict)
	taken := assessment(f.record(id))
	taken.ID = first.ID
	_, err = f.l.Finish(f.ctx(), l, taken, []neckfrac.Delivery{delivery("k")})
	f.wantKind("assessment id taken", err, neckfrac.Conflict)
	bad := delivery("")
	_, err = f.l.Finish(f.ctx(), l, assessment(f.record(id)), []neckfrac.Delivery{delivery("k"), bad})
	f.wantKind("delivery without key", err, neckfrac.Invalid)

	f.wantState("nothing happened", id, neckfrac.StudyQueued, neckfrac.JobRunning)
	revisions, err := f.l.Revisions(f.ctx(), id)
	f.must("revisions", err)
	_, _, artErr := f.l.Artefact(f.ctx(), "art-2")
	f.wantKind("artefact", artErr, neckfrac.NotFound)
	due, err := f.l.Due(f.ctx(), at(24*365*100*time.Hour), 9, time.Minute)
	f.must("due", err)
	if len(revisions) != 0 || len(due) != 0 {
		f.Fatalf("revisions %+v, due %+v; want none", revisions, due)
	}
	_, err = f.l.Finish(f.ctx(), l, assessment(f.record(id)), nil)
	f.must("finish after the refusals", err)
}

// finishedWith is finished with one artefact.
func (f *fixture) finishedWith(study int, art neckfrac.Artefact) (neckfrac.StudyID, neckfrac.Assessment) {
	f.Helper()
	id, l := f.leased(study)
	a := assessment(f.record(id))
	a.Artefacts = []neckfrac.Artefact{art}
	a, err := f.l.Finish(f.ctx(), l, a, nil)
	f.must("finish", err)
	return id, a
}

// finishOtherStudy: a result under a wrong study is a result under a wrong patient.
func finishOtherStudy(f *fixture) {
	id, l := f.leased(1)
	other, _ := f.leased(2)
	_, err := f.l.Finish(f.ctx(), l, assessment(f.record(other)), nil)
	f.wantKind("other study", err, neckfrac.Invalid)
	uid := assessment(f.record(id))
	uid.StudyUID = f.record(other).Study.UID
	_, err = f.l.Finish(f.ctx(), l, uid, nil)
	f.wantKind("other study uid", err, neckfrac.Invalid)
	d := delivery("k")
	d.StudyID = other
	_, err = f.l.Finish(f.ctx(), l, assessment(f.record(id)), []neckfrac.Delivery{d})
	f.wantKind("other study's delivery", err, neckfrac.Invalid)
	f.wantState("nothing happened", id, neckfrac.StudyQueued, neckfrac.JobRunning)
}

func finishReceiving(f *fixture) {
	for i, disturb := range []func(){
		func() { f.receive(received(arrival(1, 1, 2), at(30*time.Second))) },
		func() {
			a := arrival(2, 1, 2)
			a.Study.Patient.Key = person(9)
			f.conflict(a, neckfrac.ConflictPatient)
		},
	} {
		id, l := f.leased(i + 1)
		disturb()
		f.wantState("running", id, neckfrac.StudyQueued, neckfrac.JobRunning)
		_, err := f.l.Finish(f.ctx(), l, assessment(f.record(id)), nil)
		f.must("finish", err)
		f.wantState("finished", id, neckfrac.StudyReceiving, neckfrac.JobAssessed)
		if j := f.settle(id, at(30*time.Second), at(time.Minute)); j.ID == l.Job.ID {
			f.Fatal("settle gave the ended job again")
		}
	}
}

func finishEndState(f *fixture) {
	for i, c := range []struct {
		reason neckfrac.Reason
		want   neckfrac.JobState
	}{{neckfrac.Gap, neckfrac.JobAssessed}, {neckfrac.WorkerFailed, neckfrac.JobFailed}, {neckfrac.OrderCancelled, neckfrac.JobCancelled}} {
		id, l := f.leased(i + 1)
		r := f.record(id)
		a := neckfrac.Assessment{StudyID: id, StudyUID: r.Study.UID, Status: neckfrac.NotAnalysed, Reason: c.reason, Created: at(time.Minute), T0: epoch}
		_, err := f.l.Finish(f.ctx(), l, a, nil)
		f.must("finish", err)
		f.wantState(string(c.reason), id, neckfrac.StudyAssessed, c.want)
	}
}
