package phantom

import (
	"math"
	"time"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// doseSeries is the number that scanners give the series of their dose report.
const doseSeries = 999

// exposure is how the tube ran. It is drawn in a stream of its own and has no part in
// the picture.
type exposure struct {
	currentMA, rotationS, pitch, lengthMM, seconds float64
	ctdiMGy, dlpMGyCM                              float64
}

const (
	singleMM     = 0.625 // a detector row at the isocentre
	collimatedMM = 40.0
	// mGyPerMAs is the dose index of a 16 cm head phantom at 120 kV, per effective mAs.
	mGyPerMAs = 0.13
	// scoutSpeed is that of the table under a localizer, mm/s.
	scoutSpeed = 100.0
	// scoutLead is the time from the first localizer to the scan.
	scoutLead = 40 * time.Second
)

func (t *Study) expose() exposure {
	r := stream(t.Truth.Seed, "dose")
	e := exposure{currentMA: math.Round(r.between(160, 320)), rotationS: []float64{0.5, 0.75, 1}[r.IntN(3)],
		pitch: []float64{0.531, 0.656, 0.969}[r.IntN(3)], lengthMM: float64(t.Volume.Dims[2]) * t.Volume.SpacingMM[2]}
	e.seconds = e.lengthMM / (e.pitch * collimatedMM) * e.rotationS
	e.ctdiMGy = mGyPerMAs * e.currentMA * e.rotationS / e.pitch * math.Pow(float64(t.Truth.Scanner.KVP)/120, 2.5)
	e.dlpMGyCM = e.ctdiMGy * e.lengthMM / 10
	return e
}

// doseReport is an X-Ray Radiation Dose SR (PS3.3 §A.35.8) with the mandatory rows of
// TID 10011 "CT Radiation Dose", PS3.16.
func (t *Study) doseReport(n *names, at time.Time) (dataset.Meta, dataset.Dataset) {
	series, instance := n.other(DoseReport)
	uid := instance(0)
	date, clock := at.Format("20060102"), at.Format("150405.000000")
	ds := dataset.Dataset{
		dataset.NewText(dataset.TagSpecificCharacterSet, "ISO_IR 192"),
		dataset.NewText(dataset.TagSOPClassUID, dataset.XRayRadiationDoseSRStorage),
		dataset.NewText(dataset.TagSOPInstanceUID, uid),
		dataset.NewText(dataset.TagStudyDate, date),
		dataset.NewText(dataset.TagSeriesDate, date),
		dataset.NewText(dataset.TagContentDate, date),
		dataset.NewText(dataset.TagStudyTime, clock),
		dataset.NewText(dataset.TagSeriesTime, clock),
		dataset.NewText(dataset.TagContentTime, clock),
		dataset.NewText(dataset.TagAccessionNumber, n.accession),
		dataset.NewText(dataset.TagModality, "SR"),
		dataset.NewText(dataset.TagManufacturer, "NeckFrac"),
		dataset.NewText(dataset.TagReferringPhysicianName),
		dataset.NewText(dataset.TagTimezoneOffsetFromUTC, at.Format("-0700")),
		dataset.NewText(dataset.TagStudyDescription, "CT cervical spine"),
		dataset.NewText(dataset.TagSeriesDescription, SeriesDescription+" DOSE REPORT"),
		dataset.NewText(dataset.TagManufacturerModelName, t.Truth.Generator),
		dataset.NewSequence(dataset.TagReferencedPerformedProcedureStepSequence),
	}
	ds = append(ds, t.patient()...)
	ds = append(ds,
		dataset.NewText(dataset.TagDeviceSerialNumber, t.Truth.Generator),
		dataset.NewText(dataset.TagSoftwareVersions, t.Truth.Generator),
		dataset.NewText(dataset.TagStudyInstanceUID, n.study),
		dataset.NewText(dataset.TagSeriesInstanceUID, series),
		dataset.NewText(dataset.TagStudyID, "1"),
		dataset.NewInt(dataset.TagSeriesNumber, doseSeries),
		dataset.NewInt(dataset.TagInstanceNumber, 1),
	)
	root := container("", reportTitle, t.doseContent(n, at)...)
	root = root.Put(dataset.NewSequence(dataset.TagPerformedProcedureCodeSequence)).
		Put(dataset.NewText(dataset.TagCompletionFlag, "COMPLETE")).
		Put(dataset.NewText(dataset.TagVerificationFlag, "UNVERIFIED")).
		Put(dataset.NewSequence(dataset.TagContentTemplateSequence, dataset.Dataset{
			dataset.NewText(dataset.TagMappingResource, "DCMR"), dataset.NewText(dataset.TagTemplateIdentifier, "10011"),
		}))
	return metaOf(dataset.XRayRadiationDoseSRStorage, uid), append(ds, root...)
}

// doseContent is what hangs under the root of TID 10011, in the order of its rows.
func (t *Study) doseContent(n *names, at time.Time) []dataset.Dataset {
	e := t.expose()
	start := at
	const stamp = "20060102150405.000000" // (0008,0201) has the offset
	end := at.Add(time.Duration(e.seconds * float64(time.Second)))
	events := []dataset.Dataset{t.spiral(n, e)}
	if t.form.has(Localizer) {
		events = append([]dataset.Dataset{t.scout(n, 0), t.scout(n, 1)}, events...)
		start = at.Add(-scoutLead)
	}
	out := []dataset.Dataset{
		coded("HAS CONCEPT MOD", procedureReported, ctExam, coded("HAS CONCEPT MOD", hasIntent, diagnostic)),
		coded("HAS OBS CONTEXT", observerType, device),
		uidRef("HAS OBS CONTEXT", observerUID, implementationUID),
		text("HAS OBS CONTEXT", observerName, "NeckFrac "+t.Truth.Generator),
		moment("HAS OBS CONTEXT", irradiationStart, start.Format(stamp)),
		moment("HAS OBS CONTEXT", irradiationEnd, end.Format(stamp)),
		coded("HAS OBS CONTEXT", accumulation, wholeStudy, uidRef("HAS PROPERTIES", studyUID, n.study)),
		container("CONTAINS", accumulated,
			number(eventCount, float64(len(events)), perEvent), number(dlpTotal, e.dlpMGyCM, milligrayCM)),
	}
	out = append(out, events...)
	return append(out, coded("CONTAINS", doseSource, automated))
}

// spiral is the event of the main series, TID 10013.
func (t *Study) spiral(n *names, e exposure) dataset.Dataset {
	return container("CONTAINS", ctAcquisition,
		text("CONTAINS", protocolName, "C-SPINE "+t.Truth.Scanner.Protocol),
		coded("CONTAINS", targetRegion, cervicalSpine),
		coded("CONTAINS", acquisitionType, spiralScan),
		uidRef("CONTAINS", eventUID, n.event("spiral")),
		container("CONTAINS", parameters,
			number(exposureTime, e.seconds, seconds), number(scanningLength, e.lengthMM, millimetre),
			number(singleCollimation, singleMM, millimetre), number(totalCollimation, collimatedMM, millimetre),
			number(pitchFactor, e.pitch, ratio), number(sourceCount, 1, perSource),
			container("CONTAINS", sourceParameters,
				text("CONTAINS", sourceName, "A"), number(kvp, float64(t.Truth.Scanner.KVP), kilovolt),
				number(maxCurrent, e.currentMA, milliampere), number(meanCurrent, e.currentMA, milliampere),
				number(rotationTime, e.rotationS, seconds))),
		container("CONTAINS", ctDose,
			number(meanCTDI, e.ctdiMGy, milligray), coded("CONTAINS", ctdiPhantom, headPhantom), number(dlp, e.dlpMGyCM, milligrayCM)),
	)
}

// scout is the event of one localizer image; its dose is not stated (row 21: a constant
// angle needs none).
func (t *Study) scout(n *names, i int) dataset.Dataset {
	length := float64(t.Volume.Dims[2]) * t.Volume.SpacingMM[2]
	return container("CONTAINS", ctAcquisition,
		coded("CONTAINS", targetRegion, cervicalSpine),
		coded("CONTAINS", acquisitionType, constantAngle),
		uidRef("CONTAINS", eventUID, n.event([]string{"frontal", "lateral"}[i])),
		container("CONTAINS", parameters,
			number(exposureTime, length/scoutSpeed, seconds), number(scanningLength, length, millimetre),
			number(singleCollimation, singleMM, millimetre), number(totalCollimation, singleMM*8, millimetre),
			number(sourceCount, 1, perSource),
			container("CONTAINS", sourceParameters,
				text("CONTAINS", sourceName, "A"), number(kvp, 120, kilovolt),
				number(maxCurrent, 20, milliampere), number(meanCurrent, 20, milliampere))),
	)
}
