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
