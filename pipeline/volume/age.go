package volume

import (
	"strconv"
	"time"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// ageYears is the patient's age in full years at the examination: (0010,1010), else
// birth and study date; -1 where neither says anything believable.
func ageYears(ds dataset.Dataset) int {
	if s, ok := ds.String(dataset.TagPatientAge); ok {
		if y, ok := parseAge(s); ok {
			return y
		}
	}
	birth, ok1 := date(ds, dataset.TagPatientBirthDate)
	study, ok2 := date(ds, dataset.TagStudyDate)
	if !ok1 || !ok2 {
		return -1
	}
	y := study.Year() - birth.Year()
	if study.Month() < birth.Month() || study.Month() == birth.Month() && study.Day() < birth.Day() {
		y--
	}
	return believable(y)
}

// parseAge reads an age string, "062Y", PS3.5 §6.2; scanners also write "22Y".
func parseAge(s string) (int, bool) {
	if len(s) < 2 || len(s) > 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 16)
	if err != nil {
		return 0, false
	}
	perYear := map[byte]uint64{'Y': 1, 'M': 12, 'W': 52, 'D': 365}[s[len(s)-1]]
	if perYear == 0 {
		return 0, false
	}
	y := believable(int(n / perYear))
	return y, y >= 0
}

// believable turns ages nobody has into unknown; 999Y is a placeholder.
func believable(y int) int {
	if y < 0 || y > 130 {
		return -1
	}
	return y
}

func date(ds dataset.Dataset, t dataset.Tag) (time.Time, bool) {
	s, ok := ds.String(t)
	if !ok {
		return time.Time{}, false
	}
	d, err := time.Parse("20060102", s)
	return d, err == nil
}
