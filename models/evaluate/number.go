package evaluate

import (
	"encoding/json"
	"fmt"
	"math"
)

// Number is a figure of a report; NaN, for one that the set can't give, is null in
// JSON and "–" in text.
type Number float64

// MarshalJSON writes null for what JSON has no word for.
func (n Number) MarshalJSON() ([]byte, error) {
	if f := float64(n); !math.IsNaN(f) && !math.IsInf(f, 0) {
		return json.Marshal(f)
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads null as NaN.
func (n *Number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = Number(math.NaN())
		return nil
	}
	return json.Unmarshal(b, (*float64)(n))
}

// String gives three decimals.
func (n Number) String() string {
	if f := float64(n); !math.IsNaN(f) && !math.IsInf(f, 0) {
		return fmt.Sprintf("%.3f", f)
	}
	return "–"
}

// Estimate is a figure with its 95 % interval and the number of samples behind it.
type Estimate struct {
	Value Number `json:"value"`
	Low   Number `json:"low"`
	High  Number `json:"high"`
	N     int    `json:"n"`
}

// String is "0.912 (0.871–0.948)", or "–" where there is no figure.
func (e Estimate) String() string {
	if math.IsNaN(float64(e.Value)) {
		return e.Value.String()
	}
	return fmt.Sprintf("%s (%s–%s)", e.Value, e.Low, e.High)
}
