package ledgertest

import (
	"fmt"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
)

// search covers the fields of StudyQuery that a DICOMweb search needs.
func search(f *fixture) {
	for i := 1; i <= 4; i++ {
		a := received(arrival(i, 1, 1), at(time.Duration(i)*time.Second))
		a.Study.Started = at(-24 * time.Hour * time.Duration(i))
		if i == 4 {
			a.Study.Started = time.Time{}
			a.Study.Patient.Name = "Brüning^[A]"
		}
		f.receive(a)
	}
	mr := received(arrival(2, 2, 1), at(2*time.Second))
	mr.Series.Modality = "MR"
	f.receive(mr)
	pattern := func(s string) neckfrac.Pattern {
		p, err := neckfrac.ParsePattern(s)
		f.must("pattern", err)
		return p
	}
	for _, c := range []struct {
		name string
		q    neckfrac.StudyQuery
		want []int
	}{
		{"two studies", neckfrac.StudyQuery{UIDs: []neckfrac.StudyUID{"1.2.3.3", "1.2.3.1", "1.2.3.99"}}, []int{3, 1}},
		{"no study", neckfrac.StudyQuery{UIDs: []neckfrac.StudyUID{}}, nil},
		{"series", neckfrac.StudyQuery{Series: "1.2.3.2.2"}, []int{2}},
		{"unknown series", neckfrac.StudyQuery{Series: "1.2.3.2.9"}, nil},
		{"instance", neckfrac.StudyQuery{Instance: "1.2.3.3.1.1"}, []int{3}},
		{"instance of another study", neckfrac.StudyQuery{Instance: "1.2.3.3.1.1", UID: "1.2.3.1"}, nil},
		{"modality", neckfrac.StudyQuery{Modalities: []string{"MR", "US"}}, []int{2}},
		{"modalities", neckfrac.StudyQuery{Modalities: []string{"CT"}}, []int{4, 3, 2, 1}},
		{"patient id", neckfrac.StudyQuery{PatientID: "P3"}, []int{3}},
		{"patient id with its case", neckfrac.StudyQuery{PatientID: "p3"}, nil},
		{"patient ids", neckfrac.StudyQuery{PatientID: pattern("P?")}, []int{4, 3, 2, 1}},
		{"issuer", neckfrac.StudyQuery{PatientID: "P3", PatientIssuer: "HOSP"}, []int{3}},
		{"other issuer", neckfrac.StudyQuery{PatientID: "P3", PatientIssuer: "ELSEWHERE"}, nil},
		{"name without case", neckfrac.StudyQuery{PatientName: pattern("test^p*")}, []int{3, 2, 1}},
		{"name with brackets", neckfrac.StudyQuery{PatientName: pattern("*[A]")}, []int{4}},
		{"one character beyond ASCII", neckfrac.StudyQuery{PatientName: pattern("br?ning*")}, []int{4}},
		{"accessions", neckfrac.StudyQuery{Accessions: pattern("A*")}, []int{4, 3, 2, 1}},
		{"accession", neckfrac.StudyQuery{Accessions: "A2"}, []int{2}},
		{"from", neckfrac.StudyQuery{StartedFrom: at(-48 * time.Hour)}, []int{2, 1}},
		{"before", neckfrac.StudyQuery{StartedBefore: at(-48 * time.Hour)}, []int{3}},
		{"day", neckfrac.StudyQuery{StartedFrom: at(-60 * time.Hour), StartedBefore: at(-36 * time.Hour)}, []int{2}},
		{"a person's study of one modality", neckfrac.StudyQuery{Patients: []neckfrac.PatientKey{person(2)}, Modalities: []string{"MR"}}, []int{2}},
		{"another person's", neckfrac.StudyQuery{Patients: []neckfrac.PatientKey{person(1)}, Modalities: []string{"MR"}}, nil},
	} {
		got, err := f.l.Find(f.ctx(), c.q)
		f.must(c.name, err)
		var uids, want []neckfrac.StudyUID
		for _, r := range got {
			uids = append(uids, r.Study.UID)
		}
		for _, n := range c.want {
			want = append(want, neckfrac.StudyUID(fmt.Sprintf("1.2.3.%d", n)))
		}
		if d := cmp.Diff(want, uids); d != "" {
			f.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}
