package neckfrac

import "math"

// Vec3 is a point or a direction in millimetres in the DICOM patient system (LPS:
// +x left, +y posterior, +z head; PS3.3 §C.7.6.2.1.1).
type Vec3 [3]float64

// Grid places a lattice of voxels in the patient. Index i runs along a row (to the
// next column), j down the rows, k over the slices.
type Grid struct {
	// Dims is the number of columns, rows and slices.
	Dims [3]int
	// SpacingMM is the distance of voxel centres along i, j and k.
	SpacingMM Vec3
	// OriginMM is the centre of voxel (0,0,0) in LPS.
	OriginMM Vec3
	// Direction holds the unit vectors of i, j and k in LPS. They are orthogonal
	// and right-handed in every grid that package volume hands out.
	Direction [3]Vec3
}

// Volume is a CT volume in Hounsfield units. It is immutable after assembly and
// may be read by several goroutines.
type Volume struct {
	Grid
	// HU has one value per voxel, column fastest, then row, then slice.
	HU []int16
	// Source names the SOP instance of each slice, len(Source) == Dims[2].
	Source []InstanceUID
	// SourceFrame is the frame of Source[k] that slice k came from, counted from 1 as
	// Referenced Frame Number (0008,1160) counts. It is nil where the instances hold one
	// frame each, which are cited without a number.
	SourceFrame []int
	// Series is the series that the slices came from.
	Series SeriesUID
	// FrameOfReference is (0020,0052) of the slices; boxes in millimetres mean
	// nothing outside it.
	FrameOfReference string
	// SliceThicknessMM is the nominal thickness (0018,0050), 0 if not stated. It may
	// differ from the spacing: slices can overlap.
	SliceThicknessMM float64
	// Kernel is the convolution kernel (0018,1210) as the scanner wrote it, or "".
	Kernel string
}

// Labels is a label volume: 0 background, 1..7 C1..C7, LabelOtherBone. Its grid may
// be coarser than the CT's, in the same patient system.
type Labels struct {
	Grid
	Voxel []uint8
}

// Cite names the instance of slice k, and its frame counted from 1, which is 0 where the
// instance has one frame (PS3.3 §10.3: such an instance is cited without a number).
// Outside the volume it names nothing.
func (v *Volume) Cite(k int) (instance InstanceUID, frame int) {
	if k < 0 || k >= len(v.Source) {
		return "", 0
	}
	if k < len(v.SourceFrame) {
		frame = v.SourceFrame[k]
	}
	return v.Source[k], frame
}

// Len is the number of voxels.
func (g Grid) Len() int { return g.Dims[0] * g.Dims[1] * g.Dims[2] }

// Index is the offset of voxel (i,j,k) in a slice of Len values.
func (g Grid) Index(i, j, k int) int { return (k*g.Dims[1]+j)*g.Dims[0] + i }

// ToMM maps voxel indices, which may be fractional, to LPS millimetres.
func (g Grid) ToMM(ijk Vec3) Vec3 {
	p := g.OriginMM
	for a := range 3 {
		for c := range 3 {
			p[c] += g.Direction[a][c] * g.SpacingMM[a] * ijk[a]
		}
	}
	return p
}

// ToIndex maps LPS millimetres to fractional voxel indices.
func (g Grid) ToIndex(mm Vec3) Vec3 {
	var out Vec3
	for a := range 3 {
		var d float64
		for c := range 3 {
			d += g.Direction[a][c] * (mm[c] - g.OriginMM[c])
		}
		out[a] = d / g.SpacingMM[a]
	}
	return out
}

// Box is an axis-aligned box in LPS millimetres. The zero value is empty.
type Box struct {
	Min, Max Vec3
}

// Empty reports whether the box has no extent on some axis.
func (b Box) Empty() bool {
	return b.Max[0] <= b.Min[0] || b.Max[1] <= b.Min[1] || b.Max[2] <= b.Min[2]
}

// Center is the middle of the box.
func (b Box) Center() Vec3 {
	return Vec3{(b.Min[0] + b.Max[0]) / 2, (b.Min[1] + b.Max[1]) / 2, (b.Min[2] + b.Max[2]) / 2}
}

// Contains reports whether p lies in the box, borders included.
func (b Box) Contains(p Vec3) bool {
	for a := range 3 {
		if p[a] < b.Min[a] || p[a] > b.Max[a] {
			return false
		}
	}
	return true
}

// Grow returns the box with every face moved outwards by mm.
func (b Box) Grow(mm float64) Box {
	for a := range 3 {
		b.Min[a] -= mm
		b.Max[a] += mm
	}
	return b
}

// Add returns the smallest box that holds b and p; an empty b with Min == Max ==
// zero is replaced by p only through EmptyBox.
func (b Box) Add(p Vec3) Box {
	for a := range 3 {
		b.Min[a] = math.Min(b.Min[a], p[a])
		b.Max[a] = math.Max(b.Max[a], p[a])
	}
	return b
}

// EmptyBox is the neutral element of Add.
func EmptyBox() Box {
	inf := math.Inf(1)
	return Box{Min: Vec3{inf, inf, inf}, Max: Vec3{-inf, -inf, -inf}}
}

// Bounds is the box of the voxel centres of a grid.
func (g Grid) Bounds() Box {
	b := EmptyBox()
	for c := range 8 {
		var ijk Vec3
		for a := range 3 {
			if c>>a&1 == 1 {
				ijk[a] = float64(g.Dims[a] - 1)
			}
		}
		b = b.Add(g.ToMM(ijk))
	}
	return b
}
