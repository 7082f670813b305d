package ledgertest

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
)

func recordCases() []testCase {
	return []testCase{
		{"unknown names", recordUnknown},
		{"find", find},
		{"search", search},
		{"instances by number", instances},
		{"revisions, oldest first", revisions},
		{"artefact", artefact},
		{"references cover every row", references},
	}
}

func recordUnknown(f *fixture) {
	_, err := f.l.Record(f.ctx(), "nobody")
	f.wantKind("record", err, neckfrac.NotFound)
	_, err = f.l.Instances(f.ctx(), "nobody")
	f.wantKind("instances", err, neckfrac.NotFound)
	_, err = f.l.Revisions(f.ctx(), "nobody")
	f.wantKind("revisions", err, neckfrac.NotFound)
	_, _, err = f.l.Artefact(f.ctx(), "nothing")
	f.wantKind("artefact", err, neckfrac.NotFound)
}

func find(f *fixture) {
	// Study 1 is the oldest; studies 3 and 4 belong to one person.
	for i := 1; i <= 4; i++ {
		a := received(arrival(i, 1, 1), at(time.Duration(i)*time.Second))
		if i == 4 {
			a.Study.Patient.Key = person(3)
		}
		f.receive(a)
	}
	unknown := received(arrival(5, 1, 1), epoch)
	unknown.Study.Patient.Key = neckfrac.PatientKey{ID: "P1"}
	f.receive(unknown)
	for _, c := range []struct {
		name string
		q    neckfrac.StudyQuery
		want []int
	}{
		{"all", neckfrac.StudyQuery{}, []int{4, 3, 2, 1, 5}},
		{"first page", neckfrac.StudyQuery{Limit: 2}, []int{4, 3}},
		{"second page", neckfrac.StudyQuery{Limit: 2, Offset: 2}, []int{2, 1}},
		{"past the end", neckfrac.StudyQuery{Limit: 2, Offset: 9}, nil},
		{"uid", neckfrac.StudyQuery{UID: "1.2.3.2"}, []int{2}},
		{"unknown uid", neckfrac.StudyQuery{UID: "1.2.3.99"}, nil},
		{"accession", neckfrac.StudyQuery{Accession: "A3"}, []int{3}},
		{"nobody", neckfrac.StudyQuery{Patients: []neckfrac.PatientKey{}}, nil},
		{"one person", neckfrac.StudyQuery{Patients: []neckfrac.PatientKey{person(3)}}, []int{4, 3}},
		{"two persons", neckfrac.StudyQuery{Patients: []neckfrac.PatientKey{person(1), person(2), person(1)}}, []int{2, 1}},
		{"person and accession", neckfrac.StudyQuery{Accession: "A3", Patients: []neckfrac.PatientKey{person(3)}}, []int{3}},
		{"other issuer", neckfrac.StudyQuery{Patients: []neckfrac.PatientKey{{Issuer: "ELSEWHERE", ID: "P1"}}}, nil},
		{"issuer and id of two persons", neckfrac.StudyQuery{Patients: []neckfrac.PatientKey{{Issuer: "HOSP", ID: "P9"}, {Issuer: "X", ID: "P1"}}}, nil},
		{"uncertain person", neckfrac.StudyQuery{Patients: []neckfrac.PatientKey{{ID: "P1"}}}, nil},
	} {
		got, err := f.l.Find(f.ctx(), c.q)
		f.must(c.name, err)
		var uids, want []neckfrac.StudyUID
		for _, r := range got {
			uids = append(uids, r.Study.UID)
			if d := cmp.Diff(f.record(r.Study.ID), r); d != "" {
				f.Errorf("%s: differs from Record (-record +find):\n%s", c.name, d)
			}
		}
		for _, n := range c.want {
			want = append(want, neckfrac.StudyUID(fmt.Sprintf("1.2.3.%d", n)))
		}
		if d := cmp.Diff(want, uids); d != "" {
			f.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
	for _, q := range []neckfrac.StudyQuery{{Limit: -1}, {Offset: -1}} {
		_, err := f.l.Find(f.ctx(), q)
		f.wantKind("negative page", err, neckfrac.Invalid)
	}
}

func instances(f *fixture) {
	var id neckfrac.StudyID
	want := map[neckfrac.InstanceUID]neckfrac.Instance{}
	for _, k := range [][2]int{{2, 3}, {1, 2}, {2, 1}, {1, 1}, {2, 10}} {
		a := arrival(1, k[0], k[1])
		r := f.receive(a)
		id = r.StudyID
		a.Instance.Sequence = r.Sequence
		want[a.Instance.UID] = a.Instance
	}
	got, err := f.l.Instances(f.ctx(), id)
	f.must("instances", err)
	var order []string
	for _, s := range got {
		if s.Count != len(s.Instances) || s.Modality != "CT" {
			f.Fatalf("series %+v, want its facts and its count", s)
		}
		for _, in := range s.Instances {
			order = append(order, fmt.Sprintf("%d/%d", s.Number, in.Number))
			if d := cmp.Diff(want[in.UID], in); d != "" {
				f.Fatalf("instance (-want +got):\n%s", d)
			}
		}
	}
	if d := cmp.Diff([]string{"1/1", "1/2", "2/1", "2/3", "2/10"}, order); d != "" {
		f.Fatalf("order (-want +got):\n%s", d)
	}
}

func revisions(f *fixture) {
	id, first := f.finished(1)
	want := []neckfrac.Assessment{first}
	for i := 2; i <= 3; i++ {
		now := at(time.Duration(i) * time.Hour)
		f.receive(received(arrival(1, 1, i), now))
		l := f.lease(f.settle(id, now, now).ID, now)
		a, err := f.l.Finish(f.ctx(), l, assessment(f.record(id)), nil)
		f.must("finish", err)
		if a.Revision != i {
			f.Fatalf("revision %d, want %d", a.Revision, i)
		}
		want = append(want, a)
	}
	got, err := f.l.Revisions(f.ctx(), id)
	f.must("revisions", err)
	if d := cmp.Diff(want, got); d != "" {
		f.Fatalf("revisions (-want +got):\n%s", d)
	}
	if d := cmp.Diff(&want[2], f.record(id).Latest); d != "" {
		f.Fatalf("latest (-want +got):\n%s", d)
	}
	// Revisions count per study.
	if _, other := f.finished(2); other.Revision != 1 {
		f.Fatalf("first revision of another study is %d", other.Revision)
	}
	empty := f.receive(arrival(3, 1, 1)).StudyID
	if got, err := f.l.Revisions(f.ctx(), empty); err != nil || len(got) != 0 {
		f.Fatalf("revisions before a result: %+v, %v", got, err)
	}
}

func artefact(f *fixture) {
	id, a := f.finishedWith(1, keyImage("art-1"))
	got, study, err := f.l.Artefact(f.ctx(), "art-1")
	f.must("artefact", err)
	if d := cmp.Diff(a.Artefacts[0], got); d != "" || study != id {
		f.Fatalf("artefact of %q, want %q (-want +got):\n%s", study, id, d)
	}
}

func references(f *fixture) {
	f.finishedWith(1, keyImage("art-1"))
	f.receive(arrival(2, 1, 1))
	other := arrival(2, 1, 1)
	other.Instance.Blob = blobOf("version")
	f.receive(other)
	want := map[neckfrac.BlobRef]bool{
		arrival(1, 1, 1).Instance.Blob: true, arrival(2, 1, 1).Instance.Blob: true, blobOf("version"): true, keyImage("art-1").Blob: true,
	}
	got := map[neckfrac.BlobRef]bool{}
	f.must("references", f.l.References(f.ctx(), func(r neckfrac.BlobRef) error { got[r] = true; return nil }))
	if d := cmp.Diff(want, got); d != "" {
		f.Fatalf("references (-want +got):\n%s", d)
	}
	stop, calls := errors.New("stop"), 0
	err := f.l.References(f.ctx(), func(neckfrac.BlobRef) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		f.Fatalf("references after %d calls: %v, want the first error of fn", calls, err)
	}
}
