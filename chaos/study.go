package chaos

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// Study is a small axial CT of noise around a bright column, one millimetre a slice. All
// of it follows from the fields: study i, slice j, pixels PRNG(seed, i, j).
type Study struct {
	Seed uint64
	// Index keeps studies apart, from 1.
	Index int
	// Slices is the number of instances.
	Slices int
	// Side is the width and height in pixels.
	Side int
}

// UID is the Study Instance UID.
func (s Study) UID() string { return fmt.Sprintf("1.2.826.0.1.3680043.2.%d", s.Index) }

// Instance is the SOP Instance UID of slice k, counted from the feet.
func (s Study) Instance(k int) string { return fmt.Sprintf("%s.1.%d", s.UID(), k+1) }

// Patient is one of the generator's own persons, one a study.
func (s Study) Patient() neckfrac.PatientKey {
	return neckfrac.PatientKey{Issuer: neckfrac.PhantomIssuer, ID: fmt.Sprintf("%s%d", neckfrac.PhantomIDPrefix, s.Index)}
}

// Dataset is slice k.
func (s Study) Dataset(k int) dataset.Dataset {
	half := float64(s.Side) / 2
	return dataset.Dataset{
		dataset.NewText(dataset.TagImageType, "ORIGINAL", "PRIMARY", "AXIAL"),
		dataset.NewText(dataset.TagSOPClassUID, dataset.CTImageStorage),
		dataset.NewText(dataset.TagSOPInstanceUID, s.Instance(k)),
		dataset.NewText(dataset.TagStudyDate, "20260304"),
		dataset.NewText(dataset.TagStudyTime, "101112"),
		dataset.NewText(dataset.TagAccessionNumber, fmt.Sprintf("A-%d", s.Index)),
		dataset.NewText(dataset.TagModality, "CT"),
		dataset.NewText(dataset.TagTimezoneOffsetFromUTC, "+0000"),
		dataset.NewText(dataset.TagPatientName, "TEST^SYNTHETIC"),
		dataset.NewText(dataset.TagPatientID, s.Patient().ID),
		dataset.NewText(dataset.TagIssuerOfPatientID, s.Patient().Issuer),
		dataset.NewText(dataset.TagPatientAge, "040Y"),
		dataset.NewFloat(dataset.TagSliceThickness, 1),
		dataset.NewText(dataset.TagStudyInstanceUID, s.UID()),
		dataset.NewText(dataset.TagSeriesInstanceUID, s.UID()+".1"),
		dataset.NewInt(dataset.TagInstanceNumber, int64(k+1)),
		dataset.NewFloat(dataset.TagImagePositionPatient, -half, -half, float64(k)),
		dataset.NewFloat(dataset.TagImageOrientationPatient, 1, 0, 0, 0, 1, 0),
		dataset.NewText(dataset.TagFrameOfReferenceUID, s.UID()+".9"),
		dataset.NewInt(dataset.TagSamplesPerPixel, 1),
		dataset.NewText(dataset.TagPhotometricInterpretation, "MONOCHROME2"),
		dataset.NewInt(dataset.TagRows, int64(s.Side)),
		dataset.NewInt(dataset.TagColumns, int64(s.Side)),
		dataset.NewFloat(dataset.TagPixelSpacing, 1, 1),
		dataset.NewInt(dataset.TagBitsAllocated, 16),
		dataset.NewInt(dataset.TagBitsStored, 16),
		dataset.NewInt(dataset.TagHighBit, 15),
		dataset.NewInt(dataset.TagPixelRepresentation, 1),
		dataset.NewFloat(dataset.TagRescaleIntercept, 0),
		dataset.NewFloat(dataset.TagRescaleSlope, 1),
		dataset.NewBytes(dataset.TagPixelData, dataset.OW, s.pixels(k)),
	}
}

// pixels are soft tissue with noise and a column of bone an eighth of the side thick.
func (s Study) pixels(k int) []byte {
	rng := rand.New(rand.NewPCG(s.Seed, uint64(s.Index)<<32|uint64(k)))
	out := make([]byte, 2*s.Side*s.Side)
	for i := range s.Side * s.Side {
		x, y := i%s.Side-s.Side/2, i/s.Side-s.Side/2
		v := 20 + rng.IntN(40)
		if x*x+y*y < s.Side*s.Side/64 {
			v += 660
		}
		binary.LittleEndian.PutUint16(out[2*i:], uint16(v))
	}
	return out
}

// Bytes is slice k as it goes over the wire, in explicit VR little endian.
func (s Study) Bytes(k int) []byte {
	ts, _ := dataset.LookupTransferSyntax(dataset.ExplicitVRLittleEndian)
	var b bytes.Buffer
	if err := dataset.Encode(&b, ts, s.Dataset(k)); err != nil {
		panic(err) // the study is ours
	}
	return b.Bytes()
}

// Sum is the SHA-256 of a data set.
type Sum [sha256.Size]byte
