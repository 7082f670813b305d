package neckfrac

import "strings"

// The identifiers of the DICOM information model (PS3.3 §7), as distinct types so
// that two of them can't be swapped in a call. Values outside the package come
// from the Parse functions; a UID is PHI-adjacent and is logged only as a hash.
type (
	// StudyUID is a Study Instance UID (0020,000D).
	StudyUID string
	// SeriesUID is a Series Instance UID (0020,000E).
	SeriesUID string
	// InstanceUID is a SOP Instance UID (0008,0018).
	InstanceUID string
	// AETitle names a DICOM application entity, at most 16 characters.
	AETitle string
	// AccessionNumber is (0008,0050), unique only within its issuer.
	AccessionNumber string
)

// maxUID is the longest UID, PS3.5 §9.1.
const maxUID = 64

// ParseStudyUID checks the grammar of PS3.5 §9.1.
func ParseStudyUID(s string) (StudyUID, error) {
	if !validUID(s) {
		return "", Errorf(Invalid, "parse study uid", "not a UID")
	}
	return StudyUID(s), nil
}

// ParseSeriesUID checks the grammar of PS3.5 §9.1.
func ParseSeriesUID(s string) (SeriesUID, error) {
	if !validUID(s) {
		return "", Errorf(Invalid, "parse series uid", "not a UID")
	}
	return SeriesUID(s), nil
}

// ParseInstanceUID checks the grammar of PS3.5 §9.1.
func ParseInstanceUID(s string) (InstanceUID, error) {
	if !validUID(s) {
		return "", Errorf(Invalid, "parse instance uid", "not a UID")
	}
	return InstanceUID(s), nil
}

// ParseAETitle accepts 1 to 16 characters of the default repertoire without
// control characters and backslash (PS3.5 §6.2, AE), surrounding spaces removed.
func ParseAETitle(s string) (AETitle, error) {
	s = strings.Trim(s, " ")
	if s == "" || len(s) > 16 {
		return "", Errorf(Invalid, "parse ae title", "want 1 to 16 characters")
	}
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e || s[i] == '\\' {
			return "", Errorf(Invalid, "parse ae title", "character outside the default repertoire")
		}
	}
	return AETitle(s), nil
}

// validUID refuses empty components and leading zeros too: they are what path
// tricks ("..") and look-alike identifiers are made of.
func validUID(s string) bool {
	if s == "" || len(s) > maxUID {
		return false
	}
	for part := range strings.SplitSeq(s, ".") {
		if part == "" || len(part) > 1 && part[0] == '0' {
			return false
		}
		for i := range len(part) {
			if part[i] < '0' || part[i] > '9' {
				return false
			}
		}
	}
	return true
}
