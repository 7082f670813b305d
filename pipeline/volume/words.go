package volume

import (
	"regexp"
	"strings"
)

// What a header says about an image in words. All of it is typed by people or chosen
// by vendors, so it only ranks candidates or excludes pictures; geometry decides.

// localizerWords and pictureWords are values of ImageType (PS3.3 §C.8.16.1.3 and what
// scanners write) whose pixels are no slices of the patient.
var (
	localizerWords = []string{"LOCALIZER", "SCOUT", "TOPOGRAM", "SURVIEW", "REF_SURVIEW"}
	pictureWords   = []string{"MIP", "MINIP", "MAX_IP", "MIN_IP", "MAXIP", "PROJECTION IMAGE", "VOLREN", "VOLUME_RENDER",
		"VRT", "3D", "DOSE_INFO", "SCREEN SAVE", "SCREEN_SAVE", "RGB", "PERFUSION", "OVERVIEW",
		"SURFACE_RENDER", "CURVED_MPR", "DISTORTED"}
)

func (h *header) hasAny(words []string) bool {
	for _, w := range words {
		if h.has(w) {
			return true
		}
	}
	return false
}

// derived reports whether the pixels were computed from other images.
func (h *header) derived() bool { return h.has("DERIVED") }

// sharpKernel knows the vendors' names of kernels made for bone: Siemens B60 to B80
// and Br/Hr/Qr60 and up, GE BONE, BONEPLUS and EDGE, Philips YA, YB, YC, D and
// E, Canon FC30 to FC35 and FC80 and up.
var sharpKernel = regexp.MustCompile(`^(B[678]\d[A-Z]?|[BHQ][RCP]?[678]\d[A-Z]?|BONE.*|EDGE|Y[A-C]|D|E|FC3[0-5]|FC8\d)$`)

// boneWord finds the word in a description, in the languages of the vendors' own
// protocol names.
var boneWord = regexp.MustCompile(`\b(BONE|BONES|OS|KNOCHEN|HUESO|OSSO|OSSEUX)\b`)

func (h *header) boneKernel() bool {
	for k := range strings.FieldsSeq(strings.ToUpper(h.kernel)) {
		if sharpKernel.MatchString(k) {
			return true
		}
	}
	return boneWord.MatchString(strings.ToUpper(h.description))
}

var (
	neckWord  = regexp.MustCompile(`\bC[-_ ]?SPINE\b|CSP|CERV|NECK|HWS|\bHALS\b|HEADNECK|\bCOU\b|COLLO`)
	otherWord = regexp.MustCompile(`HEAD|BRAIN|SKULL|SINUS|ORBIT|TEMPORAL|FACE|FACIAL|CHEST|THORAX|LUNG|ABD|PELV|LUMB|\b[LT][-_ ]?SPINE|HIP\b|KNEE|FOOT|HAND|LEG|HEART|CARD`)
	myeloWord = regexp.MustCompile(`MYELO|INTRATHEC`)
	noAgent   = regexp.MustCompile(`^(NO|NONE|N|NO CONTRAST|WITHOUT|-|NA|N/A)?$`)
)

// intrathecal and contrast read the contrast agent's words.
func (h *header) intrathecal() bool {
	return strings.Contains(h.contrast, "INTRATHEC") || myeloWord.MatchString(h.region)
}

func (h *header) contrasted() bool { return !noAgent.MatchString(h.contrast) }
