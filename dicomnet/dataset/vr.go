package dataset

// VR is a value representation, two upper-case letters (PS3.5 §6.2).
type VR string

// The value representations of PS3.5 Table 6.2-1.
const (
	AE VR = "AE"
	AS VR = "AS"
	AT VR = "AT"
	CS VR = "CS"
	DA VR = "DA"
	DS VR = "DS"
	DT VR = "DT"
	FD VR = "FD"
	FL VR = "FL"
	IS VR = "IS"
	LO VR = "LO"
	LT VR = "LT"
	OB VR = "OB"
	OD VR = "OD"
	OF VR = "OF"
	OL VR = "OL"
	OV VR = "OV"
	OW VR = "OW"
	PN VR = "PN"
	SH VR = "SH"
	SL VR = "SL"
	SQ VR = "SQ"
	SS VR = "SS"
	ST VR = "ST"
	SV VR = "SV"
	TM VR = "TM"
	UC VR = "UC"
	UI VR = "UI"
	UL VR = "UL"
	UN VR = "UN"
	UR VR = "UR"
	US VR = "US"
	UT VR = "UT"
	UV VR = "UV"
)

// shortLength reports whether the VR has a 16-bit length field in explicit VR
// encoding (PS3.5 Table 7.1-2). All others, those of later editions included,
// have a 32-bit one (PS3.5 §6.2.2).
func (v VR) shortLength() bool {
	switch v {
	case AE, AS, AT, CS, DA, DS, DT, FD, FL, IS, LO, LT, PN, SH, SL, SS, ST, TM, UI, UL, US:
		return true
	}
	return false
}

// text reports whether values are character strings.
func (v VR) text() bool {
	switch v {
	case AE, AS, CS, DA, DS, DT, IS, LO, LT, PN, SH, ST, TM, UC, UI, UR, UT:
		return true
	}
	return false
}

// single reports whether a backslash is an ordinary character of the text, so
// that the value cannot be split (PS3.5 §6.4).
func (v VR) single() bool { return v == LT || v == ST || v == UT || v == UR }

// word returns the size in bytes of one binary value: the unit of byte order
// and, for numeric VRs, of multiplicity. AT is two 16-bit words.
func (v VR) word() int {
	switch v {
	case AT, OW, SS, US:
		return 2
	case FL, OF, OL, SL, UL:
		return 4
	case FD, OD, OV, SV, UV:
		return 8
	}
	return 1
}

// padding is the byte that makes a value even: NUL for UI and binary, space
// for text (PS3.5 §6.2).
func (v VR) padding() byte {
	if v.text() && v != UI {
		return ' '
	}
	return 0
}

// wellFormedVR reports whether b could be a VR: two upper-case letters.
func wellFormedVR(b []byte) bool {
	return len(b) == 2 && b[0] >= 'A' && b[0] <= 'Z' && b[1] >= 'A' && b[1] <= 'Z'
}
