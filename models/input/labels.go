package input

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// SampleLabels brings a label volume of any axis order onto g. Each voxel takes the
// most frequent label among eight points inside it, on a tie that of the lowest
// number above background, so that thin bone is not lost. Outside is background.
// The error is Invalid for a volume whose size does not match its voxels.
func SampleLabels(l *neckfrac.Labels, g Grid) ([]uint8, error) {
	if l == nil || l.Dims[0] < 1 || l.Dims[1] < 1 || l.Dims[2] < 1 ||
		float64(l.Dims[0])*float64(l.Dims[1])*float64(l.Dims[2]) > MaxVoxels || len(l.Voxel) != l.Len() {
		return nil, neckfrac.Errorf(neckfrac.Invalid, "input: labels", "size does not match the voxels")
	}
	out := make([]uint8, g.Len())
	t := newLabelTables(l, g)
	parallel(g.Dims[0], func(lo, hi int) {
		for x := lo; x < hi; x++ {
			for z := range g.Dims[2] {
				row := out[g.Index(x, 0, z):][:g.Dims[1]]
				for y := range row {
					row[y] = t.vote(x, y, z)
				}
			}
		}
	})
	return out, nil
}

// labelTables find the eight source voxels of a voxel. Where the axes are aligned
// they are sums of three table entries, -1 for outside; else tables are empty and
// every point is mapped by itself.
type labelTables struct {
	l  *neckfrac.Labels
	g  Grid
	at [3][][2]int
}

// subVoxel is where the two points along an axis lie, from the middle of a voxel.
var subVoxel = [2]float64{-0.25, 0.25}

func newLabelTables(l *neckfrac.Labels, g Grid) *labelTables {
	t := &labelTables{l: l, g: g}
	perm := dominant(l.Grid)
	if drift(l.Grid, perm) > maxDriftMM {
		return t
	}
	strides := [3]int{1, l.Dims[0], l.Dims[0] * l.Dims[1]}
	for c, a := range perm {
		t.at[c] = make([][2]int, g.Dims[c])
		for i := range g.Dims[c] {
			for s, d := range subVoxel {
				p := [3]float64{}
				p[c] = float64(i) + d
				mm := g.ToMM(p[0], p[1], p[2])
				k := int(math.Floor((mm[c]-l.OriginMM[c])/(l.Direction[a][c]*l.SpacingMM[a]) + 0.5))
				t.at[c][i][s] = -1
				if k >= 0 && k < l.Dims[a] {
					t.at[c][i][s] = k * strides[a]
				}
			}
		}
	}
	return t
}

func (t *labelTables) vote(x, y, z int) uint8 {
	var votes [neckfrac.LabelOtherBone + 1]uint8
	first, same := uint8(0), true
	for corner := range 8 {
		l := t.point(x, y, z, corner)
		votes[l]++
		if corner == 0 {
			first = l
		}
		same = same && l == first
	}
	if same {
		return first
	}
	return winner(&votes)
}

func (t *labelTables) point(x, y, z, corner int) uint8 {
	if t.at[0] == nil {
		return labelAt(t.l, t.g.ToMM(float64(x)+subVoxel[corner&1], float64(y)+subVoxel[corner>>1&1], float64(z)+subVoxel[corner>>2]))
	}
	i, j, k := t.at[0][x][corner&1], t.at[1][y][corner>>1&1], t.at[2][z][corner>>2]
	if i < 0 || j < 0 || k < 0 {
		return 0
	}
	if v := t.l.Voxel[i+j+k]; v <= neckfrac.LabelOtherBone {
		return v
	}
	return 0
}

func winner(votes *[neckfrac.LabelOtherBone + 1]uint8) uint8 {
	best := uint8(0)
	for l := 1; l < len(votes); l++ {
		if votes[l] > votes[best] || best == 0 && votes[l] > 0 && votes[l] == votes[0] {
			best = uint8(l)
		}
	}
	return best
}

// labelAt is the label of the voxel that holds a point, 0 outside or out of range.
func labelAt(l *neckfrac.Labels, mm neckfrac.Vec3) uint8 {
	p := l.ToIndex(mm)
	var at [3]int
	for a := range 3 {
		i := int(math.Floor(p[a] + 0.5))
		if i < 0 || i >= l.Dims[a] {
			return 0
		}
		at[a] = i
	}
	v := l.Voxel[l.Index(at[0], at[1], at[2])]
	if v > neckfrac.LabelOtherBone {
		return 0
	}
	return v
}

// ToLabels writes a label field as a label volume: columns to the left, rows to
// posterior, slices to the head, right-handed like every grid that leaves us.
func ToLabels(g Grid, labels []uint8) *neckfrac.Labels {
	nx, ny, nz := g.Dims[0], g.Dims[1], g.Dims[2]
	out := &neckfrac.Labels{
		Grid: neckfrac.Grid{Dims: g.Dims, SpacingMM: neckfrac.Vec3{g.SpacingMM, g.SpacingMM, g.SpacingMM},
			OriginMM: g.ToMM(0, 0, float64(nz-1)), Direction: [3]neckfrac.Vec3{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
		Voxel: make([]uint8, g.Len()),
	}
	for x := range nx {
		for z := range nz {
			src := labels[g.Index(x, 0, z):][:ny]
			for y, l := range src {
				out.Voxel[out.Index(x, y, nz-1-z)] = l
			}
		}
	}
	return out
}
