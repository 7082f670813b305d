package scp

import (
	"strconv"
	"strings"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// Peer says what is configured for the calling AE.
type Peer struct {
	AETitle neckfrac.AETitle
	// Issuer stands in where the data set names none (contract.md, Patient identity).
	Issuer string
	// Zone is the peer's time zone where the data set names none.
	Zone *time.Location
	// Reportable says that an address of the peer's is configured for reports.
	Reportable bool
}

// maxText bounds the text we keep of a header; PN is the longest that we need.
const maxText = 5*64 + 2

// ReadArrival takes the study, series and instance facts of a header that was read with
// bounds; ts is the transfer syntax it came in. A UID that breaks its grammar is Invalid.
func ReadArrival(ds dataset.Dataset, ts string, peer Peer, now time.Time) (neckfrac.Arrival, error) {
	var a neckfrac.Arrival
	var err error
	if a.Study.UID, err = neckfrac.ParseStudyUID(text(ds, dataset.TagStudyInstanceUID)); err != nil {
		return a, neckfrac.E("arrival: study", err)
	}
	if a.Series.UID, err = neckfrac.ParseSeriesUID(text(ds, dataset.TagSeriesInstanceUID)); err != nil {
		return a, neckfrac.E("arrival: series", err)
	}
	if a.Instance.UID, err = neckfrac.ParseInstanceUID(text(ds, dataset.TagSOPInstanceUID)); err != nil {
		return a, neckfrac.E("arrival: instance", err)
	}
	zone := headerZone(ds, peer.Zone)
	a.Study.Started = dateTime(text(ds, dataset.TagStudyDate), text(ds, dataset.TagStudyTime), zone)
	a.Study.Patient = patient(ds, peer, a.Study.Started)
	a.Study.Accession = neckfrac.AccessionNumber(clip(text(ds, dataset.TagAccessionNumber), 16))
	if item, ok := ds.Item(dataset.TagIssuerOfAccessionNumberSequence); ok {
		a.Study.AccessionIssuer = clip(text(item, dataset.TagLocalNamespaceEntityID), 64)
	}
	a.Study.Description = clip(text(ds, dataset.TagStudyDescription), 64)
	a.Study.From, a.Study.LastReceived = peer.AETitle, now
	a.Series.Modality = clip(text(ds, dataset.TagModality), 16)
	a.Series.Number = number(ds, dataset.TagSeriesNumber)
	a.Series.Description = clip(text(ds, dataset.TagSeriesDescription), 64)
	a.Instance.SOPClassUID = text(ds, dataset.TagSOPClassUID)
	a.Instance.TransferSyntaxUID = ts
	a.Instance.Number = number(ds, dataset.TagInstanceNumber)
	a.Instance.Received = now
	a.Placement = readPlacement(ds, a.Instance.SOPClassUID)
	return a, nil
}

func patient(ds dataset.Dataset, peer Peer, started time.Time) neckfrac.Patient {
	p := neckfrac.Patient{
		Key:       neckfrac.PatientKey{Issuer: issuer(ds, peer), ID: clip(text(ds, dataset.TagPatientID), 64)},
		Name:      clip(text(ds, dataset.TagPatientName), maxText),
		BirthDate: clip(text(ds, dataset.TagPatientBirthDate), 8),
		Sex:       clip(text(ds, dataset.TagPatientSex), 1),
		AgeYears:  -1,
	}
	if y, ok := ageYears(text(ds, dataset.TagPatientAge)); ok {
		p.AgeYears = y
	} else if born, err := time.Parse("20060102", p.BirthDate); err == nil && !started.IsZero() {
		p.AgeYears = yearsBetween(born, started)
	}
	return p
}

// issuer follows contract.md: the data set's own word, then its qualifiers, then the
// peer's configured authority, else unknown.
func issuer(ds dataset.Dataset, peer Peer) string {
	if s := text(ds, dataset.TagIssuerOfPatientID); s != "" {
		return clip(s, 64)
	}
	if item, ok := ds.Item(dataset.TagIssuerOfPatientIDQualifiersSequence); ok {
		if s := text(item, dataset.TagUniversalEntityID); s != "" {
			return clip(s, 128)
		}
	}
	return peer.Issuer
}

// ageYears reads an AS value (PS3.5 §6.2): 018Y, 006M, 010W, 003D.
func ageYears(s string) (int, bool) {
	if len(s) != 4 {
		return 0, false
	}
	n, err := strconv.Atoi(s[:3])
	if err != nil || n < 0 {
		return 0, false
	}
	switch s[3] {
	case 'Y':
		return n, true
	case 'M':
		return n / 12, true
	case 'W':
		return n / 52, true
	case 'D':
		return n / 365, true
	}
	return 0, false
}

func yearsBetween(born, at time.Time) int {
	y := at.Year() - born.Year()
	if at.Month() < born.Month() || at.Month() == born.Month() && at.Day() < born.Day() {
		y--
	}
	if y < 0 {
		return -1
	}
	return y
}

// headerZone is TimezoneOffsetFromUTC (0008,0201), else the peer's zone.
func headerZone(ds dataset.Dataset, peer *time.Location) *time.Location {
	if t, err := time.Parse("-0700", text(ds, dataset.TagTimezoneOffsetFromUTC)); err == nil {
		return t.Location()
	}
	if peer != nil {
		return peer
	}
	return time.UTC
}

// dateTime joins DA and TM; a time without a date means nothing, a date without a
// time is its midnight.
func dateTime(da, tm string, zone *time.Location) time.Time {
	day, err := time.ParseInLocation("20060102", da, zone)
	if err != nil {
		return time.Time{}
	}
	tm, _, _ = strings.Cut(tm, ".")
	for _, layout := range []string{"150405", "1504", "15"} {
		if t, err := time.Parse(layout, tm); err == nil {
			return time.Date(day.Year(), day.Month(), day.Day(), t.Hour(), t.Minute(), t.Second(), 0, zone).UTC()
		}
	}
	return day.UTC()
}

func text(ds dataset.Dataset, tag dataset.Tag) string {
	s, _ := ds.Text(tag)
	return strings.TrimSpace(s)
}

func number(ds dataset.Dataset, tag dataset.Tag) int {
	n, ok := ds.Int(tag)
	if !ok || n > 1<<31-1 || n < -1<<31 {
		return 0
	}
	return int(n)
}

// clip cuts at n bytes without splitting a rune.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
