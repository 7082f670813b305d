package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models"
	"github.com/neckfrac/neckfrac/models/onnx"
)

// PackCmd groups the model pack commands.
type PackCmd struct {
	Verify            PackVerifyCmd `cmd:"" help:"Check signature, digests and figures. Example: neckfrac pack verify models/packs/demo"`
	Show              PackShowCmd   `cmd:"" help:"Show what a pack states. Example: neckfrac pack show models/packs/demo"`
	Build             PackBuildCmd  `cmd:"" help:"Make a pack of what training wrote. Example: neckfrac pack build --in build/train --out build/pack --key-out build/demo.pub"`
	Sign              PackSignCmd   `cmd:"" help:"Sign a pack's manifest. Example: neckfrac pack sign build/pack --key site.key"`
	SetOperatingPoint PackPointCmd  `cmd:"" name:"set-operating-point" help:"Replace one operating point and sign again. Example: neckfrac pack set-operating-point build/pack --point point.json --key site.key"`
}

// PackVerifyCmd checks a pack.
type PackVerifyCmd struct {
	Pack string   `arg:"" help:"Folder or .tar."`
	Keys []string `help:"Public keys that may sign it." placeholder:"FILE"`
}

// Run opens the pack, which checks everything.
func (c PackVerifyCmd) Run(rt *Runtime) error {
	p, err := openPack(c.Pack, c.Keys)
	if err != nil {
		return err
	}
	defer p.Close()
	id := p.ID()
	fmt.Fprintf(rt.Stdout, "ok: %s %s, domain %s, digest %s, %d files\n", id.ID, id.Version, id.Domain, id.Digest, len(p.Manifest().Files))
	return nil
}

// PackShowCmd prints a pack.
type PackShowCmd struct {
	Pack string   `arg:"" help:"Folder or .tar."`
	Keys []string `help:"Public keys that may sign it." placeholder:"FILE"`
	JSON bool     `name:"json" help:"Print the manifest."`
}

// Run prints the manifest or its main figures.
func (c PackShowCmd) Run(rt *Runtime) error {
	p, err := openPack(c.Pack, c.Keys)
	if err != nil {
		return err
	}
	defer p.Close()
	m := p.Manifest()
	if c.JSON {
		enc := json.NewEncoder(rt.Stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(m)
	}
	fmt.Fprintf(rt.Stdout, "%s %s (%s)\n%s\n", m.ID, m.Version, m.Domain, m.IntendedUse)
	if m.Domain == neckfrac.DomainSynthetic {
		fmt.Fprintln(rt.Stdout, neckfrac.SyntheticPack)
	}
	w := tabwriter.NewWriter(rt.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "\npoint\tlevel ≥\tsens.\tspec.\tspine ≥\tsens.\tspec.\tmeasured on")
	for _, o := range m.Decision.Points {
		fmt.Fprintf(w, "%s\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%s\n", o.Name, o.Level.Probability, o.Level.Sensitivity.Value, o.Level.Specificity.Value,
			o.Patient.Probability, o.Patient.Sensitivity.Value, o.Patient.Specificity.Value, o.Validation)
	}
	g := m.Decision.Grades
	fmt.Fprintf(w, "\ngrades\tlow ≥ %.3f\tmedium ≥ %.3f\thigh ≥ %.3f\n", g.Low, g.Medium, g.High)
	fmt.Fprintln(w, "\nfile\tbytes\tsha-256")
	for _, f := range m.Files {
		fmt.Fprintf(w, "%s\t%d\t%.16s\n", f.Name, f.Bytes, f.SHA256)
	}
	return w.Flush()
}

// PackSignCmd signs a manifest.
type PackSignCmd struct {
	Pack string `arg:"" help:"Folder of the pack."`
	Key  string `required:"" help:"Private key file." type:"existingfile" placeholder:"FILE"`
}

// Run signs.
func (c PackSignCmd) Run(rt *Runtime) error {
	b, err := os.ReadFile(c.Key)
	if err != nil {
		return neckfrac.Wrap(neckfrac.NotFound, "pack sign", err)
	}
	key, err := models.ParsePrivateKey(b)
	if err != nil {
		return err
	}
	if err := models.Sign(c.Pack, key); err != nil {
		return err
	}
	fmt.Fprintln(rt.Stdout, "signed", c.Pack)
	return nil
}

// PackPointCmd replaces an operating point.
type PackPointCmd struct {
	Pack  string `arg:"" help:"Folder of the pack."`
	Point string `required:"" help:"JSON of the operating point, with its validation figures." type:"existingfile" placeholder:"FILE"`
	Key   string `required:"" help:"Private key file." type:"existingfile" placeholder:"FILE"`
}

// Run replaces the point of that name and signs the new manifest.
func (c PackPointCmd) Run(rt *Runtime) error {
	kb, err := os.ReadFile(c.Key)
	if err != nil {
		return neckfrac.Wrap(neckfrac.NotFound, "pack", err)
	}
	key, err := models.ParsePrivateKey(kb)
	if err != nil {
		return err
	}
	pb, err := os.ReadFile(c.Point)
	if err != nil {
		return neckfrac.Wrap(neckfrac.NotFound, "pack", err)
	}
	var p neckfrac.OperatingPoint
	if err := json.Unmarshal(pb, &p); err != nil {
		return neckfrac.Errorf(neckfrac.Invalid, "pack", "%s is no operating point: %v", c.Point, err)
	}
	if err := models.SetOperatingPoint(c.Pack, p, key); err != nil {
		return err
	}
	fmt.Fprintf(rt.Stdout, "point %s set in %s\n", p.Name, c.Pack)
	return nil
}

// PackBuildCmd makes a pack and signs it with a key that is thrown away.
type PackBuildCmd struct {
	In         string `required:"" help:"Folder that training wrote." type:"existingdir" placeholder:"DIR"`
	Out        string `required:"" help:"Folder of the pack." placeholder:"DIR"`
	ID         string `name:"id" default:"demo" help:"Pack id."`
	PackVer    string `name:"pack-version" required:"" help:"Pack version, as 0.1.0."`
	Domain     string `enum:"synthetic,patients" default:"synthetic" help:"What it was trained on."`
	Use        string `default:"Demonstration on synthetic CT. Not for patients." help:"Intended use."`
	Validation string `required:"" help:"The set behind the figures, as \"synthetic, 150 studies\"."`
	Data       string `required:"" help:"Training data, one line."`
	DataDigest string `help:"Digest of the training data set."`
	Commit     string `help:"Commit that trained it."`
	Command    string `help:"Command that remakes it."`
	NoSelfTest bool   `help:"Leave the self-test out: a machine that computes otherwise will not be noticed."`
	KeyOut     string `help:"Sign with a key made for this run; write its public half here. The private half is never stored." placeholder:"FILE"`
}

// Run builds, and signs where --key-out names a file.
func (c PackBuildCmd) Run(rt *Runtime) error {
	var selfTest func(*models.Graphs) (*models.SelfTest, error)
	if !c.NoSelfTest {
		selfTest = func(g *models.Graphs) (*models.SelfTest, error) {
			return onnx.Record(rt.Context, g, onnx.Options{Library: rt.ORTLib})
		}
	}
	m, err := models.Build(models.BuildOptions{In: c.In, SelfTest: selfTest, Out: c.Out, ID: c.ID, Version: c.PackVer, IntendedUse: c.Use,
		Domain: neckfrac.Domain(c.Domain), Validation: c.Validation,
		Training: models.Training{Data: c.Data, DatasetDigest: c.DataDigest, Commit: c.Commit, Recipe: c.Command}})
	if err != nil {
		return err
	}
	fmt.Fprintf(rt.Stdout, "built %s %s in %s, %d files\n", m.ID, m.Version, c.Out, len(m.Files))
	if c.KeyOut == "" {
		fmt.Fprintln(rt.Stdout, "not signed: use neckfrac pack sign")
		return nil
	}
	public, private, err := models.NewKey()
	if err != nil {
		return err
	}
	if err := models.Sign(c.Out, private); err != nil {
		return err
	}
	b, err := models.FormatPublicKey(public)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(c.KeyOut), 0o755); err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, "pack build", err)
	}
	if err := os.WriteFile(c.KeyOut, b, 0o644); err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, "pack build", err)
	}
	fmt.Fprintln(rt.Stdout, "signed; public key in", c.KeyOut)
	return nil
}
