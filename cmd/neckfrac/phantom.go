package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/phantom"
)

// PhantomCmd makes synthetic studies.
type PhantomCmd struct {
	Out      string   `required:"" help:"Folder to write to." placeholder:"DIR"`
	N        int      `short:"n" default:"1" help:"Number of studies."`
	Seed     uint64   `default:"1" help:"Seed of the first study; study i has seed+i."`
	Edition  string   `enum:"phantom-3,phantom-4" default:"phantom-3" help:"What the generator draws; the shipped pack was trained on phantom-3."`
	Mode     string   `enum:"natural,enriched" default:"natural" help:"natural: cohort shares; enriched: several fractures each."`
	Fracture []string `help:"Break exactly these, LEVEL or LEVEL:TYPE, as C5:burst. Repeatable." placeholder:"C5:burst"`
	Look     []string `help:"Look-alikes that the patient has beside drawn ones, KIND or LEVEL:KIND, as C5:disc-vacuum; phantom-4. Repeatable." placeholder:"KIND"`

	WithoutType   []string `sep:"," help:"Fracture types that are never drawn; phantom-4." placeholder:"TYPE"`
	WithoutKernel []string `sep:"," help:"Reconstruction kernels that are never drawn; phantom-4." placeholder:"NAME"`

	Intact   bool   `help:"The unfractured twin of the same seed."`
	Coverage string `enum:"mixed,full,partial" default:"mixed" help:"How much of the neck the stack holds."`
	Protocol string `enum:"mixed,diagnostic,wide,therapy" default:"mixed" help:"Kind of scan."`
	Anatomy  string `type:"existingdir" help:"Take the bones from meshes instead of the built-in ones; docs/phantom.md has the folder's format. Mind its licence." placeholder:"DIR"`
	Acquired string `help:"Acquisition time of the first study, RFC 3339. Defaults to now." placeholder:"TIME"`
	Layout   string `enum:"dicom,rsna" default:"dicom" help:"Layout on disk: a folder per study, or that of the RSNA 2022 fracture data."`
	Pictures bool   `help:"Also write a contact sheet PNG per study."`
	PhantomForm
}

// PhantomForm are the flags that say how the scanner acquires and what it sends.
type PhantomForm struct {
	Series            []string `sep:"," help:"Series to send beside the main one: localizer, soft, bone, sagittal, coronal, dose-report." placeholder:"KIND"`
	Position          string   `enum:"HFS,HFP,HFDL,HFDR,FFS,FFP,FFDL,FFDR" default:"HFS" help:"How the patient lies."`
	Tilt              float64  `help:"Gantry tilt in degrees, -45 to 45." placeholder:"DEG"`
	LocalizerInSeries bool     `help:"Send the localizer under the main series' UID."`
	DropSlices        []int    `sep:"," help:"Instance numbers of the main series that never arrive; -1 is the last." placeholder:"N"`
	TwoSpacings       bool     `help:"Make slices of the lower half twice as far apart and as thick."`
	Reverse           bool     `help:"Number the main series from its other end."`
	Thickness         float64  `help:"Slice thickness instead of a drawn one, 0.3 to 10." placeholder:"MM"`
	Spacing           float64  `help:"Distance of slices instead of a drawn one, 0.3 to 10." placeholder:"MM"`
}

// form takes the flags over; phantom.Generate checks them.
func (c PhantomForm) form() phantom.Form {
	f := phantom.Form{Position: phantom.Position(c.Position), TiltDegrees: c.Tilt, LocalizerInSeries: c.LocalizerInSeries,
		Drop: c.DropSlices, TwoSpacings: c.TwoSpacings, Reverse: c.Reverse}
	for _, k := range c.Series {
		f.Series = append(f.Series, phantom.SeriesKind(k))
	}
	return f
}

// Run writes the studies and says where.
func (c PhantomCmd) Run(rt *Runtime) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	at := time.Now()
	if c.Acquired != "" {
		if at, err = time.Parse(time.RFC3339, c.Acquired); err != nil {
			return neckfrac.Errorf(neckfrac.Invalid, "--acquired", "want RFC 3339, as 2026-03-04T05:06:07Z")
		}
	}
	p := newProgress(rt, c.N, "phantoms")
	index, err := phantom.Set{First: cfg, Count: c.N, Acquired: at, Layout: layouts[c.Layout], Progress: p.set}.Write(rt.Context, c.Out)
	p.end()
	if err != nil {
		return err
	}
	for _, e := range index.Studies {
		dir, sheet := filepath.Join(c.Out, e.ID), filepath.Join(c.Out, e.ID, "sheet.png")
		if e.UID != "" {
			dir, sheet = filepath.Join(c.Out, "train_images", e.UID), filepath.Join(c.Out, e.ID+".png")
		}
		if c.Pictures {
			if err := c.picture(cfg, e.Seed, sheet); err != nil {
				return err
			}
		}
		if c.N <= 20 {
			fmt.Fprintf(rt.Stdout, "%s\tseed %d\tfracture %d\n", dir, e.Seed, e.Patient)
		}
	}
	if index.Attribution != "" {
		fmt.Fprintln(rt.Stdout, index.Attribution)
	}
	fmt.Fprintf(rt.Stdout, "%d studies, generator %s, digest %.16s\n", len(index.Studies), index.Generator, index.Digest)
	return nil
}

var layouts = map[string]phantom.Layout{"dicom": phantom.LayoutStudies, "rsna": phantom.LayoutRSNA}

func (c PhantomCmd) config() (phantom.Config, error) {
	cfg := phantom.Config{Edition: phantom.Edition(c.Edition), Seed: c.Seed, Intact: c.Intact, SliceMM: c.Thickness, SpacingMM: c.Spacing, Form: c.form(),
		Mode:     map[string]phantom.Mode{"natural": phantom.Natural, "enriched": phantom.Enriched}[c.Mode],
		Coverage: map[string]phantom.Coverage{"mixed": phantom.CoverageMixed, "full": phantom.CoverageFull, "partial": phantom.CoveragePartial}[c.Coverage],
		Protocol: map[string]phantom.Protocol{"mixed": phantom.ProtocolMixed, "diagnostic": phantom.ProtocolDiagnostic, "wide": phantom.ProtocolWide, "therapy": phantom.ProtocolTherapy}[c.Protocol],
	}
	if c.Anatomy != "" {
		m, err := phantom.LoadAnatomy(c.Anatomy)
		if err != nil {
			return cfg, err
		}
		cfg.Anatomy = m
	}
	for _, l := range c.Look {
		level, kind, found := strings.Cut(l, ":")
		if !found {
			level, kind = "", l
		}
		look := phantom.Look{Kind: kind}
		if found {
			v, err := neckfrac.ParseVertebra(level)
			if err != nil {
				return cfg, neckfrac.Errorf(neckfrac.Invalid, "--look", "%q: want KIND or LEVEL:KIND, as C5:disc-vacuum", l)
			}
			look.Level = v
		}
		if !contains(phantom.LookKinds(), kind) {
			return cfg, neckfrac.Errorf(neckfrac.Invalid, "--look", "%q is no look-alike; there are: %s", kind, join(phantom.LookKinds()))
		}
		cfg.Looks = append(cfg.Looks, look)
	}
	for _, t := range c.WithoutType {
		cfg.WithoutTypes = append(cfg.WithoutTypes, phantom.Type(t))
	}
	cfg.WithoutKernels = c.WithoutKernel
	for _, f := range c.Fracture {
		level, kind, _ := strings.Cut(f, ":")
		v, err := neckfrac.ParseVertebra(level)
		if err != nil {
			return cfg, neckfrac.Errorf(neckfrac.Invalid, "--fracture", "%q: want LEVEL or LEVEL:TYPE, as C5:burst", f)
		}
		spec := phantom.FractureSpec{Level: v, Type: phantom.Type(kind)}
		if kind != "" && !contains(cfg.Edition.Types(v), spec.Type) {
			return cfg, neckfrac.Errorf(neckfrac.Invalid, "--fracture", "%q does not occur at %v; types there: %s", kind, v, join(cfg.Edition.Types(v)))
		}
		cfg.Fractures, cfg.Mode = append(cfg.Fractures, spec), phantom.Forced
	}
	return cfg, nil
}

func (c PhantomCmd) picture(cfg phantom.Config, seed uint64, file string) error {
	cfg.Seed = seed
	s, err := phantom.Generate(cfg)
	if err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, "phantom", err)
	}
	if err := s.ContactSheet(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

func contains[T comparable](types []T, t T) bool {
	for _, x := range types {
		if x == t {
			return true
		}
	}
	return false
}

func join[T ~string](types []T) string {
	out := make([]string, len(types))
	for i, t := range types {
		out[i] = string(t)
	}
	return strings.Join(out, ", ")
}
