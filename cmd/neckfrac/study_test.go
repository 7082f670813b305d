package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/pipeline/scp"
)

// testStudy is a small axial CT, 64×64 with a bright column, one millimetre a slice.
type testStudy struct {
	uid     string
	patient neckfrac.PatientKey
	name    string
	slices  int
	started time.Time
}

// newStudy is a study of one of the generator's own patients; n keeps studies apart.
func newStudy(n int) testStudy {
	return testStudy{uid: fmt.Sprintf("1.2.826.0.1.3680043.2.%d", n), name: "TEST^SYNTHETIC", slices: 24, started: time.Now().UTC(),
		patient: neckfrac.PatientKey{Issuer: neckfrac.PhantomIssuer, ID: fmt.Sprintf("%s%d", neckfrac.PhantomIDPrefix, n)}}
}

func (s testStudy) instance(k int) string { return fmt.Sprintf("%s.1.%d", s.uid, k+1) }

// dataset is slice k, counted from the feet.
func (s testStudy) dataset(k int) dataset.Dataset {
	const side = 64
	pixels := make([]byte, side*side*2)
	for i := range side * side {
		v := int16(40 + k%7) // slices differ
		if x, y := i%side-side/2, i/side-side/2; math.Hypot(float64(x), float64(y)) < 8 {
			v = 700
		}
		binary.LittleEndian.PutUint16(pixels[2*i:], uint16(v))
	}
	return dataset.Dataset{
		dataset.NewText(dataset.TagImageType, "ORIGINAL", "PRIMARY", "AXIAL"),
		dataset.NewText(dataset.TagSOPClassUID, dataset.CTImageStorage),
		dataset.NewText(dataset.TagSOPInstanceUID, s.instance(k)),
		dataset.NewText(dataset.TagStudyDate, s.started.Format("20060102")),
		dataset.NewText(dataset.TagStudyTime, s.started.Format("150405")),
		dataset.NewText(dataset.TagAccessionNumber, "A-1"),
		dataset.NewText(dataset.TagModality, "CT"),
		dataset.NewText(dataset.TagTimezoneOffsetFromUTC, "+0000"),
		dataset.NewText(dataset.TagPatientName, s.name),
		dataset.NewText(dataset.TagPatientID, s.patient.ID),
		dataset.NewText(dataset.TagIssuerOfPatientID, s.patient.Issuer),
		dataset.NewText(dataset.TagPatientAge, "040Y"),
		dataset.NewFloat(dataset.TagSliceThickness, 1),
		dataset.NewText(dataset.TagStudyInstanceUID, s.uid),
		dataset.NewText(dataset.TagSeriesInstanceUID, s.uid+".1"),
		dataset.NewInt(dataset.TagInstanceNumber, int64(k+1)),
		dataset.NewFloat(dataset.TagImagePositionPatient, -32, -32, float64(k)),
		dataset.NewFloat(dataset.TagImageOrientationPatient, 1, 0, 0, 0, 1, 0),
		dataset.NewText(dataset.TagFrameOfReferenceUID, s.uid+".9"),
		dataset.NewInt(dataset.TagSamplesPerPixel, 1),
		dataset.NewText(dataset.TagPhotometricInterpretation, "MONOCHROME2"),
		dataset.NewInt(dataset.TagRows, side),
		dataset.NewInt(dataset.TagColumns, side),
		dataset.NewFloat(dataset.TagPixelSpacing, 1, 1),
		dataset.NewInt(dataset.TagBitsAllocated, 16),
		dataset.NewInt(dataset.TagBitsStored, 16),
		dataset.NewInt(dataset.TagHighBit, 15),
		dataset.NewInt(dataset.TagPixelRepresentation, 1),
		dataset.NewFloat(dataset.TagRescaleIntercept, 0),
		dataset.NewFloat(dataset.TagRescaleSlope, 1),
		dataset.NewBytes(dataset.TagPixelData, dataset.OW, pixels),
	}
}

// bytes is slice k as it goes over the wire.
func (s testStudy) bytes(k int) []byte {
	ts, _ := dataset.LookupTransferSyntax(dataset.ExplicitVRLittleEndian)
	var b bytes.Buffer
	if err := dataset.Encode(&b, ts, s.dataset(k)); err != nil {
		panic(err) // the study is ours
	}
	return b.Bytes()
}

// write makes Part 10 files of the study.
func (s testStudy) write(t *testing.T, dir string) {
	t.Helper()
	for k := range s.slices {
		var b bytes.Buffer
		meta := dataset.Meta{TransferSyntaxUID: dataset.ExplicitVRLittleEndian, SOPClassUID: dataset.CTImageStorage, SOPInstanceUID: s.instance(k), ImplementationClassUID: "1.2.3.4"}
		if err := dataset.EncodePart10(&b, meta, s.dataset(k)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d.dcm", k)), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// clientConfig asks for CT and echo in explicit little endian.
func clientConfig(called string) dicomnet.ClientConfig {
	return dicomnet.ClientConfig{
		CallingAETitle: "TEST_CT", CalledAETitle: called,
		Proposals:              []dicomnet.Service{{SOPClassUIDs: []string{dataset.CTImageStorage, dataset.Verification}, TransferSyntaxUIDs: []string{dataset.ExplicitVRLittleEndian}}},
		ImplementationClassUID: scp.ImplementationClassUID,
	}
}

// store sends slice k of a study on an open association.
func (s testStudy) store(ctx context.Context, c *dicomnet.Client, k int) (dimse.Status, error) {
	return c.Store(ctx, dicomnet.StoreRequest{SOPClassUID: dataset.CTImageStorage, SOPInstanceUID: s.instance(k),
		TransferSyntaxUID: dataset.ExplicitVRLittleEndian}, bytes.NewReader(s.bytes(k)))
}

// send stores slices from to to over one association and wants Success for each.
func (s testStudy) send(t *testing.T, addr string, from, to int) {
	t.Helper()
	c, err := dicomnet.Dial(t.Context(), addr, clientConfig("NECKFRAC"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	for k := from; k < to; k++ {
		if status, err := s.store(t.Context(), c, k); err != nil || status != dimse.Success {
			t.Fatalf("slice %d: status %v, %v", k, status, err)
		}
	}
	if err := c.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// studyUIDOf reads the Study Instance UID.
func studyUIDOf(t *testing.T, ds dataset.Dataset) string {
	t.Helper()
	uid, ok := ds.UID(dataset.TagStudyInstanceUID)
	if !ok {
		t.Fatal("no study UID")
	}
	return uid
}
