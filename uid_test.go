package neckfrac_test

import (
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
)

func TestParseUIDs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in string
		ok bool
	}{
		{"1.2.840.10008.1.1", true}, {"0", true}, {"2.25.0", true}, {strings.Repeat("1", 64), true},
		{strings.Repeat("1", 65), false}, {"", false}, {".", false}, {"..", false}, {"1..2", false}, {"1.", false},
		{"1.02", false}, {"/etc/x", false}, {"1.2\x00", false}, {"1.2 ", false}, {"1.a", false}, {"1.٣", false},
	}
	for _, tc := range tests {
		_, err1 := neckfrac.ParseStudyUID(tc.in)
		_, err2 := neckfrac.ParseSeriesUID(tc.in)
		_, err3 := neckfrac.ParseInstanceUID(tc.in)
		for _, err := range []error{err1, err2, err3} {
			if (err == nil) != tc.ok {
				t.Errorf("%q: got %v, want ok %v", tc.in, err, tc.ok)
			}
			if err != nil && neckfrac.KindOf(err) != neckfrac.Invalid {
				t.Errorf("%q: kind %v", tc.in, neckfrac.KindOf(err))
			}
		}
	}
}

func TestParseAETitle(t *testing.T) {
	t.Parallel()
	for in, ok := range map[string]bool{"NECKFRAC": true, " A ": true, "a b": true, "": false, "  ": false, strings.Repeat("A", 17): false, "A\\B": false, "A\nB": false, "É": false} {
		if _, err := neckfrac.ParseAETitle(in); (err == nil) != ok {
			t.Errorf("%q: got %v, want ok %v", in, err, ok)
		}
	}
}

func TestOwnUID(t *testing.T) {
	t.Parallel()
	own := neckfrac.MakeUID("assessment", "sr")
	if own != neckfrac.MakeUID("assessment", "sr") || own == neckfrac.MakeUID("assessment", "seg") || own == neckfrac.MakeUID("assessments", "r") {
		t.Errorf("%s: want one UID a name", own)
	}
	if _, err := neckfrac.ParseInstanceUID(own); err != nil {
		t.Error(err)
	}
	for uid, want := range map[string]bool{
		own: true, neckfrac.MakeUID(): true, own + "0": false, own[:len(own)-1]: false, "2.25.": false, "2.25.0": false, "": false, own + ".1": false,
		"1.2." + strings.TrimPrefix(own, "2.25."): false, "2.25.0" + strings.TrimPrefix(own, "2.25."): false,
		"2.25.280467641042725374129326674111093417439": false, "2.25.-1": false, "2.25.+1": false, "2.25." + strings.Repeat("9", 60): false,
	} {
		if got := neckfrac.OwnUID(uid); got != want {
			t.Errorf("OwnUID(%q) = %v, want %v", uid, got, want)
		}
	}
}
