package neckfrac

// PointName names an operating point. The order second-look ≤ balanced ≤ alert is
// an invariant of every pack.
type PointName string

const (
	// PointNone is below every point.
	PointNone PointName = ""
	// PointSecondLook is the F2 rule; it feeds its own list only.
	PointSecondLook PointName = "second-look"
	// PointBalanced is the threshold of a flag: worklist marks and cards need it.
	PointBalanced PointName = "balanced"
	// PointAlert is the specific point that an interrupting alert needs.
	PointAlert PointName = "alert"
)

// PointNames lists the points from the lowest threshold to the highest.
func PointNames() []PointName { return []PointName{PointSecondLook, PointBalanced, PointAlert} }

// Rate is a share with its 95 % interval and the number it was measured on.
type Rate struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	N     int     `json:"n"`
}

// Threshold is a limit on a calibrated probability with its validation figures.
type Threshold struct {
	Probability float64 `json:"probability"`
	Sensitivity Rate    `json:"sensitivity"`
	Specificity Rate    `json:"specificity"`
}

// OperatingPoint is a named pair of thresholds from a signed pack.
type OperatingPoint struct {
	Name    PointName `json:"name"`
	Patient Threshold `json:"patient"`
	Level   Threshold `json:"level"`
	// Validation names the set the figures come from ("synthetic, 300 studies").
	Validation string `json:"validation"`
}

// Grade is the requested severity grade, a band of the calibrated probability
// (W5). It measures neither displacement nor stability nor risk to the cord.
type Grade string

const (
	// GradeNone is the grade of every level that is not flagged.
	GradeNone   Grade = ""
	GradeLow    Grade = "low"
	GradeMedium Grade = "medium"
	GradeHigh   Grade = "high"
)

// GradeBands gives the lower probability of each band; Low equals the lowest
// operating point's level threshold.
type GradeBands struct {
	Low    float64 `json:"low"`
	Medium float64 `json:"medium"`
	High   float64 `json:"high"`
}

// Decision is everything that turns probabilities into an Assessment. It comes
// from the pack's manifest; only package pipeline/assess compares it.
type Decision struct {
	// Points are sorted as PointNames.
	Points []OperatingPoint `json:"points"`
	Grades GradeBands       `json:"grades"`
	// Flag is the point a finding must pass to be Suspected; a site may remap it.
	Flag PointName `json:"flag"`
	// AlertsWhenLimited lists reasons that the pack validated as subgroups.
	AlertsWhenLimited []Reason `json:"alertsWhenLimited,omitempty"`
}

// Point returns the named operating point.
func (d Decision) Point(n PointName) (OperatingPoint, bool) {
	for _, p := range d.Points {
		if p.Name == n {
			return p, true
		}
	}
	return OperatingPoint{}, false
}
