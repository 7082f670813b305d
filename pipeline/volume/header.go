package volume

import (
	"io"
	"strings"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// Input is one received file. Series and Instance are what the ledger knows; a file
// whose header says otherwise counts as unreadable.
type Input struct {
	Series   neckfrac.SeriesUID
	Instance neckfrac.InstanceUID
	// File is read at will and never closed.
	File io.ReaderAt
	// Size is the file's length in bytes.
	Size int64
}

// header holds the facts of one file that choice, gate and decoding need.
type header struct {
	in     Input
	meta   dataset.Meta
	syntax dataset.TransferSyntax
	pixels dataset.PixelData

	modality    string
	imageType   []string
	description string
	region      string // body part, protocol and description, upper case
	kernel      string
	contrast    string // agent and route, upper case
	// contrastStated says that the agent's attribute is there, also with an empty value.
	contrastStated bool
	frame          string
	acquisition    string
	study          string
	patientID      string
	issuer         string
	ageYears       int

	rows, cols  int
	plane       plane
	placed      bool // plane is complete and sane
	thicknessMM float64
	format      format
	formatFault string // why the pixels can't become HU, "" if they can
}

// readHeader reads the elements before the pixels. An error says that the file is
// no readable image of the stated series; it carries no value of the file.
func readHeader(in Input, lim dataset.Limits) (header, error) {
	const op = "read header"
	if in.File == nil || in.Size <= 0 {
		return header{}, neckfrac.Errorf(neckfrac.Invalid, op, "empty file")
	}
	meta, r, err := dataset.ReadPart10(io.NewSectionReader(in.File, 0, in.Size), lim)
	if err != nil {
		return header{}, neckfrac.Wrap(neckfrac.Invalid, op, err)
	}
	ds, px, err := r.ReadHeader()
	if err != nil {
		return header{}, neckfrac.Wrap(neckfrac.Invalid, op, err)
	}
	series, _ := ds.UID(dataset.TagSeriesInstanceUID)
	instance, _ := ds.UID(dataset.TagSOPInstanceUID)
	if series != string(in.Series) || instance != string(in.Instance) {
		return header{}, neckfrac.Errorf(neckfrac.Invalid, op, "other identifiers than the ledger's")
	}
	if meta.SOPClassUID == dataset.CTImageStorage && !px.Present {
		// A file that was cut between two elements of its header looks complete.
		return header{}, neckfrac.Errorf(neckfrac.Invalid, op, "image without pixels")
	}
	syntax, _ := dataset.LookupTransferSyntax(meta.TransferSyntaxUID)
	h := header{in: in, meta: meta, syntax: syntax, pixels: px}
	h.describe(ds)
	h.place(ds)
	h.format, h.formatFault = readFormat(ds, px, in.Size, h.rows, h.cols)
	return h, nil
}

// describe fills what choice and eligibility look at.
func (h *header) describe(ds dataset.Dataset) {
	text := func(t dataset.Tag) string { s, _ := ds.Text(t); return s }
	h.modality, _ = ds.String(dataset.TagModality)
	types, _ := ds.Strings(dataset.TagImageType)
	for _, t := range types {
		h.imageType = append(h.imageType, strings.ToUpper(t))
	}
	h.description = text(dataset.TagSeriesDescription)
	h.region = strings.ToUpper(strings.Join([]string{
		text(dataset.TagBodyPartExamined), text(dataset.TagProtocolName), h.description}, " "))
	kernels, _ := ds.Strings(dataset.TagConvolutionKernel)
	h.kernel = strings.Join(kernels, " ")
	h.contrast = strings.TrimSpace(strings.ToUpper(text(dataset.TagContrastBolusAgent) + " " + text(dataset.TagContrastBolusRoute)))
	h.contrastStated = ds.Has(dataset.TagContrastBolusAgent)
	h.frame, _ = ds.UID(dataset.TagFrameOfReferenceUID)
	h.acquisition, _ = ds.String(dataset.TagAcquisitionNumber)
	h.study, _ = ds.UID(dataset.TagStudyInstanceUID)
	h.patientID, _ = ds.String(dataset.TagPatientID)
	h.issuer, _ = ds.String(dataset.TagIssuerOfPatientID)
	h.ageYears = ageYears(ds)
	h.thicknessMM, _ = ds.Float(dataset.TagSliceThickness)
}

// has reports whether ImageType has the word.
func (h *header) has(word string) bool {
	for _, t := range h.imageType {
		if t == word {
			return true
		}
	}
	return false
}
