package fhir_test

import (
	"strings"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/fhir"
)

// The cases of the goldens. All people and numbers are invented.

var (
	berlin  = time.FixedZone("", 3600)
	scanned = time.Date(2026, 11, 23, 13, 2, 5, 0, time.UTC)
	made    = time.Date(2026, 11, 23, 13, 6, 40, 0, time.UTC)
	pngFile = []byte("\x89PNG\r\n\x1a\n synthetic")
)

func site() fhir.Site {
	return fhir.Site{
		BaseURL:      "https://neckfrac.example.org/fhir",
		Organization: "Example Hospital",
		Identities: neckfrac.IdentityMap{
			{Issuer: "EXAMPLE", FHIRSystem: "https://example.org/id/mrn", FHIRServer: "https://ehr.example.org/fhir"},
			{Issuer: neckfrac.PhantomIssuer, FHIRSystem: "urn:neckfrac:phantom"},
		},
		Zone:     berlin,
		Software: "1.0.0",
	}
}

func study() neckfrac.Study {
	return neckfrac.Study{
		ID: "st7q2m9x", UID: "1.2.826.0.1.3680043.10.999.1", Accession: "A-1001",
		Patient:     neckfrac.Patient{Key: neckfrac.PatientKey{Issuer: "EXAMPLE", ID: "000417"}, Name: "Example^Erika", AgeYears: 61},
		Started:     scanned,
		Description: "C-SPINE NORMAL?", From: "CT1", State: neckfrac.StudyAssessed, LastReceived: made.Add(-2 * time.Minute),
		Series: []neckfrac.Series{
			{UID: "1.2.826.0.1.3680043.10.999.1.1", Modality: "CT", Number: 1, Description: "scout", Count: 2},
			{UID: "1.2.826.0.1.3680043.10.999.1.2", Modality: "CT", Number: 2, Description: "bone", Count: 240},
			{UID: "1.2.826.0.1.3680043.10.999.1.3", Modality: "sr x", Number: 3, Count: 1},
		},
	}
}

func decision() neckfrac.Decision {
	point := func(n neckfrac.PointName, patient, level float64) neckfrac.OperatingPoint {
		return neckfrac.OperatingPoint{
			Name: n, Patient: neckfrac.Threshold{Probability: patient}, Level: neckfrac.Threshold{Probability: level},
			Validation: "example set, 300 studies",
		}
	}
	return neckfrac.Decision{
		Points: []neckfrac.OperatingPoint{
			point(neckfrac.PointSecondLook, 0.2, 0.15), point(neckfrac.PointBalanced, 0.5, 0.4), point(neckfrac.PointAlert, 0.8, 0.75),
		},
		Grades: neckfrac.GradeBands{Low: 0.15, Medium: 0.6, High: 0.85},
		Flag:   neckfrac.PointBalanced,
	}
}

// assessment has every level in field and no flag.
func assessment() neckfrac.Assessment {
	a := neckfrac.Assessment{
		ID: "as-4k2z", StudyID: "st7q2m9x", StudyUID: "1.2.826.0.1.3680043.10.999.1", Revision: 1,
		Status: neckfrac.Analysed, Created: made, T0: made.Add(-time.Minute),
		Presence: neckfrac.NotFlagged, Probability: 0.06,
		Series: "1.2.826.0.1.3680043.10.999.1.2", Slices: 240, Contrast: neckfrac.ContrastNone,
		Pack: neckfrac.PackID{
			ID: "neckfrac-example", Version: "2026.11.1", Domain: neckfrac.DomainPatients,
			Digest: "9f2c41d07be58a6633d19e04c7a2b85ef01d6c48a97e3b52d0f6148cbe7a9d13",
		},
		Decision: decision(), Profile: neckfrac.Reading,
	}
	for i, l := range neckfrac.Vertebrae() {
		a.Findings = append(a.Findings, neckfrac.Finding{Vertebra: l, Presence: neckfrac.NotFlagged, Probability: 0.01 * float64(i+1)})
	}
	return a
}

func suspect(a *neckfrac.Assessment, l neckfrac.Vertebra, p float64, point neckfrac.PointName, g neckfrac.Grade) {
	a.Findings[l.Index()] = neckfrac.Finding{Vertebra: l, Presence: neckfrac.Suspected, Probability: p, Point: point, Grade: g}
	a.Presence, a.Probability, a.Point, a.Grade = neckfrac.Suspected, p, point, g
	for _, plane := range neckfrac.Planes() {
		a.Artefacts = append(a.Artefacts, neckfrac.Artefact{
			ID:   neckfrac.ArtefactID("img-" + strings.ToLower(l.String()) + "-" + string(plane)),
			Kind: neckfrac.ArtefactKeyImage, Vertebra: l, Plane: plane, Marked: true, ContentType: "image/png",
			Blob: neckfrac.BlobRef{Digest: strings.Repeat("ab", 32), Size: int64(len(pngFile))},
		})
	}
	a.Artefacts = append(a.Artefacts, neckfrac.Artefact{ID: "preview-1", Kind: neckfrac.ArtefactPreview, ContentType: "application/gzip"})
}

type goldenCase struct {
	name string
	view fhir.View
}

// with makes a case from the plain study and a changed assessment.
func with(name string, change func(*fhir.View, *neckfrac.Assessment)) goldenCase {
	a := assessment()
	v := fhir.View{Site: site(), Study: study(), ReadStatus: neckfrac.ReadStatus{Feed: true, AsOf: made.Add(time.Minute)}}
	change(&v, &a)
	v.Assessment = &a
	return goldenCase{name, v}
}

func cases() []goldenCase {
	refuse := func(a *neckfrac.Assessment, r neckfrac.Reason) {
		a.Status, a.Reason, a.Findings, a.Presence, a.Probability = neckfrac.NotAnalysed, r, nil, neckfrac.Indeterminate, 0
	}
	registered := fhir.View{Site: site(), Study: study()}
	registered.Study.State = neckfrac.StudyReceiving
	registered.Study.Started = time.Time{}
	return []goldenCase{
		with("none-flagged", func(*fhir.View, *neckfrac.Assessment) {}),
		with("one", func(v *fhir.View, a *neckfrac.Assessment) {
			v.PatientReference = "https://ehr.example.org/fhir/Patient/p-77"
			suspect(a, neckfrac.C5, 0.93, neckfrac.PointAlert, neckfrac.GradeHigh)
		}),
		with("many", func(v *fhir.View, a *neckfrac.Assessment) {
			v.ReadStatus.Received = made.Add(8 * time.Minute)
			suspect(a, neckfrac.C2, 0.55, neckfrac.PointBalanced, neckfrac.GradeLow)
			a.Artefacts = nil
			suspect(a, neckfrac.C6, 0.71, neckfrac.PointBalanced, neckfrac.GradeMedium)
		}),
		with("indeterminate", func(v *fhir.View, a *neckfrac.Assessment) {
			v.ReadStatus = neckfrac.ReadStatus{}
			a.Presence, a.Limits = neckfrac.Indeterminate, []neckfrac.Reason{neckfrac.LevelAmbiguous}
			for i := range a.Findings {
				a.Findings[i].Presence = neckfrac.Indeterminate
			}
		}),
		with("partial", func(v *fhir.View, a *neckfrac.Assessment) {
			a.Limits = []neckfrac.Reason{neckfrac.CoverageLimited}
			a.Findings[neckfrac.C6.Index()] = neckfrac.Finding{Vertebra: neckfrac.C6, Presence: neckfrac.NotImaged, Coverage: neckfrac.CoveragePartial}
			a.Findings[neckfrac.C7.Index()] = neckfrac.Finding{Vertebra: neckfrac.C7, Presence: neckfrac.NotImaged}
		}),
		with("limited", func(v *fhir.View, a *neckfrac.Assessment) {
			a.Limits = []neckfrac.Reason{neckfrac.AgeUnknown, neckfrac.Metal}
			suspect(a, neckfrac.C1, 0.41, neckfrac.PointBalanced, neckfrac.GradeLow)
		}),
		with("refused", func(v *fhir.View, a *neckfrac.Assessment) {
			refuse(a, neckfrac.CoverageShort)
			a.ReasonLevel = neckfrac.C2
		}),
		with("identity-conflict", func(v *fhir.View, a *neckfrac.Assessment) {
			v.Study.Conflict = true
			refuse(a, neckfrac.IdentityConflict)
			a.Pack = neckfrac.PackID{}
		}),
		with("withdrawn", func(v *fhir.View, a *neckfrac.Assessment) {
			refuse(a, "")
			a.Status, a.Revision, a.Series, a.Slices, a.Contrast = neckfrac.Withdrawn, 2, "", 0, ""
		}),
		{"registered", registered},
		with("revised", func(v *fhir.View, a *neckfrac.Assessment) {
			a.ID, a.Revision, a.Created = "as-9p0c", 2, made.Add(9*time.Minute)
			suspect(a, neckfrac.C7, 0.88, neckfrac.PointAlert, neckfrac.GradeHigh)
		}),
		with("triage", func(v *fhir.View, a *neckfrac.Assessment) {
			a.Profile = neckfrac.Triage
			suspect(a, neckfrac.C5, 0.93, neckfrac.PointAlert, neckfrac.GradeHigh)
		}),
		with("triage-refused", func(v *fhir.View, a *neckfrac.Assessment) {
			refuse(a, neckfrac.CoverageShort)
			a.Profile, a.ReasonLevel = neckfrac.Triage, neckfrac.C2
		}),
		with("research", func(v *fhir.View, a *neckfrac.Assessment) {
			a.Profile = neckfrac.Research
			suspect(a, neckfrac.C4, 0.62, neckfrac.PointBalanced, neckfrac.GradeMedium)
		}),
		with("synthetic", func(v *fhir.View, a *neckfrac.Assessment) {
			v.Study.Patient.Key = neckfrac.PatientKey{Issuer: neckfrac.PhantomIssuer, ID: "NF-TEST-0007"}
			v.Site.AIAssertedLabel = true
			a.Pack.ID, a.Pack.Domain = "demo", neckfrac.DomainSynthetic
			suspect(a, neckfrac.C3, 0.97, neckfrac.PointAlert, neckfrac.GradeHigh)
		}),
	}
}

// binaries are the key images' bytes that a collection needs to be whole.
func binaries(v fhir.View) []fhir.Resource {
	var out []fhir.Resource
	for _, m := range fhir.Media(v) {
		for _, a := range v.Assessment.Artefacts {
			if string(a.ID) == m.ID() {
				out = append(out, fhir.Binary(v, a, pngFile))
			}
		}
	}
	return out
}
