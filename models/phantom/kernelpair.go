package phantom

import (
	"math"
	"slices"
)

// softOf and boneOf are the names of the other kernel on scanners of the same make.
var (
	softOf = map[string]string{"B50f": "B30f", "DETAIL": "STANDARD", "FC30": "FC08", "Br49": "Br36",
		"B60s": "B30f", "B70s": "B30f", "BONE": "STANDARD", "BONEPLUS": "STANDARD", "YA": "UB", "H60s": "H30s", "Hr60": "Hr36"}
	boneOf = map[string]string{"B30f": "B60s", "STANDARD": "BONEPLUS", "UB": "YA", "FC08": "FC81", "Br36": "Hr60",
		"B50f": "B70s", "DETAIL": "BONE", "FC30": "FC81", "Br49": "Hr60"}
)

// A soft kernel resolves about softMM; sharpening by boneGain what is finer than boneMM
// makes a soft picture look like one of a bone kernel, its noise included.
const (
	softMM   = 1.2
	softMin  = 0.55 // pixels: noise of a bone kernel is coarser than its optics
	boneMM   = 0.75
	boneGain = 1.1
)

// filtered is the main series with another kernel; ok is false if it has such a one.
// Both are of the same rays: the noise is filtered as the patient is.
func (t *Study) filtered(kind SeriesKind) (s series, ok bool) {
	name, number, words := softOf[t.Truth.Scanner.Kernel], 3, " SOFT"
	if kind == Bone {
		name, number, words = boneOf[t.Truth.Scanner.Kernel], 4, " BONE"
	}
	if name == "" {
		return series{}, false
	}
	s = t.main()
	s.kind, s.number, s.kernel, s.description = kind, number, name, SeriesDescription+words
	// The volume is filtered when the first image is asked for.
	var pixels func(plane) []int16
	shape := s
	s.pixels = func(p plane) []int16 {
		if pixels == nil {
			pixels = t.axial(&shape, t.filter(kind))
		}
		return pixels(p)
	}
	return s, true
}

// filter makes the volume of another kernel.
func (t *Study) filter(kind SeriesKind) []int16 {
	v := &t.Volume
	d := v.Dims
	b := block{d[0], d[1], d[2], make([]float32, len(v.HU))}
	for i, hu := range v.HU {
		b.v[i] = float32(hu)
	}
	sigma := math.Sqrt(max(sq(softMM)-sq(t.Truth.Scanner.FWHM), sq(0.5))) / 2.355
	if kind == Bone {
		sigma = boneMM
	}
	in := slices.Clone(v.HU)
	blurPlanes(b, max(sigma/v.SpacingMM[0], softMin))
	for i, x := range b.v {
		if kind == Bone {
			x = float32(in[i]) + boneGain*(float32(in[i])-x)
		}
		in[i] = int16(math.Round(clamp(float64(x), -1024, 3071)))
	}
	return in
}
