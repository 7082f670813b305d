package phantom

import "math"

// Position is (0018,5100) Patient Position, PS3.3 §C.7.3.1.1.2: head or feet first into
// the gantry, and the side that lies on the table.
type Position string

const (
	HFS  Position = "HFS"  // head first, supine
	HFP  Position = "HFP"  // head first, prone
	HFDL Position = "HFDL" // head first, left side down
	HFDR Position = "HFDR" // head first, right side down
	FFS  Position = "FFS"  // feet first, supine
	FFP  Position = "FFP"  // feet first, prone
	FFDL Position = "FFDL" // feet first, left side down
	FFDR Position = "FFDR" // feet first, right side down
)

// Positions lists all positions.
func Positions() []Position { return []Position{HFS, HFP, HFDL, HFDR, FFS, FFP, FFDL, FFDR} }

// lying is what the axes of an image are in the patient: down is where gravity pulls,
// and rows run so that rows × columns points into the gantry, to the head of a patient
// who goes in head first.
type lying struct{ row, col vec }

var lyings = map[Position]lying{
	HFS:  {vec{1, 0, 0}, vec{0, 1, 0}},
	HFP:  {vec{-1, 0, 0}, vec{0, -1, 0}},
	HFDL: {vec{0, -1, 0}, vec{1, 0, 0}},
	HFDR: {vec{0, 1, 0}, vec{-1, 0, 0}},
	FFS:  {vec{-1, 0, 0}, vec{0, 1, 0}},
	FFP:  {vec{1, 0, 0}, vec{0, -1, 0}},
	FFDL: {vec{0, 1, 0}, vec{1, 0, 0}},
	FFDR: {vec{0, -1, 0}, vec{-1, 0, 0}},
}

// corner is the voxel in the plane, as a share of each side, that is the first pixel.
func (l lying) corner() (x, y int) {
	for a, c := range add(l.row, l.col) {
		if c < 0 && a == 0 {
			x = 1
		}
		if c < 0 && a == 1 {
			y = 1
		}
	}
	return x, y
}

// tilted leans the columns: their lower end goes to the patient's head.
func (l lying) tilted(degrees float64) lying {
	if degrees == 0 {
		return l
	}
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	l.col = add(scale(l.col, cos), vec{0, 0, sin})
	return l
}
