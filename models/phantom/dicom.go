package phantom

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// implementation names the writer in the file meta information (PS3.10 §7.1).
const implementationVersion = "NECKFRAC_PHANTOM"

var implementationUID = deriveUID("neckfrac phantom implementation")

// WriteDICOM writes what the scanner sends, one Part 10 file per instance in explicit VR
// little endian, into dir, which is created: ct-0001.dcm and so on for the main series,
// other series by the names of their kinds. acquired sets dates, times and, with the
// seed, all identifiers.
func (t *Study) WriteDICOM(dir string, acquired time.Time) error {
	const op = "phantom: write dicom"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return neckfrac.E(op, err)
	}
	n := newNames(&t.Truth, acquired)
	for _, s := range t.all() {
		name := "ct"
		if s.kind != mainSeries {
			name = string(s.kind)
		}
		for _, p := range s.images {
			meta, ds := t.instance(&n, &s, p, acquired)
			if err := writePart10(filepath.Join(dir, fmt.Sprintf("%s-%04d.dcm", name, p.k+1)), meta, ds); err != nil {
				return neckfrac.E(op, err)
			}
		}
	}
	if !t.form.has(DoseReport) {
		return nil
	}
	meta, ds := t.doseReport(&n, acquired)
	return neckfrac.E(op, writePart10(filepath.Join(dir, string(DoseReport)+"-0001.dcm"), meta, ds))
}

func writePart10(name string, meta dataset.Meta, ds dataset.Dataset) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<18)
	err = dataset.EncodePart10(w, meta, ds)
	return errors.Join(err, w.Flush(), f.Close())
}

// Instance is slice k of the main series, counted from the feet, as a data set of CT
// Image Storage (PS3.3 §A.3). The stack is numbered from the head in two of three
// studies.
func (t *Study) Instance(k int, acquired time.Time) (dataset.Meta, dataset.Dataset) {
	n, s := newNames(&t.Truth, acquired), t.main()
	return t.instance(&n, &s, s.images[k], acquired)
}

// instance is an image of a series.
func (t *Study) instance(n *names, s *series, p plane, acquired time.Time) (dataset.Meta, dataset.Dataset) {
	id := n.of(s, p, t.form.LocalizerInSeries)
	var ds dataset.Dataset
	ds = append(ds, t.general(n, s, id.instance, acquired, p.number)...)
	ds = append(ds, t.patient()...)
	ds = append(ds, t.acquisition(s, p)...)
	ds = append(ds, relationship(n, s, p, id.series)...)
	return metaOf(dataset.CTImageStorage, id.instance), append(ds, t.image(s, p)...)
}

func metaOf(class, uid string) dataset.Meta {
	return dataset.Meta{
		TransferSyntaxUID: dataset.ExplicitVRLittleEndian, SOPClassUID: class, SOPInstanceUID: uid,
		ImplementationClassUID: implementationUID, ImplementationVersionName: implementationVersion,
	}
}

// general holds group 0008.
func (t *Study) general(n *names, s *series, uid string, at time.Time, number int) dataset.Dataset {
	slice := at.Add(time.Duration(number) * 15 * time.Millisecond)
	date, clock := at.Format("20060102"), at.Format("150405.000000")
	return dataset.Dataset{
		dataset.NewText(dataset.TagSpecificCharacterSet, "ISO_IR 192"),
		dataset.NewText(dataset.TagImageType, s.imageType...),
		dataset.NewText(dataset.TagSOPClassUID, dataset.CTImageStorage),
		dataset.NewText(dataset.TagSOPInstanceUID, uid),
		dataset.NewText(dataset.TagStudyDate, date),
		dataset.NewText(dataset.TagSeriesDate, date),
		dataset.NewText(dataset.TagAcquisitionDate, slice.Format("20060102")),
		dataset.NewText(dataset.TagContentDate, slice.Format("20060102")),
		dataset.NewText(dataset.TagStudyTime, clock),
		dataset.NewText(dataset.TagSeriesTime, clock),
		dataset.NewText(dataset.TagAcquisitionTime, slice.Format("150405.000000")),
		dataset.NewText(dataset.TagContentTime, slice.Format("150405.000000")),
		dataset.NewText(dataset.TagAccessionNumber, n.accession),
		dataset.NewText(dataset.TagModality, "CT"),
		dataset.NewText(dataset.TagManufacturer, "NeckFrac"),
		dataset.NewText(dataset.TagReferringPhysicianName),
		dataset.NewText(dataset.TagTimezoneOffsetFromUTC, at.Format("-0700")),
		dataset.NewText(dataset.TagStudyDescription, "CT cervical spine"),
		dataset.NewText(dataset.TagSeriesDescription, s.description),
		dataset.NewText(dataset.TagManufacturerModelName, t.Truth.Generator),
	}
}

// patient holds group 0010.
func (t *Study) patient() dataset.Dataset {
	return dataset.Dataset{
		dataset.NewText(dataset.TagPatientName, "TEST^SYNTHETIC"),
		dataset.NewText(dataset.TagPatientID, PatientID(t.Truth.Seed)),
		dataset.NewText(dataset.TagIssuerOfPatientID, Issuer),
		dataset.NewText(dataset.TagPatientBirthDate),
		dataset.NewText(dataset.TagPatientSex, t.Truth.Person.Sex),
		dataset.NewText(dataset.TagPatientAge, fmt.Sprintf("%03dY", int(t.Truth.Person.Age))),
	}
}

// acquisition holds group 0018.
func (t *Study) acquisition(s *series, p plane) dataset.Dataset {
	c := &t.Truth.Scanner
	ds := dataset.Dataset{}
	if c.Contrast {
		ds = append(ds, dataset.NewText(dataset.TagContrastBolusAgent, "IODINE"))
	}
	ds = append(ds,
		dataset.NewText(dataset.TagBodyPartExamined, "CSPINE"),
		dataset.NewFloat(dataset.TagSliceThickness, p.thickMM),
		dataset.NewFloat(dataset.TagKVP, float64(c.KVP)),
	)
	if p.stepMM > 0 {
		ds = append(ds, dataset.NewFloat(dataset.TagSpacingBetweenSlices, p.stepMM))
	}
	ds = append(ds,
		dataset.NewText(dataset.TagSoftwareVersions, t.Truth.Generator),
		dataset.NewText(dataset.TagProtocolName, "C-SPINE "+c.Protocol),
		dataset.NewFloat(dataset.TagReconstructionDiameter, math.Round(s.colMM*float64(s.cols)*100)/100),
		dataset.NewFloat(dataset.TagGantryDetectorTilt, s.tilt),
	)
	if s.kernel != "" {
		ds = append(ds, dataset.NewText(dataset.TagConvolutionKernel, s.kernel))
	}
	return append(ds, dataset.NewText(dataset.TagPatientPosition, string(t.form.position())))
}

// relationship holds group 0020.
func relationship(n *names, s *series, p plane, uid string) dataset.Dataset {
	at, row, col := p.at, s.row, s.col
	return dataset.Dataset{
		dataset.NewText(dataset.TagStudyInstanceUID, n.study),
		dataset.NewText(dataset.TagSeriesInstanceUID, uid),
		dataset.NewText(dataset.TagStudyID, "1"),
		dataset.NewInt(dataset.TagSeriesNumber, int64(s.number)),
		dataset.NewInt(dataset.TagAcquisitionNumber, 1),
		dataset.NewInt(dataset.TagInstanceNumber, int64(p.number)),
		dataset.NewFloat(dataset.TagImagePositionPatient, at[0], at[1], at[2]),
		dataset.NewFloat(dataset.TagImageOrientationPatient, row[0], row[1], row[2], col[0], col[1], col[2]),
		dataset.NewText(dataset.TagFrameOfReferenceUID, n.frame),
		dataset.NewText(dataset.TagPositionReferenceIndicator),
		dataset.NewFloat(dataset.TagSliceLocation, at[2]),
	}
}

// image holds group 0028 and the pixels. Half of the studies store signed HU, half
// unsigned 12 bits with an intercept of -1024, as scanners do.
func (t *Study) image(s *series, p plane) dataset.Dataset {
	signed := t.Truth.Seed%2 == 1
	stored, represent, intercept := int64(12), int64(0), -1024.0
	if signed {
		stored, represent, intercept = 16, 1, 0
	}
	unit := "HU"
	if s.kind == Localizer {
		unit = "US" // unspecified: a projection has none, PS3.3 §C.11.1.1.2
	}
	px := make([]byte, 0, 2*s.rows*s.cols)
	for _, hu := range s.pixels(p) {
		px = binary.LittleEndian.AppendUint16(px, uint16(int(hu)-int(intercept)))
	}
	return dataset.Dataset{
		dataset.NewInt(dataset.TagSamplesPerPixel, 1),
		dataset.NewText(dataset.TagPhotometricInterpretation, "MONOCHROME2"),
		dataset.NewInt(dataset.TagRows, int64(s.rows)),
		dataset.NewInt(dataset.TagColumns, int64(s.cols)),
		dataset.NewFloat(dataset.TagPixelSpacing, s.rowMM, s.colMM),
		dataset.NewInt(dataset.TagBitsAllocated, 16),
		dataset.NewInt(dataset.TagBitsStored, stored),
		dataset.NewInt(dataset.TagHighBit, stored-1),
		dataset.NewInt(dataset.TagPixelRepresentation, represent),
		dataset.NewText(dataset.TagBurnedInAnnotation, "NO"),
		dataset.NewFloat(dataset.TagWindowCenter, 400),
		dataset.NewFloat(dataset.TagWindowWidth, 2000),
		dataset.NewFloat(dataset.TagRescaleIntercept, intercept),
		dataset.NewFloat(dataset.TagRescaleSlope, 1),
		dataset.NewText(dataset.TagRescaleType, unit),
		dataset.NewBytes(dataset.TagPixelData, dataset.OW, px),
	}
}
