package neckfrac_test

import (
	"testing"

	"github.com/neckfrac/neckfrac"
)

func TestWhoIsATestPatient(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		issuer, id, name string
		want             bool
	}{
		{neckfrac.PhantomIssuer, "NF-TEST-1", "TEST^SYNTHETIC", true},
		{"H", "NF-TEST-1", "", true},
		{neckfrac.PhantomIssuer, "1", "", true},
		{"H", "TEST-0001", "Doe^Jane", true},
		{"H", "test1", "", true},
		{"H", "ZZTEST12", "", true},
		{"H", "TESTPAT-4", "", true},
		{"H", "QA_2026", "", true},
		{"H", "PHANTOM", "", true},
		{"H", "1", "TEST", true},
		{"H", "1", "Test^Patient", true},
		{"H", "1", "TEST^CT^2", true},
		{"H", "1", "Testpatient^Anna", true},
		{"H", "1", "ZZZTEST^Anna", true},
		{"H", "1", "Phantom^Water", true},
		{"H", "1", "Water Phantom", true},
		{"H", "1", "QA", true},
		{"H", "1", "Daily QA", true},
		{"H", "1", "Phantom", true},
		{"H", "1", "TEST=X^Y", true},
		// People.
		{"H", "1", "Test^Anna", false},
		{"H", "1", "Testa^Maria", false},
		{"H", "1", "Patient^Zero", false},
		{"H", "1", "A^B", false},
		{"H", "1", "One^Two", false},
		{"H", "T1234", "", false},
		{"H", "TESTA77", "", false},
		{"H", "000417", "Example^Erika", false},
		{"", "", "", false},
	} {
		p := neckfrac.Patient{Key: neckfrac.PatientKey{Issuer: tc.issuer, ID: tc.id}, Name: tc.name}
		if got := p.IsTest(); got != tc.want {
			t.Errorf("%q %q %q: test patient %v, want %v", tc.issuer, tc.id, tc.name, got, tc.want)
		}
	}
}
