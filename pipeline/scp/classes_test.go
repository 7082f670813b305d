package scp_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/pipelinetest"
	"github.com/neckfrac/neckfrac/pipeline/scp"
)

// direct is a session without a network.
type direct struct {
	dicomnet.Session
	ledger *pipelinetest.Ledger
	blobs  *pipelinetest.Blobs
}

func newDirect(t *testing.T) *direct {
	t.Helper()
	d := &direct{ledger: pipelinetest.NewLedger(pipelinetest.NewClock(time.Unix(0, 0))), blobs: pipelinetest.NewBlobs()}
	b, err := scp.New(scp.Config{AETitle: "NECKFRAC", Log: slog.New(slog.DiscardHandler), Receiver: &pipeline.Receiver{Blobs: d.blobs, Intake: d.ledger}})
	if err != nil {
		t.Fatal(err)
	}
	d.Session, err = b.NewSession(t.Context(), dicomnet.AssociationInfo{CalledAETitle: "NECKFRAC", CallingAETitle: "CT1"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// put stores bytes and returns the status.
func (d *direct) put(t *testing.T, class, uid, ts string, body []byte) dimse.Status {
	t.Helper()
	err := d.Store(t.Context(), &dicomnet.StoreRequest{SOPClassUID: class, SOPInstanceUID: uid, TransferSyntaxUID: ts}, bytes.NewReader(body))
	var status *dicomnet.StatusError
	switch {
	case err == nil:
		return dimse.Success
	case errors.As(err, &status):
		return status.Status
	}
	t.Fatalf("store: %v", err)
	return 0
}

// instances are the stored instances by UID.
func (d *direct) instances(t *testing.T) map[neckfrac.InstanceUID]neckfrac.Instance {
	t.Helper()
	out := map[neckfrac.InstanceUID]neckfrac.Instance{}
	recs, err := d.ledger.Find(t.Context(), neckfrac.StudyQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range recs {
		series, err := d.ledger.Instances(t.Context(), r.Study.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range series {
			for _, i := range s.Instances {
				out[i.UID] = i
			}
		}
	}
	return out
}

// object is a data set of any class without pixels.
func object(class, instance string, change ...dataset.Element) dataset.Dataset {
	var ds dataset.Dataset
	for _, e := range ct(instance, append(change, dataset.NewText(dataset.TagSOPClassUID, class), dataset.NewText(dataset.TagSeriesInstanceUID, seriesUID+".8"))...) {
		if e.Tag != dataset.TagPixelData {
			ds = append(ds, e)
		}
	}
	return ds
}

// note is a key object selection with a document title and references by study.
func note(instance, scheme, code string, refs map[string][]string) dataset.Dataset {
	var studies []dataset.Dataset
	for study, uids := range refs {
		var items []dataset.Dataset
		for _, uid := range uids {
			items = append(items, dataset.Dataset{dataset.NewText(dataset.TagReferencedSOPClassUID, dataset.CTImageStorage), dataset.NewText(dataset.TagReferencedSOPInstanceUID, uid)})
		}
		studies = append(studies, dataset.Dataset{
			dataset.NewText(dataset.TagStudyInstanceUID, study),
			dataset.NewSequence(dataset.TagReferencedSeriesSequence, dataset.Dataset{
				dataset.NewText(dataset.TagSeriesInstanceUID, seriesUID), dataset.NewSequence(dataset.TagReferencedSOPSequence, items...)}),
		})
	}
	return object(dataset.KeyObjectSelectionStorage, instance,
		dataset.NewSequence(dataset.TagConceptNameCodeSequence, dataset.Dataset{
			dataset.NewText(dataset.TagCodeValue, code), dataset.NewText(dataset.TagCodingSchemeDesignator, scheme)}),
		dataset.NewSequence(dataset.TagCurrentRequestedProcedureEvidenceSequence, studies...))
}

func TestWhatAnObjectMayDo(t *testing.T) {
	t.Parallel()
	own := neckfrac.MakeUID("as-1", "object")
	for _, tc := range []struct {
		name, class, uid string
		want             neckfrac.InstanceKind
	}{
		{"CT", dataset.CTImageStorage, "1.2.1", neckfrac.ImageInstance},
		{"Enhanced CT", dataset.EnhancedCTImageStorage, "1.2.1", neckfrac.ImageInstance},
		{"legacy converted CT", dataset.LegacyConvertedEnhancedCTImageStorage, "1.2.1", neckfrac.ImageInstance},
		{"CT under our mark is analysed all the same", dataset.CTImageStorage, own, neckfrac.ImageInstance},
		{"dose report", dataset.XRayRadiationDoseSRStorage, "1.2.1", neckfrac.ObjectInstance},
		{"secondary capture", dataset.SecondaryCaptureImageStorage, "1.2.1", neckfrac.ObjectInstance},
		{"a configured class", dataset.MRImageStorage, "1.2.1", neckfrac.ObjectInstance},
		{"our report", dataset.Comprehensive3DSRStorage, own, neckfrac.EchoInstance},
		{"our segmentation", dataset.SegmentationStorage, own, neckfrac.EchoInstance},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := newDirect(t)
			if s := d.put(t, tc.class, tc.uid, dataset.ExplicitVRLittleEndian, encode(t, object(tc.class, tc.uid))); s != dimse.Success {
				t.Fatalf("status %v", s)
			}
			if got := d.instances(t)[neckfrac.InstanceUID(tc.uid)]; got.Kind != tc.want || got.SOPClassUID != tc.class {
				t.Errorf("got %+v, want %v", got, tc.want)
			}
		})
	}
}

func TestRejectionNotes(t *testing.T) {
	t.Parallel()
	one, two := seriesUID+".1", seriesUID+".2"
	mine := map[string][]string{studyUID: {two}}
	for _, tc := range []struct {
		name string
		uid  string
		note func(uid string) dataset.Dataset
		kind neckfrac.InstanceKind
		want neckfrac.RejectionCode
	}{
		{"quality", "1.2.9", func(u string) dataset.Dataset { return note(u, "DCM", "113001", mine) }, neckfrac.RejectionInstance, neckfrac.RejectedForQuality},
		{"safety", "1.2.9", func(u string) dataset.Dataset { return note(u, "DCM", "113037", mine) }, neckfrac.RejectionInstance, neckfrac.RejectedForSafety},
		{"worklist", "1.2.9", func(u string) dataset.Dataset { return note(u, "DCM", "113038", mine) }, neckfrac.RejectionInstance, neckfrac.WrongWorklistEntry},
		{"retention", "1.2.9", func(u string) dataset.Dataset { return note(u, "DCM", "113039", mine) }, neckfrac.RejectionInstance, neckfrac.RetentionExpired},
		{"of interest", "1.2.9", func(u string) dataset.Dataset { return note(u, "DCM", "113000", mine) }, neckfrac.ObjectInstance, ""},
		{"another scheme's code", "1.2.9", func(u string) dataset.Dataset { return note(u, "99X", "113001", mine) }, neckfrac.ObjectInstance, ""},
		{"of another study", "1.2.9", func(u string) dataset.Dataset {
			return note(u, "DCM", "113001", map[string][]string{studyUID + "9": {two}})
		}, neckfrac.RejectionInstance, ""},
		{"ours that came back", neckfrac.MakeUID("as-1", "note"), func(u string) dataset.Dataset { return note(u, "DCM", "113001", mine) }, neckfrac.EchoInstance, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := newDirect(t)
			for _, uid := range []string{one, two} {
				d.put(t, dataset.CTImageStorage, uid, dataset.ExplicitVRLittleEndian, encode(t, ct(uid)))
			}
			if s := d.put(t, dataset.KeyObjectSelectionStorage, tc.uid, dataset.ExplicitVRLittleEndian, encode(t, tc.note(tc.uid))); s != dimse.Success {
				t.Fatalf("status %v", s)
			}
			got := d.instances(t)
			if got[neckfrac.InstanceUID(tc.uid)].Kind != tc.kind || got[neckfrac.InstanceUID(two)].Withdrawn != tc.want || got[neckfrac.InstanceUID(one)].Withdrawn != "" {
				t.Errorf("got %+v", got)
			}
		})
	}
	d := newDirect(t)
	bad := note("1.2.9", "DCM", "113001", map[string][]string{studyUID: {"../x"}})
	if s := d.put(t, dataset.KeyObjectSelectionStorage, "1.2.9", dataset.ExplicitVRLittleEndian, encode(t, bad)); s != 0xC000 {
		t.Errorf("a reference that is no UID: status %v", s)
	}
	many := slices.Repeat([]string{one}, neckfrac.MaxRejected+1)
	if s := d.put(t, dataset.KeyObjectSelectionStorage, "1.2.9", dataset.ExplicitVRLittleEndian, encode(t, note("1.2.9", "DCM", "113001", map[string][]string{studyUID: many}))); s != 0xC000 {
		t.Errorf("too many references: status %v", s)
	}
	if got := d.instances(t); len(got) != 0 {
		t.Errorf("refused notes left %d rows", len(got))
	}
}

// deflateBytes packs a data set as PS3.5 §A.5 does; writing to memory never fails.
func deflateBytes(b []byte) []byte {
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, flate.DefaultCompression)
	w.Write(b)
	w.Close()
	if out.Len()%2 != 0 {
		out.WriteByte(0)
	}
	return out.Bytes()
}

// encapsulate is an encapsulated pixel data element: offset table, fragments, delimiter.
func encapsulate(fragments ...[]byte) []byte {
	b := []byte{0xE0, 0x7F, 0x10, 0x00, 'O', 'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0}
	for _, f := range fragments {
		b = append(b, 0xFE, 0xFF, 0x00, 0xE0)
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(f))), f...)
	}
	return append(b, 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0)
}

// TestNoSuccessForACutStream cuts objects everywhere, in the syntaxes whose end is not
// told by a length.
func TestNoSuccessForACutStream(t *testing.T) {
	t.Parallel()
	uid := seriesUID + ".1"
	var noPixels dataset.Dataset
	for _, e := range ct(uid) {
		if e.Tag != dataset.TagPixelData {
			noPixels = append(noPixels, e)
		}
	}
	header := encode(t, noPixels)
	padding := []byte{0xfc, 0xff, 0xfc, 0xff, 'O', 'B', 0, 0, 2, 0, 0, 0, 0, 0}
	pixels := encapsulate([]byte("first fragment"), nil, []byte("second fragment!"))
	for _, tc := range []struct {
		name, ts string
		whole    []byte
		// from is where the pixels, or the deflated bytes, begin: cut before, between two
		// elements, an encapsulated data set is whole by PS3.5.
		from int
	}{
		{"encapsulated", dataset.JPEGLosslessSV1, slices.Concat(header, pixels), len(header)},
		{"deflated", dataset.DeflatedExplicitVRLittleEndian, deflateBytes(encode(t, ct(uid))), 0},
		{"deflated with padding", dataset.DeflatedExplicitVRLittleEndian, deflateBytes(slices.Concat(encode(t, ct(uid)), padding)), 0},
		{"deflated without pixels", dataset.DeflatedExplicitVRLittleEndian, deflateBytes(header), 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := newDirect(t)
			ended := len(bytes.TrimRight(tc.whole, "\x00")) // a pad byte may be missing
			if tc.ts == dataset.JPEGLosslessSV1 {
				ended = len(tc.whole)
			}
			for n := tc.from + 1; n < ended; n++ {
				if s := d.put(t, dataset.CTImageStorage, uid, tc.ts, tc.whole[:n]); s == dimse.Success {
					t.Fatalf("success for %d of %d bytes", n, len(tc.whole))
				}
			}
			if got := d.instances(t); len(got) != 0 {
				t.Fatalf("cut objects left %d rows", len(got))
			}
			if s := d.put(t, dataset.CTImageStorage, uid, tc.ts, tc.whole); s != dimse.Success {
				t.Fatalf("whole: status %v", s)
			}
		})
	}
}

func TestDamagedStreams(t *testing.T) {
	t.Parallel()
	uid := seriesUID + ".1"
	var noPixels dataset.Dataset
	for _, e := range ct(uid) {
		if e.Tag != dataset.TagPixelData {
			noPixels = append(noPixels, e)
		}
	}
	header, good := encode(t, noPixels), encapsulate([]byte("fragment"))
	packed := deflateBytes(encode(t, ct(uid)))
	flipped := bytes.Clone(packed)
	flipped[len(flipped)/2] ^= 0xff
	bomb := append(bytes.Clone(header), 0xE0, 0x7F, 0x10, 0x00, 'O', 'W', 0, 0, 0xF0, 0xFF, 0xFF, 0xFF)
	for _, tc := range []struct {
		name, ts string
		body     []byte
		want     dimse.Status
	}{
		{"element behind the fragments", dataset.RLELossless, slices.Concat(header, good, []byte{0xfc, 0xff, 0xfc, 0xff, 'O', 'B', 0, 0, 2, 0, 0, 0, 0, 0}), dimse.Success},
		{"cut element behind the fragments", dataset.RLELossless, slices.Concat(header, good, []byte{0xfc, 0xff, 0xfc, 0xff, 'O', 'B', 0, 0, 9, 0, 0, 0}), 0xC000},
		{"no item where one belongs", dataset.RLELossless, append(slices.Concat(header, good[:len(good)-8]), 1, 2, 3, 4, 5, 6, 7, 8), 0xC000},
		{"item of undefined length", dataset.RLELossless, append(slices.Concat(header, good[:len(good)-8]), 0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF), 0xC000},
		{"a flipped byte", dataset.DeflatedExplicitVRLittleEndian, flipped, 0xC000},
		{"bytes behind the stream", dataset.DeflatedExplicitVRLittleEndian, append(bytes.Clone(packed), 1, 2, 3, 4), 0xC000},
		{"says that it holds 4 GiB", dataset.DeflatedExplicitVRLittleEndian, deflateBytes(bomb), 0xC000},
		{"a header that inflates without end", dataset.DeflatedExplicitVRLittleEndian,
			deflateBytes(append(append(bytes.Clone(header[:0:0]), 8, 0, 8, 0, 'U', 'N', 0, 0, 0xF0, 0xFF, 0xFF, 0x7F), make([]byte, 8<<20)...)), 0xC000},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := newDirect(t)
			if s := d.put(t, dataset.CTImageStorage, uid, tc.ts, tc.body); s != tc.want {
				t.Errorf("status %v, want %v", s, tc.want)
			}
		})
	}
}

func TestBrokenStoreEndsTheInflater(t *testing.T) {
	t.Parallel()
	d := newDirect(t)
	d.blobs.Fail("Put", neckfrac.Unavailable, 1)
	uid := seriesUID + ".1"
	body := deflateBytes(encode(t, ct(uid)))
	if s := d.put(t, dataset.CTImageStorage, uid, dataset.DeflatedExplicitVRLittleEndian, body); s != 0xA700 {
		t.Errorf("status %v", s)
	}
	if s := d.put(t, dataset.CTImageStorage, uid, dataset.DeflatedExplicitVRLittleEndian, body); s != dimse.Success {
		t.Errorf("status %v", s)
	}
}

func TestStorageClasses(t *testing.T) {
	t.Parallel()
	got, err := scp.StorageClasses([]string{dataset.MRImageStorage, dataset.CTImageStorage, "1.2.3", "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]scp.Handling{}
	for _, c := range got {
		if _, twice := seen[c.UID]; twice {
			t.Errorf("%s twice", c.UID)
		}
		seen[c.UID] = c.Handling
		if _, named := dataset.SOPClassName(c.UID); !named && c.UID != "1.2.3" {
			t.Errorf("%s has no name", c.UID)
		}
	}
	if seen[dataset.CTImageStorage] != scp.Analysed || seen[dataset.KeyObjectSelectionStorage] != scp.Note || seen[dataset.MRImageStorage] != scp.Kept {
		t.Errorf("classes %v", got)
	}
	for _, bad := range []string{"", "CT", "1..2", dataset.Verification} {
		if _, err := scp.StorageClasses([]string{bad}); neckfrac.KindOf(err) != neckfrac.Invalid || err == nil {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func ExampleTransferSyntaxes() {
	// A site that takes all that its worker reads, and lossy JPEG by its own decision.
	uids, err := scp.TransferSyntaxes([]string{"all", "jpeg-baseline"}, []string{dataset.RLELossless, dataset.JPEG2000Lossless, dataset.JPEG2000})
	fmt.Println(err)
	for _, uid := range uids {
		ts, _ := dataset.LookupTransferSyntax(uid)
		fmt.Println(ts.Name)
	}
	// Output:
	// <nil>
	// Explicit VR Little Endian
	// Implicit VR Little Endian
	// JPEG 2000 (Lossless Only)
	// RLE Lossless
	// Deflated Explicit VR Little Endian
	// Explicit VR Big Endian
	// JPEG Baseline (Process 1)
}

func TestTransferSyntaxes(t *testing.T) {
	t.Parallel()
	got, err := scp.TransferSyntaxes([]string{"htj2k-lossless", "implicit-le"}, nil)
	if d := cmp.Diff([]string{dataset.ImplicitVRLittleEndian, dataset.HTJ2KLossless, dataset.HTJ2KLosslessRPCL}, got); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	if _, err := scp.TransferSyntaxes([]string{"jpeg"}, nil); neckfrac.KindOf(err) != neckfrac.Invalid || err == nil {
		t.Errorf("an unknown word: %v", err)
	}
	// Every syntax that the reader knows has a word, so that it can be configured.
	named := 0
	for _, ts := range dataset.TransferSyntaxes() {
		all, err := scp.TransferSyntaxes(nil, []string{ts.UID})
		if err != nil || slices.Contains(all, ts.UID) == ts.Lossy {
			t.Errorf("%s: offered %v, %v", ts.Name, all, err)
		}
		named++
	}
	if named == 0 {
		t.Error("no syntax")
	}
}
