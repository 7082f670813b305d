package neckfrac

// Code is a coded concept as other systems know it. SNOMED CT codes carry no
// Display unless it is SNOMED's own term; the human word is Text.
type Code struct {
	System  string
	Value   string
	Display string
	Text    string
}

// Code systems, by the URI that FHIR R4 gives them.
const (
	LOINC  = "http://loinc.org"
	SNOMED = "http://snomed.info/sct"
	DCM    = "http://dicom.nema.org/resources/ontology/DCM"
	UCUM   = "http://unitsofmeasure.org"
	// OwnSystem is our code system for flags and grades: no published one has a word
	// for "an algorithm suspects" that does not also read as a finding.
	OwnSystem = "urn:neckfrac:codesystem:ai-flag"
	// AssessmentSystem is the identifier system of AssessmentID.
	AssessmentSystem = "urn:neckfrac:assessment"
)

// Procedure codes of the study, by contrast state.
var (
	CodeCTCervicalSpine        = Code{LOINC, "24932-6", "CT Cervical spine", "CT of the cervical spine"}
	CodeCTCervicalSpineWith    = Code{LOINC, "24933-4", "CT Cervical spine W contrast IV", "CT of the cervical spine with contrast"}
	CodeCTCervicalSpineWithout = Code{LOINC, "30592-0", "CT Cervical spine WO contrast", "CT of the cervical spine without contrast"}
	CodeRadiology              = Code{LOINC, "LP29684-5", "Radiology", "Radiology"}
)

// Anatomy and observation codes.
var (
	CodeCervicalSpine = Code{System: SNOMED, Value: "122494005", Text: "Cervical spine"}
	CodeCT            = Code{DCM, "CT", "Computed Tomography", "Computed Tomography"}
)

// Own concepts.
var (
	CodeFractureFlag  = Code{OwnSystem, "ai-fracture-flag", "AI fracture flag", "AI flag for a possible fracture"}
	CodeSeverityGrade = Code{OwnSystem, "ai-severity-grade", "AI severity grade", "AI severity grade (probability band; does not measure displacement, stability or cord risk)"}
	CodeProbability   = Code{OwnSystem, "ai-probability", "AI probability", "Calibrated probability of a visible fracture"}
	CodeFlagged       = Code{OwnSystem, "flagged", "Flagged", "flagged"}
	CodeNotFlagged    = Code{OwnSystem, "not-flagged", "Not flagged", "not flagged"}
	CodeIndeterminate = Code{OwnSystem, "indeterminate", "Indeterminate", "indeterminate"}
	CodeGradeLow      = Code{OwnSystem, "low", "Low", "low"}
	CodeGradeMedium   = Code{OwnSystem, "medium", "Medium", "medium"}
	CodeGradeHigh     = Code{OwnSystem, "high", "High", "high"}
)

var vertebraCodes = [Levels]string{"14806007", "39976000", "113205007", "5329002", "36978003", "36054005", "87391001"}

// Code is the SNOMED CT body structure of the level (PS3.16 CID 7603).
func (v Vertebra) Code() Code {
	return Code{System: SNOMED, Value: vertebraCodes[v.Index()], Text: v.String() + " vertebra"}
}

// Code is the reason's concept in our own system.
func (r Reason) Code() Code {
	return Code{System: OwnSystem, Value: string(r), Display: r.Text(), Text: r.Text()}
}

// Code is the state's concept, and false for NotImaged, which has no value: such a
// level carries a dataAbsentReason.
func (p Presence) Code() (Code, bool) {
	switch p {
	case Suspected:
		return CodeFlagged, true
	case NotFlagged:
		return CodeNotFlagged, true
	case Indeterminate:
		return CodeIndeterminate, true
	}
	return Code{}, false
}

// Code is the grade's concept; false for GradeNone.
func (g Grade) Code() (Code, bool) {
	switch g {
	case GradeLow:
		return CodeGradeLow, true
	case GradeMedium:
		return CodeGradeMedium, true
	case GradeHigh:
		return CodeGradeHigh, true
	}
	return Code{}, false
}

// OwnCodes lists every concept of OwnSystem, for the served CodeSystem.
func OwnCodes() []Code {
	out := []Code{CodeFractureFlag, CodeSeverityGrade, CodeProbability, CodeFlagged, CodeNotFlagged,
		CodeIndeterminate, CodeGradeLow, CodeGradeMedium, CodeGradeHigh}
	for _, r := range Reasons() {
		out = append(out, r.Code())
	}
	return out
}
