package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/nifti"
	"github.com/neckfrac/neckfrac/models/realism"
)

// DatasetRealismCmd compares synthetic CT with real CT.
type DatasetRealismCmd struct {
	Real      string    `required:"" help:"Real CT: *_ct.nii.gz with *_oar.nii.gz (1 cord, 2 brainstem), or folders of DICOM." placeholder:"DIR"`
	Only      string    `help:"File that names the real scans to take, one a line." placeholder:"FILE"`
	Synthetic string    `required:"" help:"Studies as neckfrac phantom writes them." placeholder:"DIR"`
	Out       string    `required:"" help:"Folder for realism.json, realism.txt, profiles.json and patches.*" placeholder:"DIR"`
	Cell      []float64 `sep:"," default:"4.8,4.8,3" help:"Cells of the common grid, mm; coarser scans are left out and counted."`
	Whole     bool      `help:"Measure all that a scan holds, without marks; no outline, no patches, no gates."`
	Max       int       `default:"60" help:"Scans of each kind, the first by name that fit."`
	Check     bool      `help:"Exit 1 if a gate fails."`
}

// scanFiles are a scan's volume, a NIfTI file or a folder of DICOM, and its marks.
type scanFiles struct {
	name, volume, organs, vertebrae string
}

// measured is a set of scans as the comparison takes it.
type measured struct {
	profiles []realism.Profile
	samples  []realism.Sample
	left     map[neckfrac.Kind]int
}

// maxNames bounds --only.
const maxNames = 1 << 20

// Run compares and prints the tables.
func (c DatasetRealismCmd) Run(rt *Runtime) error {
	if len(c.Cell) != 3 || c.Max < 1 {
		return neckfrac.Errorf(neckfrac.Invalid, "dataset realism", "want --cell X,Y,Z and --max of at least 1")
	}
	reals, err := c.measure(rt, c.Real, c.Only, false)
	if err != nil {
		return err
	}
	synthetic, err := c.measure(rt, c.Synthetic, "", true)
	if err != nil {
		return err
	}
	var gates []realism.Gate
	if !c.Whole {
		gates = realism.Gates()
	}
	r, err := realism.Compare(reals.profiles, synthetic.profiles, gates)
	if err != nil {
		return err
	}
	if err := c.write(r, reals, synthetic); err != nil {
		return err
	}
	if err := r.WriteText(rt.Stdout); err != nil {
		return err
	}
	for _, s := range []struct {
		kind string
		left map[neckfrac.Kind]int
	}{{"real", reals.left}, {"synthetic", synthetic.left}} {
		fmt.Fprintf(rt.Stdout, "%s scans left out: %d coarser than the cells or too short, %d without marks\n", s.kind, s.left[neckfrac.Unsupported], s.left[neckfrac.NotFound])
	}
	if c.Check && slices.ContainsFunc(r.Gates, func(g realism.Result) bool { return !g.Pass }) {
		return &exitError{exitFailed, "dataset realism: a gate failed"}
	}
	return nil
}

// measure measures the scans below a folder. Those that can't be compared are counted;
// any other error ends the run.
func (c DatasetRealismCmd) measure(rt *Runtime, dir, only string, synthetic bool) (measured, error) {
	out := measured{left: map[neckfrac.Kind]int{}}
	scans, err := scansIn(dir)
	if err != nil {
		return out, err
	}
	if scans, err = named(scans, only); err != nil {
		return out, err
	}
	p := newProgress(rt, 1, filepath.Base(dir))
	defer p.end()
	for i, s := range scans {
		if len(out.profiles) == c.Max {
			break
		}
		profile, patches, err := c.one(rt.Context, s)
		switch kind := neckfrac.KindOf(err); {
		case err == nil:
		case kind == neckfrac.Unsupported || kind == neckfrac.NotFound:
			out.left[kind]++
			continue
		default:
			return out, neckfrac.E(s.name, err)
		}
		out.profiles = append(out.profiles, profile)
		for _, q := range patches {
			out.samples = append(out.samples, realism.Sample{Patch: q, Synthetic: synthetic})
		}
		p.set(i+1, len(scans))
	}
	return out, nil
}

func (c DatasetRealismCmd) one(ctx context.Context, s scanFiles) (realism.Profile, []realism.Patch, error) {
	v, err := s.read(ctx)
	if err != nil {
		return realism.Profile{}, nil, err
	}
	var place *realism.Place
	if !c.Whole {
		if place, err = s.place(); err != nil {
			return realism.Profile{}, nil, err
		}
	}
	m, err := realism.Resample(v, neckfrac.Vec3(c.Cell))
	if err != nil {
		return realism.Profile{}, nil, err
	}
	profile, err := realism.MeasureImage(s.name, &m, place)
	if err != nil || place == nil {
		return profile, nil, err
	}
	return profile, place.Cut(s.name, &m), nil
}

func (s scanFiles) read(ctx context.Context) (*neckfrac.Volume, error) {
	if !strings.HasSuffix(s.volume, ".nii.gz") {
		return readVolume(ctx, s.volume)
	}
	m, err := nifti.ReadFile(s.volume, nifti.Limits{})
	if err != nil {
		return nil, err
	}
	return &neckfrac.Volume{Grid: m.Grid, HU: m.HU()}, nil
}

func (s scanFiles) place() (*realism.Place, error) {
	find, path := realism.PlaceByOrgans, s.organs
	if s.vertebrae != "" {
		find, path = realism.PlaceByVertebrae, s.vertebrae
	}
	if path == "" {
		return nil, neckfrac.Errorf(neckfrac.NotFound, "place", "scan without marks: give --whole")
	}
	l, err := readLabels(path)
	if err != nil {
		return nil, err
	}
	return find(l)
}

// scansIn finds scans: NIfTI pairs, else phantoms and other folders of DICOM, by name.
func scansIn(dir string) ([]scanFiles, error) {
	const op = "dataset realism: find scans"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.NotFound, op, err)
	}
	var out []scanFiles
	var series bool
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		name, isCT := strings.CutSuffix(e.Name(), "_ct.nii.gz")
		switch {
		case isCT:
			out = append(out, scanFiles{name: name, volume: path, organs: existing(filepath.Join(dir, name+"_oar.nii.gz"))})
		case e.IsDir():
			s := scanFiles{name: e.Name(), volume: path, vertebrae: existing(filepath.Join(path, "labels.nii.gz"))}
			if sub := existing(filepath.Join(path, "dicom")); sub != "" {
				s.volume = sub
			}
			out = append(out, s)
		case strings.HasSuffix(e.Name(), ".dcm"):
			series = true
		}
	}
	if len(out) == 0 && series {
		out = append(out, scanFiles{name: filepath.Base(dir), volume: dir})
	}
	if len(out) == 0 {
		return nil, neckfrac.Errorf(neckfrac.NotFound, op, "no *_ct.nii.gz and no folder of DICOM")
	}
	return out, nil
}

func existing(path string) string {
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// named keeps the scans that a file names; all without a file.
func named(scans []scanFiles, file string) ([]scanFiles, error) {
	if file == "" {
		return scans, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.NotFound, "--only", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxNames))
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.Unavailable, "--only", err)
	}
	words := strings.Fields(string(b))
	return slices.DeleteFunc(scans, func(s scanFiles) bool { return !slices.Contains(words, s.name) }), nil
}
