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

// WriteDICOM writes the volume as CT Image Storage, one Part 10 file per slice in
// explicit VR little endian, into dir, which is created. acquired sets dates, times
// and, with the seed, all identifiers.
func (t *Study) WriteDICOM(dir string, acquired time.Time) error {
	const op = "phantom: write dicom"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return neckfrac.E(op, err)
	}
	for k := range t.Volume.Dims[2] {
		meta, ds := t.Instance(k, acquired)
		if err := writePart10(filepath.Join(dir, fmt.Sprintf("ct-%04d.dcm", k+1)), meta, ds); err != nil {
			return neckfrac.E(op, err)
		}
	}
	return nil
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

// Instance is slice k, counted from the feet, as a data set of CT Image Storage
// (PS3.3 §A.3). The stack is numbered from the head in two of three studies.
func (t *Study) Instance(k int, acquired time.Time) (dataset.Meta, dataset.Dataset) {
	n := newNames(&t.Truth, acquired)
	uid := n.instance(k)
	meta := dataset.Meta{
		TransferSyntaxUID: dataset.ExplicitVRLittleEndian, SOPClassUID: dataset.CTImageStorage, SOPInstanceUID: uid,
		ImplementationClassUID: implementationUID, ImplementationVersionName: implementationVersion,
	}
	number := t.Volume.Dims[2] - k
	if t.Truth.Seed%3 == 2 {
		number = k + 1
	}
	var ds dataset.Dataset
	ds = append(ds, t.general(&n, uid, acquired, number)...)
	ds = append(ds, t.patient()...)
	ds = append(ds, t.acquisition()...)
	ds = append(ds, t.relationship(&n, k, number)...)
	return meta, append(ds, t.image(k)...)
}

// general holds group 0008.
func (t *Study) general(n *names, uid string, at time.Time, number int) dataset.Dataset {
	slice := at.Add(time.Duration(number) * 15 * time.Millisecond)
	date, clock := at.Format("20060102"), at.Format("150405.000000")
	return dataset.Dataset{
		dataset.NewText(dataset.TagSpecificCharacterSet, "ISO_IR 192"),
		dataset.NewText(dataset.TagImageType, "ORIGINAL", "PRIMARY", "AXIAL"),
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
		dataset.NewText(dataset.TagSeriesDescription, SeriesDescription),
		dataset.NewText(dataset.TagManufacturerModelName, Version),
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
func (t *Study) acquisition() dataset.Dataset {
	s := &t.Truth.Scanner
	ds := dataset.Dataset{}
	if s.Contrast {
		ds = append(ds, dataset.NewText(dataset.TagContrastBolusAgent, "IODINE"))
	}
	return append(ds,
		dataset.NewText(dataset.TagBodyPartExamined, "CSPINE"),
		dataset.NewFloat(dataset.TagSliceThickness, t.Volume.SliceThicknessMM),
		dataset.NewFloat(dataset.TagKVP, float64(s.KVP)),
		dataset.NewFloat(dataset.TagSpacingBetweenSlices, t.Volume.SpacingMM[2]),
		dataset.NewText(dataset.TagSoftwareVersions, Version),
		dataset.NewText(dataset.TagProtocolName, "C-SPINE "+s.Protocol),
		dataset.NewFloat(dataset.TagReconstructionDiameter, math.Round(t.Volume.SpacingMM[0]*float64(t.Volume.Dims[0])*100)/100),
		dataset.NewFloat(dataset.TagGantryDetectorTilt, 0),
		dataset.NewText(dataset.TagConvolutionKernel, s.Kernel),
		dataset.NewText(dataset.TagPatientPosition, "HFS"),
	)
}

// relationship holds group 0020.
func (t *Study) relationship(n *names, k, number int) dataset.Dataset {
	v := &t.Volume
	at := v.ToMM(vec{0, 0, float64(k)})
	row, col := v.Direction[0], v.Direction[1]
	return dataset.Dataset{
		dataset.NewText(dataset.TagStudyInstanceUID, n.study),
		dataset.NewText(dataset.TagSeriesInstanceUID, n.series),
		dataset.NewText(dataset.TagStudyID, "1"),
		dataset.NewInt(dataset.TagSeriesNumber, 2),
		dataset.NewInt(dataset.TagAcquisitionNumber, 1),
		dataset.NewInt(dataset.TagInstanceNumber, int64(number)),
		dataset.NewFloat(dataset.TagImagePositionPatient, at[0], at[1], at[2]),
		dataset.NewFloat(dataset.TagImageOrientationPatient, row[0], row[1], row[2], col[0], col[1], col[2]),
		dataset.NewText(dataset.TagFrameOfReferenceUID, n.frame),
		dataset.NewText(dataset.TagPositionReferenceIndicator),
		dataset.NewFloat(dataset.TagSliceLocation, at[2]),
	}
}

// image holds group 0028 and the pixels. Half of the studies store signed HU, half
// unsigned 12 bits with an intercept of -1024, as scanners do.
func (t *Study) image(k int) dataset.Dataset {
	v := &t.Volume
	plane := v.Dims[0] * v.Dims[1]
	signed := t.Truth.Seed%2 == 1
	stored, represent, intercept := int64(12), int64(0), -1024.0
	if signed {
		stored, represent, intercept = 16, 1, 0
	}
	px := make([]byte, 0, 2*plane)
	for _, hu := range v.HU[k*plane : (k+1)*plane] {
		px = binary.LittleEndian.AppendUint16(px, uint16(int(hu)-int(intercept)))
	}
	return dataset.Dataset{
		dataset.NewInt(dataset.TagSamplesPerPixel, 1),
		dataset.NewText(dataset.TagPhotometricInterpretation, "MONOCHROME2"),
		dataset.NewInt(dataset.TagRows, int64(v.Dims[1])),
		dataset.NewInt(dataset.TagColumns, int64(v.Dims[0])),
		dataset.NewFloat(dataset.TagPixelSpacing, v.SpacingMM[1], v.SpacingMM[0]),
		dataset.NewInt(dataset.TagBitsAllocated, 16),
		dataset.NewInt(dataset.TagBitsStored, stored),
		dataset.NewInt(dataset.TagHighBit, stored-1),
		dataset.NewInt(dataset.TagPixelRepresentation, represent),
		dataset.NewText(dataset.TagBurnedInAnnotation, "NO"),
		dataset.NewFloat(dataset.TagWindowCenter, 400),
		dataset.NewFloat(dataset.TagWindowWidth, 2000),
		dataset.NewFloat(dataset.TagRescaleIntercept, intercept),
		dataset.NewFloat(dataset.TagRescaleSlope, 1),
		dataset.NewText(dataset.TagRescaleType, "HU"),
		dataset.NewBytes(dataset.TagPixelData, dataset.OW, px),
	}
}
