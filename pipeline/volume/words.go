package volume

import (
	"regexp"
	"strings"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// What a header says about the examination in words typed by people. Words that rank
// series are data, in rules.json; these decide what may be analysed and are no settings.
// A word stands by itself: MYELOPATHY is a complaint and no contrast, and the fusion of
// two images is no operation.

var (
	myeloWord = regexp.MustCompile(`M[IY]ELO(\b|_|GR|CT|TAC|TC|SCAN)|INTRATHEC`)
	// postOpWord: English, and what Romance and German sites write alike.
	postOpWord = regexp.MustCompile(`(^|[^A-Z])(POST[-_ ]?OP([^A-Z]|$|S|ER)|POST[-_ ]?SURG|POST[-_ ]?CHIRURG|ACDF([^A-Z]|$)|(SPINAL|SPINE|CERVICAL) FUSION)|LAMINECTOM|LAMINOPLAST|SPONDYLODES`)
	preOpWord  = regexp.MustCompile(`(^|[^A-Z])PR[EAÄ][-_ ]?OP([^A-Z]|$|ER)|(^|[^A-Z])PLAN(NING|UNG)?([^A-Z]|$)`)
	// intraOpWord: also the cone-beam scanners that stand in operating rooms, by name.
	intraOpWord = regexp.MustCompile(`(^|[^A-Z])(INTRA[-_ ]?OP([^A-Z]|$|ER)|PER[-_ ]?OP(ER|[^A-Z]|$)|O[- ]?ARM([^A-Z]|$))`)
	intraOpUnit = regexp.MustCompile(`^(O[- ]?ARM|ARCADIS|ISO-?C|CIOS|ZIEHM)`)
	noAgent     = regexp.MustCompile(`^(NO|NONE|N|NO CONTRAST|WITHOUT|-|NA|N/A)?$`)
	human       = regexp.MustCompile(`^(HOMO SAPIENS.*|HUMAN.*)?$`)
)

// told is what a header says about the examination beside its pixels.
type told struct {
	intrathecal, postOp, intraOp bool
	// animal: a species other than man is stated. quality: an image made to test the
	// scanner.
	animal, quality bool
}

func (t told) or(o told) told {
	return told{t.intrathecal || o.intrathecal, t.postOp || o.postOp, t.intraOp || o.intraOp, t.animal || o.animal, t.quality || o.quality}
}

// readTold needs the contrast and the region of the header.
func (h *header) readTold(ds dataset.Dataset) {
	words := h.region
	for _, t := range []dataset.Tag{dataset.TagStudyDescription, dataset.TagPerformedProcedureStepDescription, dataset.TagRequestedProcedureDescription} {
		s, _ := ds.Text(t)
		words += "\n" + strings.ToUpper(s)
	}
	model, _ := ds.Text(dataset.TagManufacturerModelName)
	species, _ := ds.Text(dataset.TagPatientSpeciesDescription)
	quality, _ := ds.String(dataset.TagQualityControlImage)
	h.told = told{
		intrathecal: strings.Contains(h.contrast, "INTRATHEC") || myeloWord.MatchString(words),
		postOp:      postOpWord.MatchString(words) && !preOpWord.MatchString(words),
		intraOp:     intraOpWord.MatchString(words) || intraOpUnit.MatchString(strings.ToUpper(model)),
		animal:      !human.MatchString(strings.TrimSpace(strings.ToUpper(species))),
		quality:     quality == "YES",
	}
}

func (h *header) contrasted() bool { return !noAgent.MatchString(h.contrast) }
