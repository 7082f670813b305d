package phantom

import (
	"bufio"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/nifti"
)

// Names of the label volume and its table in an anatomy's folder.
const (
	labelFile = "neck-labels.nii.gz"
	tableFile = "labels.tsv"
)

// Bounds of the label volume: 160 million voxels are a head and neck at half a
// millimetre; while they are read they take 5 bytes each, afterwards one.
var labelLimits = nifti.Limits{MaxVoxels: 160 << 20, MaxSide: 1024}

const maxTable = 64 << 10

// tissue is a row of the table.
type tissue struct {
	name     string
	mean, sd float64
	bone     bool // drawn as a bone, no soft tissue
}

// softAtlas is the soft tissue of an atlas: a label per voxel, bones filled with what
// lies beside them.
type softAtlas struct {
	lo    vec // middle of the first voxel
	step  vec
	n     [3]int
	label []uint8
	table [256]tissue
	// out is the distance to the body from outside.
	out *distGrid
}

// loadSoft reads the label volume and its table; nil, nil if the folder has none. bones
// are the labels of bones that have no mesh in the format, as distances.
func loadSoft(dir string) (*softAtlas, []labelBone, error) {
	const op = "labels"
	img, err := nifti.ReadFile(filepath.Join(dir, labelFile), labelLimits)
	if neckfrac.KindOf(err) == neckfrac.NotFound {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, neckfrac.E(op, err)
	}
	a := &softAtlas{lo: img.OriginMM, step: img.SpacingMM, n: img.Dims}
	for c := range 3 {
		if norm(sub(img.Direction[c], identity[c])) > 1e-3 || a.n[c] < 16 || a.step[c] < 0.2 || a.step[c] > 3 {
			return nil, nil, neckfrac.Errorf(neckfrac.Invalid, op, "want axes that run left, back and up, 16 voxels or more each, of 0.2 to 3 mm")
		}
	}
	if err := a.readTable(filepath.Join(dir, tableFile)); err != nil {
		return nil, nil, neckfrac.E(op, err)
	}
	a.label = make([]uint8, len(img.Value))
	for i, v := range img.Value {
		if v < 0 || v > 255 || v != float32(uint8(v)) || a.table[uint8(v)].name == "" {
			return nil, nil, neckfrac.Errorf(neckfrac.Invalid, op, "voxel %d: label %v is not in %s", i, v, tableFile)
		}
		a.label[i] = uint8(v)
	}
	img = nil
	bones := a.bones()
	a.fill()
	a.out = a.outside()
	return a, bones, nil
}

// readTable reads id, name, mean HU, its SD and whether the label is bone; further columns
// and the heading are skipped.
func (a *softAtlas) readTable(name string) error {
	st, err := os.Stat(name)
	if err != nil {
		return neckfrac.Errorf(neckfrac.NotFound, "table", "a label volume needs %s beside it", tableFile)
	}
	if st.Size() > maxTable {
		return neckfrac.Errorf(neckfrac.Limit, "table", "%s has more than %d bytes", tableFile, maxTable)
	}
	f, err := os.Open(name)
	if err != nil {
		return neckfrac.Errorf(neckfrac.Unavailable, "table", "%s cannot be read", tableFile)
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	for line := 1; in.Scan(); line++ {
		col := strings.Split(in.Text(), "\t")
		if line == 1 || len(col) < 5 {
			continue
		}
		id, err := strconv.ParseUint(col[0], 10, 8)
		mean, err2 := strconv.ParseFloat(col[2], 64)
		sd, err3 := strconv.ParseFloat(col[3], 64)
		if err != nil || err2 != nil || err3 != nil || col[1] == "" || !(mean >= -1024 && mean <= 3071) || !(sd >= 0 && sd <= 1000) {
			return neckfrac.Errorf(neckfrac.Invalid, "table", "line %d: want id 0 to 255, name, mean and SD in HU, yes or no", line)
		}
		a.table[id] = tissue{name: col[1], mean: mean, sd: sd, bone: col[4] == "yes" || col[1] == "tooth"}
	}
	if err := in.Err(); err != nil {
		return neckfrac.Errorf(neckfrac.Invalid, "table", "a line is too long")
	}
	return nil
}

// fill gives voxels of bone the label of the nearest soft tissue, by steps along the axes.
func (a *softAtlas) fill() {
	stride := [3]int{1, a.n[0], a.n[0] * a.n[1]}
	var ring, next []int32
	isBone := func(at int) bool { return a.table[a.label[at]].bone }
	around := func(at int, f func(to int)) {
		p := [3]int{at % a.n[0], at / a.n[0] % a.n[1], at / stride[2]}
		for c := range 3 {
			if p[c] > 0 {
				f(at - stride[c])
			}
			if p[c] < a.n[c]-1 {
				f(at + stride[c])
			}
		}
	}
	for at := range a.label {
		if !isBone(at) {
			continue
		}
		edge := false
		around(at, func(to int) { edge = edge || !isBone(to) })
		if edge {
			ring = append(ring, int32(at))
		}
	}
	for len(ring) > 0 {
		give := make([]uint8, len(ring))
		for i, at := range ring {
			around(int(at), func(to int) {
				if l := a.label[to]; !a.table[l].bone && (l != 0 || give[i] == 0) {
					give[i] = l
				}
			})
		}
		next = next[:0]
		for i, at := range ring {
			a.label[at] = give[i]
		}
		for _, at := range ring {
			around(int(at), func(to int) {
				if isBone(to) {
					next = append(next, int32(to))
				}
			})
		}
		ring, next = unique(next, a.label, a.table[:]), ring
	}
}

// unique keeps one of each voxel that is still bone.
func unique(list []int32, label []uint8, table []tissue) []int32 {
	seen := make(map[int32]struct{}, len(list))
	out := make([]int32, 0, len(list))
	for _, at := range list {
		if _, ok := seen[at]; !ok && table[label[at]].bone {
			seen[at] = struct{}{}
			out = append(out, at)
		}
	}
	return out
}

// outStep is the cell of the distance outside the body, mm.
const outStep = 3.0

// outside measures the distance to the body.
func (a *softAtlas) outside() *distGrid {
	g := &distGrid{lo: a.lo, step: outStep}
	for c := range 3 {
		g.n[c] = max(4, int(float64(a.n[c]-1)*a.step[c]/outStep)+1)
	}
	cells := g.n[0] * g.n[1] * g.n[2]
	d, fixed := make([]float32, cells), make([]bool, cells)
	at := 0
	for k := range g.n[2] {
		for j := range g.n[1] {
			for i := range g.n[0] {
				d[at] = far
				if a.at(vec{a.lo[0] + float64(i)*outStep, a.lo[1] + float64(j)*outStep, a.lo[2] + float64(k)*outStep}) != 0 {
					d[at], fixed[at] = 0, true
				}
				at++
			}
		}
	}
	sweep(d, fixed, g.n, outStep)
	g.v = make([]int16, cells)
	for i, v := range d {
		g.v[i] = int16(min(float64(v)/distUnit, math.MaxInt16))
	}
	return g
}

// at is the label of the voxel that is nearest to a place; the volume's rim goes on
// beyond it.
func (a *softAtlas) at(p vec) uint8 {
	i := clampInt(int((p[0]-a.lo[0])/a.step[0]+0.5), a.n[0])
	j := clampInt(int((p[1]-a.lo[1])/a.step[1]+0.5), a.n[1])
	k := clampInt(int((p[2]-a.lo[2])/a.step[2]+0.5), a.n[2])
	return a.label[(k*a.n[1]+j)*a.n[0]+i]
}
