package volume

import (
	"strconv"
	"strings"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// header holds the facts of one slice that choice, gate and decoding need.
type header struct {
	*object
	index int // of the frame in its object, from 0

	modality    string
	imageType   []string
	computed    []string // how a multi-frame object says its pixels were made, if not from one scan
	description string
	protocol    string
	bodyPart    string // body part examined and anatomic regions
	region      string // body part, protocol and description, upper case
	kernel      string
	contrast    string // agent and route, upper case
	// contrastStated says that the agent's attribute is there, also with an empty value.
	contrastStated bool
	frame          string
	acquisition    string
	temporal       string // temporal position
	stackID        string // of a frame
	kvp            string
	study          string
	patientID      string
	issuer         string
	ageYears       int
	told           told
	concatenation  concatenation

	rows, cols  int
	plane       plane
	placed      bool // plane is complete and sane
	thicknessMM float64
	format      format
	formatFault string // why the pixels can't become HU, "" if they can
}

// describe fills what choice and eligibility look at.
func (h *header) describe(ds dataset.Dataset) {
	text := func(t dataset.Tag) string { s, _ := ds.Text(t); return s }
	h.modality, _ = ds.String(dataset.TagModality)
	types, _ := ds.Strings(dataset.TagImageType)
	for _, t := range types {
		h.imageType = append(h.imageType, strings.ToUpper(t))
	}
	for _, t := range []dataset.Tag{dataset.TagVolumetricProperties, dataset.TagVolumeBasedCalculationTechnique} {
		if s := strings.ToUpper(text(t)); s != "" && s != "NONE" && s != "VOLUME" {
			h.computed = append(h.computed, s)
		}
	}
	h.description = text(dataset.TagSeriesDescription)
	h.protocol = text(dataset.TagProtocolName)
	h.bodyPart = strings.TrimSpace(text(dataset.TagBodyPartExamined) + " " + meanings(ds, dataset.TagAnatomicRegionSequence))
	h.region = strings.ToUpper(strings.Join([]string{h.bodyPart, h.protocol, h.description}, " "))
	kernels, _ := ds.Strings(dataset.TagConvolutionKernel)
	h.kernel = strings.Join(kernels, " ")
	h.contrast = strings.TrimSpace(strings.ToUpper(text(dataset.TagContrastBolusAgent) + " " + text(dataset.TagContrastBolusRoute)))
	h.contrastStated = ds.Has(dataset.TagContrastBolusAgent)
	h.describeAgents(ds)
	h.frame, _ = ds.UID(dataset.TagFrameOfReferenceUID)
	h.acquisition, _ = ds.String(dataset.TagAcquisitionNumber)
	h.describeScan(ds)
	h.study, _ = ds.UID(dataset.TagStudyInstanceUID)
	h.patientID, _ = ds.String(dataset.TagPatientID)
	h.issuer, _ = ds.String(dataset.TagIssuerOfPatientID)
	h.ageYears = ageYears(ds)
	h.thicknessMM, _ = ds.Float(dataset.TagSliceThickness)
	h.concatenation = readConcatenation(ds)
	h.readTold(ds)
}

// describeScan reads what tells scans of one place apart.
func (h *header) describeScan(ds dataset.Dataset) {
	h.temporal, _ = ds.String(dataset.TagTemporalPositionIdentifier)
	if n, ok := ds.Int(dataset.TagTemporalPositionIndex); ok {
		h.temporal = strconv.FormatInt(n, 10)
	}
	h.stackID, _ = ds.String(dataset.TagStackID)
	h.kvp, _ = ds.String(dataset.TagKVP)
}

// describeAgents reads the contrast module of multi-frame objects, PS3.3 §C.7.6.4b.
func (h *header) describeAgents(ds dataset.Dataset) {
	agents, ok := ds.Items(dataset.TagContrastBolusAgentSequence)
	h.contrastStated = h.contrastStated || ok
	for _, a := range agents {
		name, _ := a.Text(dataset.TagCodeMeaning)
		h.contrast = strings.TrimSpace(strings.ToUpper(strings.Join([]string{
			h.contrast, name, meanings(a, dataset.TagContrastBolusAdministrationRouteSequence)}, " ")))
	}
}

// meanings joins the words of a sequence of codes.
func meanings(ds dataset.Dataset, sequence dataset.Tag) string {
	items, _ := ds.Items(sequence)
	var words []string
	for _, i := range items {
		if s, ok := i.Text(dataset.TagCodeMeaning); ok {
			words = append(words, s)
		}
	}
	return strings.Join(words, " ")
}
