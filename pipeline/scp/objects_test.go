package scp_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
)

// Rows of docs/conformance/reliability.md whose input has to reach the storage SCP as bytes
// that no writer makes.

// raw is an element of explicit VR little endian with a four-byte length that may lie.
func raw(tag dataset.Tag, vr string, length uint32, value []byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, tag.Group())
	b = binary.LittleEndian.AppendUint16(b, tag.Element())
	b = append(b, vr...)
	b = append(b, 0, 0)
	return append(binary.LittleEndian.AppendUint32(b, length), value...)
}

// before puts bytes in front of the pixels of a slice.
func before(t *testing.T, uid string, add []byte) []byte {
	t.Helper()
	whole := encode(t, ct(uid))
	at := bytes.Index(whole, []byte{0xE0, 0x7F, 0x10, 0x00})
	return slices.Concat(whole[:at], add, whole[at:])
}

// TestDeepNestingIsRefused (D1): neither a stack nor memory grows with it.
func TestDeepNestingIsRefused(t *testing.T) {
	t.Parallel()
	d := newDirect(t)
	uid := seriesUID + ".1"
	open := append(raw(0x00400555, "SQ", 0xFFFFFFFF, nil), 0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF)
	closed := []byte{0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0}
	for _, depth := range []int{64, 65, 100, 10_000, 1_000_000} {
		want := dimse.Status(0xC000)
		if depth <= 64 {
			want = dimse.Success
		}
		body := before(t, uid, append(bytes.Repeat(open, depth), bytes.Repeat(closed, depth)...))
		if got := d.put(t, dataset.CTImageStorage, uid, dataset.ExplicitVRLittleEndian, body); got != want {
			t.Errorf("depth %d: status %v, want %v", depth, got, want)
		}
	}
}

// TestLengthThatLiesIsRefused (D2): one length of 4 GiB, and elements without end.
func TestLengthThatLiesIsRefused(t *testing.T) {
	t.Parallel()
	d := newDirect(t)
	uid := seriesUID + ".1"
	for name, add := range map[string][]byte{
		"4 GiB": raw(0x00400554, "UT", 0xFFFFFFFE, []byte("few")), "5 MiB that are there": raw(0x00400554, "UT", 5<<20, make([]byte, 5<<20)),
		"many": bytes.Repeat(raw(0x00091001, "UN", 0, nil), 20_001), "16 MiB in parts": bytes.Repeat(raw(0x00091001, "UN", 1<<20, make([]byte, 1<<20)), 16),
	} {
		if got := d.put(t, dataset.CTImageStorage, uid, dataset.ExplicitVRLittleEndian, before(t, uid, add)); got != 0xC000 {
			t.Errorf("%s: status %v", name, got)
		}
	}
	if got := d.instances(t); len(got) != 0 {
		t.Errorf("%d rows", len(got))
	}
}

// TestSloppyDataSets (D13): read as what they say, or refused; never half.
func TestSloppyDataSets(t *testing.T) {
	t.Parallel()
	uid := seriesUID + ".1"
	good := encode(t, ct(uid))
	name := []byte("NF-TEST-1 ")
	for _, tc := range []struct {
		name string
		body []byte
		want dimse.Status
	}{
		{"private element as UN", before(t, uid, raw(0x00291010, "UN", 4, []byte("abcd"))), dimse.Success},
		{"unknown VR", before(t, uid, raw(0x00291010, "ZZ", 4, []byte("abcd"))), dimse.Success},
		{"tags out of order", before(t, uid, raw(0x00080005, "UN", 4, []byte("abcd"))), dimse.Success},
		{"a tag twice, first counts", before(t, uid, raw(dataset.TagPatientID, "UN", uint32(len(name)), []byte("NF-TEST-2 "))), dimse.Success},
		{"no sequence delimiter", before(t, uid, raw(0x00400555, "SQ", 0xFFFFFFFF, nil)), 0xC000},
		{"VR that is none", before(t, uid, raw(0x00291010, "\x01\x02", 4, []byte("abcd"))), 0xC000},
		{"implicit after explicit", before(t, uid, []byte{0x29, 0, 0x10, 0x10, 4, 0, 0, 0, 'a', 'b', 'c', 'd'}), 0xC000},
		{"big endian in little", slices.Concat([]byte{0x00, 0x08, 0x00, 0x05, 'C', 'S', 0x00, 0x02, 'a', 'b'}, good), 0xC000},
		{"group length that lies", slices.Concat([]byte{0x08, 0x00, 0x00, 0x00, 'U', 'L', 4, 0, 0xFF, 0xFF, 0xFF, 0x7F}, good), dimse.Success},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := newDirect(t)
			if got := d.put(t, dataset.CTImageStorage, uid, dataset.ExplicitVRLittleEndian, tc.body); got != tc.want {
				t.Fatalf("status %v, want %v", got, tc.want)
			}
			recs, err := d.ledger.Find(t.Context(), neckfrac.StudyQuery{})
			if err != nil || (len(recs) == 1) != (tc.want == dimse.Success) {
				t.Fatalf("%d studies, %v", len(recs), err)
			}
			if len(recs) == 1 && recs[0].Study.Patient.Key.ID != "NF-TEST-1" {
				t.Errorf("patient %q", recs[0].Study.Patient.Key.ID)
			}
		})
	}
}

// TestLongTextIsCut (D14): what is kept of a header has the length of its VR, however much
// was sent, and its characters stay whole.
func TestLongTextIsCut(t *testing.T) {
	t.Parallel()
	d := newDirect(t)
	uid := seriesUID + ".1"
	ds := ct(uid, dataset.NewText(dataset.TagSpecificCharacterSet, "ISO_IR 192"), dataset.NewText(dataset.TagStudyDescription, strings.Repeat("é", 1000)))
	ds = ds.Put(dataset.Element{Tag: dataset.TagPatientName, VR: dataset.UT, Value: []byte(strings.Repeat("ÄB", 1<<19))})
	if got := d.put(t, dataset.CTImageStorage, uid, dataset.ExplicitVRLittleEndian, encode(t, ds)); got != dimse.Success {
		t.Fatalf("status %v", got)
	}
	recs, err := d.ledger.Find(t.Context(), neckfrac.StudyQuery{})
	if err != nil || len(recs) != 1 {
		t.Fatalf("%d studies, %v", len(recs), err)
	}
	s := recs[0].Study
	if n := len(s.Patient.Name); n > 5*64+2 || !strings.HasPrefix(s.Patient.Name, "ÄB") || strings.Contains(s.Patient.Name, "\uFFFD") {
		t.Errorf("%d bytes of name kept: %.20q", n, s.Patient.Name)
	}
	if s.Description != strings.Repeat("é", 32) {
		t.Errorf("description %q", s.Description)
	}
	ten := ct(seriesUID+".2", dataset.Element{Tag: dataset.TagPatientName, VR: dataset.UT, Value: bytes.Repeat([]byte("A"), 10<<20)})
	if got := d.put(t, dataset.CTImageStorage, seriesUID+".2", dataset.ExplicitVRLittleEndian, encode(t, ten)); got != 0xC000 {
		t.Errorf("10 MiB of name: status %v", got)
	}
}

// TestPolyglotPreambleIsDropped (D12): by STOW-RS a whole file comes, its first 128 bytes
// anything: a program, an archive, a page.
func TestPolyglotPreambleIsDropped(t *testing.T) {
	t.Parallel()
	for _, start := range []string{"MZ\x90\x00", "\x7fELF", "II*\x00", "<html><script>"} {
		b := newWebBench(t)
		file := part10(t, dataset.ExplicitVRLittleEndian, ct(seriesUID+".1"))
		copy(file, start)
		if w := b.post("/studies", file); w.Code != 200 {
			t.Fatalf("%q: %d %s", start, w.Code, w.Body)
		}
		n := 0
		err := b.blobs.Walk(t.Context(), func(ref neckfrac.BlobRef) error {
			f, err := b.blobs.Open(t.Context(), ref)
			if err != nil {
				return err
			}
			defer f.Close()
			stored := make([]byte, 132)
			if _, err := io.ReadFull(f, stored); err != nil {
				return err
			}
			if n++; !bytes.Equal(stored, append(make([]byte, 128), "DICM"...)) {
				t.Errorf("%q: stored preamble %q", start, stored)
			}
			return nil
		})
		if err != nil || n != 1 {
			t.Errorf("%q: %d objects, %v", start, n, err)
		}
	}
}
