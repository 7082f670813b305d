package phantom

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/stl"
)

// meshFile says what becomes of a file of the folder bones.
type meshFile struct {
	file string
	step float64 // of the grid, mm
}

// otherBones are the bones beside C1 to T2 that are taken where the folder has them; those
// of one name are drawn as one bone.
var otherBones = []struct {
	name  string
	files []meshFile
}{
	{"skull", []meshFile{{"occipital", 0.7}, {"sphenoid", 1}, {"temporal-left", 1}, {"temporal-right", 1}}},
	{"mandible", []meshFile{{"mandible", 0.8}}},
	{"hyoid", []meshFile{{"hyoid", 0.6}}},
	{"T1 ribs", []meshFile{{"rib-1-left", 0.8}, {"rib-1-right", 0.8}}},
	{"T2 ribs", []meshFile{{"rib-2-left", 0.9}, {"rib-2-right", 0.9}}},
	{"clavicle", []meshFile{{"clavicle-left", 1}, {"clavicle-right", 1}}},
}

// vertebraStep is the cell of a vertebra's grid, mm: surfaces are exact to a few
// hundredths, and nine vertebrae take 12 MB.
const vertebraStep = 0.6

// meshLimits bounds one mesh.
var meshLimits = stl.Limits{MaxTriangles: 400_000, Reach: 10_000}

// LoadAnatomy reads a folder with bones/c1.stl to c7.stl, t1.stl and t2.stl; the skull
// (bones/occipital.stl) is needed too, other bones and the label volume are taken where
// they are (docs/phantom.md, "Anatomy of your own"). It takes a few seconds on two cores.
// Errors are neckfrac errors: NotFound for a missing bone, Invalid for a mesh that is not
// the vertebra its name says, Limit for one that is too large.
func LoadAnatomy(dir string) (*MeshAnatomy, error) {
	const op = "phantom: anatomy"
	m := &MeshAnatomy{}
	var err error
	if m.name, err = digestFolder(dir); err != nil {
		return nil, neckfrac.E(op, err)
	}
	if m.attribution, err = readAttribution(dir); err != nil {
		return nil, neckfrac.E(op, err)
	}
	if err := m.loadChain(dir); err != nil {
		return nil, neckfrac.E(op, err)
	}
	var extra []labelBone
	var errSoft, errOthers error
	var wait sync.WaitGroup
	wait.Go(func() { m.soft, extra, errSoft = loadSoft(dir) })
	wait.Go(func() { errOthers = m.loadOthers(dir) })
	wait.Wait()
	if err := errors.Join(errSoft, errOthers); err != nil {
		return nil, neckfrac.E(op, err)
	}
	m.take(extra)
	return m, nil
}

// take adds bones from labels: to the skull what is rigid with it, the others as bones of
// their own.
func (m *MeshAnatomy) take(extra []labelBone) {
	for _, e := range extra {
		b := &meshBone{name: e.name, frame: m.frameOf(e.name, nil), grid: e.grid}
		b.grid.lo = sub(b.grid.lo, b.frame.at)
		switch e.name {
		case "skull", "tooth":
			m.others[0].more = append(m.others[0].more, b)
		default:
			m.others = append(m.others, b)
		}
	}
}

// loadChain reads and frames all vertebrae, and samples and measures them once all of
// them make sense.
func (m *MeshAnatomy) loadChain(dir string) error {
	var meshes [levels][]stl.Triangle
	var errs [levels]error
	for i := range m.chain {
		m.chain[i], meshes[i], errs[i] = frameVertebra(dir, i)
		if errs[i] == nil && i > 0 && errs[i-1] == nil {
			if d := m.chain[i-1].frame.at[2] - m.chain[i].frame.at[2]; d < 4 || d > 45 {
				errs[i] = neckfrac.Errorf(neckfrac.Invalid, boneNames[i], "lies %.0f mm below %s: are the meshes in millimetres with left, back and up positive?", d, boneNames[i-1])
			}
		}
	}
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	var wait sync.WaitGroup
	for i := range m.chain {
		wait.Go(func() { errs[i] = neckfrac.E(boneNames[i], m.chain[i].measure(meshes[i], i)) })
	}
	wait.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	for i := 1; i < levels-1; i++ {
		up, low := m.chain[i], m.chain[i+1]
		m.discs[i] = clamp(norm(sub(up.frame.outer(up.down), low.frame.outer(low.up))), 0.5, 15)
	}
	m.discs[levels-1] = m.discs[levels-2]
	return nil
}

// frameVertebra reads one vertebra and finds its frame.
func frameVertebra(dir string, i int) (*meshBone, []stl.Triangle, error) {
	name := strings.ToLower(boneNames[i])
	mesh, err := stl.ReadFile(filepath.Join(dir, "bones", name+".stl"), meshLimits)
	if err != nil {
		return nil, nil, neckfrac.E(name, err)
	}
	b := &meshBone{name: boneNames[i]}
	switch i {
	case 0:
		b.frame, err = atlasFrame(mesh)
	case 1:
		b.frame, err = axisFrame(mesh)
	default:
		b.frame, err = lowerFrame(mesh)
	}
	return b, mesh, neckfrac.E(name, err)
}

// measure samples a vertebra and finds its marks.
func (b *meshBone) measure(mesh []stl.Triangle, i int) error {
	var err error
	if b.grid, err = newDistGrid(localMesh(mesh, b.frame), vertebraStep); err != nil {
		return err
	}
	switch i {
	case 0:
		return b.markAtlas()
	case 1:
		return b.markAxis()
	}
	return b.markLower(i)
}

// loadOthers reads the other bones, each in a goroutine of its own.
func (m *MeshAnatomy) loadOthers(dir string) error {
	all := make([]*meshBone, len(otherBones))
	errs := make([]error, len(otherBones))
	var wait sync.WaitGroup
	for i := range otherBones {
		wait.Go(func() { all[i], errs[i] = m.loadOther(dir, otherBones[i].name, otherBones[i].files) })
	}
	wait.Wait()
	for _, b := range all {
		if b != nil {
			m.others = append(m.others, b)
		}
	}
	return errors.Join(errs...)
}

// loadOther reads the meshes of one bone, nil where there are none.
func (m *MeshAnatomy) loadOther(dir, name string, files []meshFile) (*meshBone, error) {
	var all *meshBone
	for _, f := range files {
		mesh, err := stl.ReadFile(filepath.Join(dir, "bones", f.file+".stl"), meshLimits)
		if neckfrac.KindOf(err) == neckfrac.NotFound && f.file != "occipital" {
			continue
		}
		if err != nil {
			return nil, neckfrac.E(f.file, err)
		}
		b := &meshBone{name: name, frame: m.frameOf(name, mesh)}
		if all != nil {
			b.frame = all.frame
		}
		if b.grid, err = newDistGrid(localMesh(mesh, b.frame), f.step); err != nil {
			return nil, neckfrac.E(f.file, err)
		}
		if all == nil {
			all = b
		} else {
			all.more = append(all.more, b)
		}
	}
	if all != nil && name == "mandible" {
		all.marks.spinousTip = all.grid.utmost(1, -1, vec{-everywhere, -everywhere, -everywhere}, vec{everywhere, everywhere, everywhere})
	}
	return all, nil
}

// frameOf is the frame of a bone beside the chain: the atlas's axes at a place that its
// pose knows.
func (m *MeshAnatomy) frameOf(name string, mesh []stl.Triangle) pose {
	switch name {
	case "skull", "mandible", "tooth":
		return pose{m.chain[0].frame.outer(headFromAtlas), identity}
	case "T2 ribs", "lower spine":
		return pose{m.chain[t2].frame.at, identity}
	case "hyoid":
		lo, hi := meshBox(mesh)
		return pose{scale(add(lo, hi), 0.5), identity}
	}
	return pose{m.chain[t1].frame.at, identity}
}

// Bounds of the folder: number of meshes, bytes of one file.
const (
	maxMeshes      = 64
	maxAnatomyFile = 64 << 20
)

// digestFolder names a folder by all that pictures are made from.
func digestFolder(dir string) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "bones", "*.stl"))
	if err != nil {
		return "", neckfrac.Wrap(neckfrac.Invalid, "list bones", err)
	}
	if len(files) == 0 || len(files) > maxMeshes {
		return "", neckfrac.Errorf(neckfrac.NotFound, "list bones", "%d meshes in the folder bones, want 10 to %d", len(files), maxMeshes)
	}
	h := sha256.New()
	for _, f := range append(files, filepath.Join(dir, labelFile), filepath.Join(dir, tableFile)) {
		if err := digestFile(h, f); err != nil {
			return "", err
		}
	}
	return "mesh:" + hex.EncodeToString(h.Sum(nil))[:12], nil
}

func digestFile(h io.Writer, name string) error {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return neckfrac.Errorf(neckfrac.Unavailable, "read anatomy", "%w", errors.Unwrap(err))
	}
	defer f.Close()
	n, err := io.Copy(h, io.LimitReader(f, maxAnatomyFile+1))
	if err != nil {
		return neckfrac.Errorf(neckfrac.Unavailable, "read anatomy", "%w", errors.Unwrap(err))
	}
	if n > maxAnatomyFile {
		return neckfrac.Errorf(neckfrac.Limit, "read anatomy", "%s has more than %d bytes", filepath.Base(name), maxAnatomyFile)
	}
	_, err = fmt.Fprintf(h, "%s %d\n", filepath.Base(name), n)
	return err
}
