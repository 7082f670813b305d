package dicomnet_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomnettest"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
)

// TestForeignArchive stores two instances in an archive of another make, finds
// the study, fetches it back and asks for it to be moved. The archive is named by
// DICOMNET_ARCHIVE, "host:port,AE title"; it has to know the AE title TEST_SCU
// and none called NOBODY.
func TestForeignArchive(t *testing.T) {
	addr, title, ok := strings.Cut(os.Getenv("DICOMNET_ARCHIVE"), ",")
	if !ok {
		t.Skip("DICOMNET_ARCHIVE names no archive")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	explicit := []string{dataset.ExplicitVRLittleEndian}
	study := "2.25." + time.Now().Format("20060102150405")
	send := dicomnettest.ClientConfig()
	send.CalledAETitle = title
	c, err := dicomnet.Dial(ctx, addr, send)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Echo(ctx); err != nil {
		t.Error(err)
	}
	want := map[string][]byte{}
	for _, n := range []string{".1", ".2"} {
		want[study+n] = instance(t, study, study+n)
		rq := dicomnet.StoreRequest{SOPClassUID: dataset.CTImageStorage, SOPInstanceUID: study + n, TransferSyntaxUID: explicit[0]}
		if status, err := c.Store(ctx, rq, bytes.NewReader(want[study+n])); err != nil || status != dimse.Success {
			t.Fatalf("store: %v, %v", status, err)
		}
	}
	if err := c.Release(ctx); err != nil {
		t.Error(err)
	}

	ask := send
	ask.Proposals = []dicomnet.Service{
		{SOPClassUIDs: []string{dataset.StudyRootQueryFind, dataset.StudyRootQueryMove, dataset.StudyRootQueryGet}, TransferSyntaxUIDs: explicit},
		{SOPClassUIDs: []string{dataset.CTImageStorage}, TransferSyntaxUIDs: explicit, Role: dicomnet.RoleSCP},
	}
	if c, err = dicomnet.Dial(ctx, addr, ask); err != nil {
		t.Fatal(err)
	}
	keys := dataset.Dataset{dataset.NewText(dataset.TagQueryRetrieveLevel, "STUDY"), dataset.NewText(dataset.TagStudyInstanceUID, study)}
	var found []string
	find := dicomnet.FindRequest{SOPClassUID: dataset.StudyRootQueryFind, Identifier: append(keys, dataset.NewText(dataset.TagPatientID))}
	if err := c.Find(ctx, find, func(ds dataset.Dataset) error {
		id, _ := ds.String(dataset.TagPatientID)
		found = append(found, id)
		return nil
	}); err != nil || len(found) != 1 || found[0] != "PHANTOM" {
		t.Errorf("find: %q, %v", found, err)
	}
	got := map[string]int{}
	n, err := c.Get(ctx, dicomnet.GetRequest{SOPClassUID: dataset.StudyRootQueryGet, Identifier: keys},
		func(_ context.Context, rq *dicomnet.StoreRequest, body io.Reader) error {
			b, err := io.ReadAll(body)
			got[rq.SOPInstanceUID] = len(b)
			return err
		}, nil)
	if err != nil || n.Failed != 0 || len(got) != 2 || got[study+".1"] == 0 || got[study+".2"] == 0 {
		t.Errorf("get: %+v, %v, %v", n, got, err)
	}
	var se *dicomnet.StatusError
	_, err = c.Move(ctx, dicomnet.MoveRequest{SOPClassUID: dataset.StudyRootQueryMove, Destination: "NOBODY", Identifier: keys}, nil)
	if !errors.As(err, &se) {
		t.Errorf("move to nobody: %v", err)
	}
	// A query that is given up leaves the association for the next.
	enough := errors.New("enough")
	if err := c.Find(ctx, find, func(dataset.Dataset) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("given up: %v", err)
	}
	if err := c.Find(ctx, find, func(dataset.Dataset) error { return nil }); err != nil {
		t.Errorf("after that: %v", err)
	}
	if err := c.Release(ctx); err != nil {
		t.Error(err)
	}
}

// instance returns the data set of a made-up CT slice.
func instance(t *testing.T, study, uid string) []byte {
	t.Helper()
	explicit, _ := dataset.LookupTransferSyntax(dataset.ExplicitVRLittleEndian)
	var b bytes.Buffer
	if err := dataset.Encode(&b, explicit, dataset.Dataset{
		dataset.NewText(dataset.TagSOPClassUID, dataset.CTImageStorage), dataset.NewText(dataset.TagSOPInstanceUID, uid),
		dataset.NewText(dataset.TagStudyDate, "20260102"), dataset.NewText(dataset.TagModality, "CT"),
		dataset.NewText(dataset.TagPatientName, "Phantom"), dataset.NewText(dataset.TagPatientID, "PHANTOM"),
		dataset.NewText(dataset.TagStudyInstanceUID, study), dataset.NewText(dataset.TagSeriesInstanceUID, study+".0"),
		dataset.NewInt(dataset.TagInstanceNumber, 1), dataset.NewInt(dataset.TagSamplesPerPixel, 1),
		dataset.NewText(dataset.TagPhotometricInterpretation, "MONOCHROME2"), dataset.NewInt(dataset.TagRows, 8), dataset.NewInt(dataset.TagColumns, 8),
		dataset.NewInt(dataset.TagBitsAllocated, 16), dataset.NewInt(dataset.TagBitsStored, 16), dataset.NewInt(dataset.TagHighBit, 15),
		dataset.NewInt(dataset.TagPixelRepresentation, 0), dataset.NewBytes(dataset.TagPixelData, dataset.OW, make([]byte, 128)),
	}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
