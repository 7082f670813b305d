package models

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/input"
)

// BuildOptions say what Build can't read from the training folder.
type BuildOptions struct {
	// In is the folder that training wrote: *.onnx, models.json, fit.json and
	// MODEL_CARD.md. Out becomes the pack; it must be empty or absent.
	In, Out     string
	ID, Version string
	IntendedUse string
	Domain      neckfrac.Domain
	Training    Training
	// Validation names the set behind the figures of fit.json.
	Validation string
	// Flag defaults to balanced.
	Flag        neckfrac.PointName
	OutOfDomain []Range
	// SelfTest runs the graphs on the frozen input; nil builds a pack without a
	// self-test. This package has no runtime of its own.
	SelfTest func(*Graphs) (*SelfTest, error)
}

// graphPattern is the name of a graph: its role's, with the fold between dots.
var graphPattern = regexp.MustCompile(`^(random-weights\.)?(model2_segment|model2_classify|model1_patient|model1_c[1-7])(\.[a-z0-9]+)?\.onnx$`)

// Build makes an unsigned pack from what training wrote and returns its manifest.
// Untrained graphs (random_weights in their models.json) make a pack that is marked
// so and needs no fit.json.
func Build(o BuildOptions) (*Manifest, error) {
	const op = "pack build"
	if o.Flag == "" {
		o.Flag = neckfrac.PointBalanced
	}
	names, err := graphFiles(o.In)
	if err != nil {
		return nil, err
	}
	random := strings.HasPrefix(names[0], randomPrefix)
	exported, err := readExport(filepath.Join(o.In, prefixIf(random)+"models.json"))
	if err != nil {
		return nil, err
	}
	if exported.RandomWeights != random {
		return nil, neckfrac.Errorf(neckfrac.Conflict, op, "models.json and the names of the graphs disagree on random weights")
	}
	m := &Manifest{Schema: ManifestSchema, ID: o.ID, Version: o.Version, IntendedUse: o.IntendedUse, Domain: o.Domain,
		Training: o.Training, RandomWeights: random, OutOfDomain: o.OutOfDomain}
	if m.Training.Recipe == "" {
		m.Training.Recipe = exported.Recipe
	}
	if m.Models, err = rolesOf(names, exported); err != nil {
		return nil, err
	}
	if err := m.takeSelfTest(o); err != nil {
		return nil, err
	}
	if random {
		m.Ensemble, m.Decision = untrained()
	} else if err := m.takeFit(filepath.Join(o.In, "fit.json"), o); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Out, 0o755); err != nil {
		return nil, neckfrac.E(op, err)
	}
	if have, err := os.ReadDir(o.Out); err != nil || len(have) > 0 {
		return nil, neckfrac.Errorf(neckfrac.Conflict, op, "the output folder is not empty")
	}
	for _, name := range append(names, CardName) {
		f, err := copyFile(filepath.Join(o.In, name), filepath.Join(o.Out, name))
		if err != nil {
			return nil, neckfrac.E(op+": "+name, err)
		}
		m.Files = append(m.Files, f)
	}
	return m, m.write(o.Out)
}

func (m *Manifest) takeSelfTest(o BuildOptions) error {
	if o.SelfTest == nil {
		return nil
	}
	g, err := OpenGraphs(o.In)
	if err != nil {
		return err
	}
	m.SelfTest, err = o.SelfTest(g)
	return neckfrac.E("pack build: self-test", err)
}

// write checks the manifest and writes it to a folder.
func (m *Manifest) write(dir string) error {
	if err := m.Check(); err != nil {
		return err
	}
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return neckfrac.E("manifest: encode", err)
	}
	return neckfrac.E("manifest: write", os.WriteFile(filepath.Join(dir, ManifestName), append(b, '\n'), 0o644))
}

// Sign signs the manifest of a pack folder.
func Sign(dir string, key ed25519.PrivateKey) error {
	b, err := os.ReadFile(filepath.Join(dir, ManifestName))
	if err != nil {
		return neckfrac.Wrap(neckfrac.NotFound, "pack sign", err)
	}
	if _, err := ParseManifest(b); err != nil {
		return neckfrac.E("pack sign", err)
	}
	return neckfrac.E("pack sign", os.WriteFile(filepath.Join(dir, SignatureName), SignManifest(b, key), 0o644))
}

// SetOperatingPoint replaces an operating point of a pack folder and signs it again.
func SetOperatingPoint(dir string, p neckfrac.OperatingPoint, key ed25519.PrivateKey) error {
	b, err := os.ReadFile(filepath.Join(dir, ManifestName))
	if err != nil {
		return neckfrac.Wrap(neckfrac.NotFound, "set operating point", err)
	}
	m, err := ParseManifest(b)
	if err != nil {
		return err
	}
	if m, err = m.WithOperatingPoint(p); err != nil {
		return err
	}
	if err := m.write(dir); err != nil {
		return err
	}
	return Sign(dir, key)
}

const randomPrefix = "random-weights."

func prefixIf(random bool) string {
	if random {
		return randomPrefix
	}
	return ""
}

// graphFiles lists the graphs of a folder; trained and random ones may not mix.
func graphFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.NotFound, "pack build", err)
	}
	var trained, random []string
	for _, e := range entries {
		switch g := graphPattern.FindStringSubmatch(e.Name()); {
		case g == nil:
		case g[1] == "":
			trained = append(trained, e.Name())
		default:
			random = append(random, e.Name())
		}
	}
	switch {
	case len(trained) > 0:
		return trained, nil
	case len(random) > 0:
		return random, nil
	}
	return nil, neckfrac.Errorf(neckfrac.NotFound, "pack build", "no graph in the folder")
}

// export is the part of models.json that a manifest needs.
type export struct {
	Recipe        string `json:"recipe"`
	RandomWeights bool   `json:"random_weights"`
	Models        []struct {
		File string          `json:"file"`
		Spec json.RawMessage `json:"input_spec"`
	} `json:"models"`
}

func readExport(path string) (export, error) {
	var e export
	b, err := os.ReadFile(path)
	if err != nil {
		return e, neckfrac.Wrap(neckfrac.NotFound, "pack build", err)
	}
	return e, neckfrac.Wrap(neckfrac.Invalid, "pack build: models.json", json.Unmarshal(b, &e))
}

// rolesOf groups graphs into models, each with the input that it was trained on.
func rolesOf(names []string, e export) ([]Model, error) {
	first := input.FirstForm()
	var out []Model
	for _, name := range names {
		role := Role(strings.TrimPrefix(graphPattern.FindStringSubmatch(name)[2], "model2_"))
		spec := specOf(name, e)
		if spec == nil { // untrained: no data set ruled its input
			var v any = first.Model1
			switch role {
			case Segment:
				v = first.Segment
			case Classify:
				v = first.Classify
			}
			b, err := json.Marshal(v)
			if err != nil {
				return nil, neckfrac.E("pack build", err)
			}
			spec = b
		}
		if i := slices.IndexFunc(out, func(m Model) bool { return m.Role == role }); i >= 0 {
			out[i].Files = append(out[i].Files, name)
			continue
		}
		out = append(out, Model{Role: role, Files: []string{name}, Input: spec})
	}
	return out, nil
}

func specOf(name string, e export) json.RawMessage {
	for _, m := range e.Models {
		if m.File == name && len(m.Spec) > 2 {
			return m.Spec
		}
	}
	return nil
}

func copyFile(from, to string) (File, error) {
	src, err := os.Open(from)
	if err != nil {
		return File{}, neckfrac.Wrap(neckfrac.NotFound, "copy", err)
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return File{}, neckfrac.E("copy", err)
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(dst, h), io.LimitReader(src, maxFileBytes+1))
	if cerr := dst.Close(); err == nil {
		err = cerr
	}
	return File{Name: filepath.Base(to), Bytes: n, SHA256: hex.EncodeToString(h.Sum(nil))}, neckfrac.E("copy", err)
}
