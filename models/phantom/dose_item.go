package phantom

import (
	"math"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// code is a coded concept, PS3.3 §8.8: value, scheme, meaning.
type code [3]string

func (c code) sequence(tag dataset.Tag) dataset.Element {
	return dataset.NewSequence(tag, dataset.Dataset{
		dataset.NewText(dataset.TagCodeValue, c[0]), dataset.NewText(dataset.TagCodingSchemeDesignator, c[1]), dataset.NewText(dataset.TagCodeMeaning, c[2]),
	})
}

// Concepts of TID 1002 and 10011 to 10013, PS3.16.
var (
	reportTitle       = code{"113701", "DCM", "X-Ray Radiation Dose Report"}
	procedureReported = code{"121058", "DCM", "Procedure reported"}
	ctExam            = code{"77477000", "SCT", "Computed Tomography X-Ray"}
	hasIntent         = code{"363703001", "SCT", "Has Intent"}
	diagnostic        = code{"261004008", "SCT", "Diagnostic Intent"}
	observerType      = code{"121005", "DCM", "Observer Type"}
	device            = code{"121007", "DCM", "Device"}
	observerUID       = code{"121012", "DCM", "Device Observer UID"}
	observerName      = code{"121013", "DCM", "Device Observer Name"}
	irradiationStart  = code{"113809", "DCM", "Start of X-Ray Irradiation"}
	irradiationEnd    = code{"113810", "DCM", "End of X-Ray Irradiation"}
	accumulation      = code{"113705", "DCM", "Scope of Accumulation"}
	wholeStudy        = code{"113014", "DCM", "Study"}
	studyUID          = code{"110180", "DCM", "Study Instance UID"}
	accumulated       = code{"113811", "DCM", "CT Accumulated Dose Data"}
	eventCount        = code{"113812", "DCM", "Total Number of Irradiation Events"}
	dlpTotal          = code{"113813", "DCM", "CT Dose Length Product Total"}
	ctAcquisition     = code{"113819", "DCM", "CT Acquisition"}
	protocolName      = code{"125203", "DCM", "Acquisition Protocol"}
	targetRegion      = code{"123014", "DCM", "Target Region"}
	cervicalSpine     = code{"122494005", "SCT", "Cervical spine"}
	acquisitionType   = code{"113820", "DCM", "CT Acquisition Type"}
	spiralScan        = code{"116152004", "SCT", "Spiral Acquisition"}
	constantAngle     = code{"113805", "DCM", "Constant Angle Acquisition"}
	eventUID          = code{"113769", "DCM", "Irradiation Event UID"}
	parameters        = code{"113822", "DCM", "CT Acquisition Parameters"}
	exposureTime      = code{"113824", "DCM", "Exposure Time"}
	scanningLength    = code{"113825", "DCM", "Scanning Length"}
	singleCollimation = code{"113826", "DCM", "Nominal Single Collimation Width"}
	totalCollimation  = code{"113827", "DCM", "Nominal Total Collimation Width"}
	pitchFactor       = code{"113828", "DCM", "Pitch Factor"}
	sourceCount       = code{"113823", "DCM", "Number of X-Ray Sources"}
	sourceParameters  = code{"113831", "DCM", "CT X-Ray Source Parameters"}
	sourceName        = code{"113832", "DCM", "Identification of the X-Ray Source"}
	kvp               = code{"113733", "DCM", "KVP"}
	maxCurrent        = code{"113833", "DCM", "Maximum X-Ray Tube Current"}
	meanCurrent       = code{"113734", "DCM", "X-Ray Tube Current"}
	rotationTime      = code{"113834", "DCM", "Exposure Time per Rotation"}
	ctDose            = code{"113829", "DCM", "CT Dose"}
	meanCTDI          = code{"113830", "DCM", "Mean CTDIvol"}
	ctdiPhantom       = code{"113835", "DCM", "CTDIw Phantom Type"}
	headPhantom       = code{"113690", "DCM", "IEC Head Dosimetry Phantom"}
	dlp               = code{"113838", "DCM", "DLP"}
	doseSource        = code{"113854", "DCM", "Source of Dose Information"}
	automated         = code{"113856", "DCM", "Automated Data Collection"}
)

// Units.
var (
	perEvent    = code{"{events}", "UCUM", "events"}
	perSource   = code{"{X-Ray sources}", "UCUM", "X-Ray sources"}
	ratio       = code{"{ratio}", "UCUM", "ratio"}
	seconds     = code{"s", "UCUM", "s"}
	millimetre  = code{"mm", "UCUM", "mm"}
	kilovolt    = code{"kV", "UCUM", "kV"}
	milliampere = code{"mA", "UCUM", "mA"}
	milligray   = code{"mGy", "UCUM", "mGy"}
	milligrayCM = code{"mGy.cm", "UCUM", "mGy.cm"}
)

// item is a content item, PS3.3 §C.17.3. relation is empty for the root.
func item(relation, kind string, name code, value []dataset.Element, under []dataset.Dataset) dataset.Dataset {
	var ds dataset.Dataset
	if relation != "" {
		ds = append(ds, dataset.NewText(dataset.TagRelationshipType, relation))
	}
	ds = append(ds, dataset.NewText(dataset.TagValueType, kind), name.sequence(dataset.TagConceptNameCodeSequence))
	ds = append(ds, value...)
	if len(under) > 0 {
		ds = append(ds, dataset.NewSequence(dataset.TagContentSequence, under...))
	}
	return ds
}

func container(relation string, name code, under ...dataset.Dataset) dataset.Dataset {
	return item(relation, "CONTAINER", name, []dataset.Element{dataset.NewText(dataset.TagContinuityOfContent, "SEPARATE")}, under)
}

func coded(relation string, name, value code, under ...dataset.Dataset) dataset.Dataset {
	return item(relation, "CODE", name, []dataset.Element{value.sequence(dataset.TagConceptCodeSequence)}, under)
}

func text(relation string, name code, value string) dataset.Dataset {
	return item(relation, "TEXT", name, []dataset.Element{dataset.NewText(dataset.TagTextValue, value)}, nil)
}

func uidRef(relation string, name code, value string) dataset.Dataset {
	return item(relation, "UIDREF", name, []dataset.Element{dataset.NewText(dataset.TagUID, value)}, nil)
}

func moment(relation string, name code, value string) dataset.Dataset {
	return item(relation, "DATETIME", name, []dataset.Element{dataset.NewText(dataset.TagDateTime, value)}, nil)
}

// number is a contained measurement, rounded to thousandths.
func number(name code, value float64, unit code) dataset.Dataset {
	return item("CONTAINS", "NUM", name, []dataset.Element{dataset.NewSequence(dataset.TagMeasuredValueSequence, dataset.Dataset{
		unit.sequence(dataset.TagMeasurementUnitsCodeSequence),
		dataset.NewFloat(dataset.TagNumericValue, math.Round(value*1000)/1000),
	})}, nil)
}
