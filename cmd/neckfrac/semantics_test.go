package main

import (
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// TestClocksDecideNothing sends studies whose dates are missing, absurd or differ from
// slice to slice: each is analysed, waits run on our receipt, and lists are in its order.
func TestClocksDecideNothing(t *testing.T) {
	t.Parallel()
	r := startService(t, nil)
	set := func(pairs ...any) func(int, dataset.Dataset) dataset.Dataset {
		return func(_ int, ds dataset.Dataset) dataset.Dataset {
			for i := 0; i < len(pairs); i += 2 {
				ds = ds.Put(dataset.NewText(pairs[i].(dataset.Tag), pairs[i+1].(string)))
			}
			return ds
		}
	}
	const day, clock, zone = dataset.TagStudyDate, dataset.TagStudyTime, dataset.TagTimezoneOffsetFromUTC
	cases := []struct {
		name string
		edit func(int, dataset.Dataset) dataset.Dataset
		// started says whether a time is believed.
		started bool
	}{
		{"the far future", set(day, "29991231"), true},
		{"the year 1", set(day, "00010101"), true},
		{"no date", set(day, "", clock, ""), false},
		{"no such day", set(day, "20260231"), false},
		{"a leap second at the date line", set(day, "20161231", clock, "235960", zone, "-1200"), true},
		{"no such zone", set(zone, "+9999"), true},
		{"another day in each slice, newest first", func(k int, ds dataset.Dataset) dataset.Dataset {
			return ds.Put(dataset.NewText(day, time.Date(2026, 3, 28-k, 0, 0, 0, 0, time.UTC).Format("20060102"))).
				Put(dataset.NewText(clock, time.Date(2026, 3, 1, 23-k%24, 0, 0, 0, time.UTC).Format("150405")))
		}, true},
	}
	var sent []testStudy
	for i, tc := range cases {
		s := newStudy(7500 + i)
		s.sendEdited(t, r.DICOMAddr, tc.edit)
		rec := r.await(t, s, 1)
		a := rec.Latest
		if a.Status != neckfrac.Analysed || a.Slices != s.slices || !a.T0.Equal(rec.Study.LastReceived) || time.Since(a.T0) > resultTime || time.Until(a.T0) > 0 {
			t.Errorf("%s: %s %s of %d slices, T0 %v", tc.name, a.Status, a.Reason, a.Slices, a.T0)
		}
		if rec.Study.Started.IsZero() == tc.started {
			t.Errorf("%s: started %v", tc.name, rec.Study.Started)
		}
		sent = append(sent, s)
	}
	recs, err := r.db.Find(t.Context(), neckfrac.StudyQuery{Limit: len(sent) + 1})
	if err != nil || len(recs) != len(sent) {
		t.Fatalf("%d studies, %v", len(recs), err)
	}
	for i, rec := range recs {
		if want := sent[len(sent)-1-i].uid; string(rec.Study.UID) != want {
			t.Errorf("place %d has %s, want %s: newest receipt first", i, rec.Study.UID, want)
		}
	}
}

// TestAnotherNameOfOnePerson: identifiers name a person, not the name. A study whose
// slices spell it in two ways is one person's; another number is another person.
func TestAnotherNameOfOnePerson(t *testing.T) {
	t.Parallel()
	r := startService(t, nil)
	s := newStudy(7600)
	s.sendEdited(t, r.DICOMAddr, func(k int, ds dataset.Dataset) dataset.Dataset {
		if k%2 == 1 {
			ds = ds.Put(dataset.NewText(dataset.TagPatientName, "TEST^OTHER NAME")).Put(dataset.NewText(dataset.TagPatientBirthDate, "19500101"))
		}
		return ds
	})
	rec := r.await(t, s, 1)
	if a := rec.Latest; a.Status != neckfrac.Analysed || a.Slices != s.slices || rec.Study.Conflict {
		t.Errorf("%s %s, %d slices, conflict %v", a.Status, a.Reason, a.Slices, rec.Study.Conflict)
	}
}
