package volume

import (
	"regexp"
	"strings"
)

// What a header says about the contrast agent in words typed by people. Words that rank
// series are data, in rules.json.

var (
	myeloWord = regexp.MustCompile(`MYELO|INTRATHEC`)
	noAgent   = regexp.MustCompile(`^(NO|NONE|N|NO CONTRAST|WITHOUT|-|NA|N/A)?$`)
)

// intrathecal and contrast read the contrast agent's words.
func (h *header) intrathecal() bool {
	return strings.Contains(h.contrast, "INTRATHEC") || myeloWord.MatchString(h.region)
}

func (h *header) contrasted() bool { return !noAgent.MatchString(h.contrast) }
