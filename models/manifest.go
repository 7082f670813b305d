package models

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"io"
	"math"
	"regexp"
	"strings"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/input"
)

// ManifestSchema is the version of manifest.json that this code reads and writes.
const ManifestSchema = 1

// Manifest states everything about a pack.
type Manifest struct {
	Schema      int             `json:"schema"`
	ID          string          `json:"id"`
	Version     string          `json:"version"`
	IntendedUse string          `json:"intended_use"`
	Domain      neckfrac.Domain `json:"domain"`
	Training    Training        `json:"training"`
	// RandomWeights marks a pack for speed benches; the service refuses it.
	RandomWeights bool     `json:"random_weights"`
	Files         []File   `json:"files"`
	Models        []Model  `json:"models"`
	Ensemble      Ensemble `json:"ensemble"`
	// Decision holds operating points with their validation figures and grade bands.
	Decision neckfrac.Decision `json:"decision"`
	// OutOfDomain bounds what the pack was made for.
	OutOfDomain []Range `json:"out_of_domain"`
	// SelfTest is absent in packs that were built without one.
	SelfTest *SelfTest `json:"self_test,omitempty"`
}

// Training says where the weights come from.
type Training struct {
	Data          string `json:"data"`
	DatasetDigest string `json:"dataset_digest,omitempty"`
	Recipe        string `json:"recipe,omitempty"`
	Seed          int64  `json:"seed,omitempty"`
	Commit        string `json:"commit,omitempty"`
}

// File is one file of the pack.
type File struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Role is what a network does in the ensemble.
type Role string

// Roles of the two stages of Model II; those of Model I are Model1Patient and
// Model1Level.
const (
	Segment       Role = "segment"
	Classify      Role = "classify"
	Model1Patient Role = "model1_patient"
)

// Model1Level is the role of a level's own Model I network, "model1_c5".
func Model1Level(v neckfrac.Vertebra) Role { return Role("model1_" + strings.ToLower(v.String())) }

// Model is one network: its folds, whose outputs are averaged, and its input.
type Model struct {
	Role  Role     `json:"role"`
	Files []string `json:"files"`
	// Input is the spec of the role, decoded by Specs.
	Input json.RawMessage `json:"input"`
}

// Specs returns the inputs of the networks. Without any Model I network its spec is
// the first form's, and unused.
func (m *Manifest) Specs() (input.Specs, error) {
	out := input.Specs{Model1: input.FirstForm().Model1}
	seen := map[string]bool{}
	for _, n := range m.Models {
		var err error
		switch n.Role {
		case Segment:
			err = decodeStrict(n.Input, &out.Segment)
		case Classify:
			err = decodeStrict(n.Input, &out.Classify)
		default:
			var s input.Model1Spec
			if err = decodeStrict(n.Input, &s); err == nil && seen["model1"] && s != out.Model1 {
				err = neckfrac.Errorf(neckfrac.Invalid, "spec", "the Model I networks differ in their input")
			}
			out.Model1, seen["model1"] = s, true
		}
		if err != nil {
			return input.Specs{}, neckfrac.Wrap(neckfrac.Invalid, "manifest: input of "+string(n.Role), err)
		}
	}
	return out, out.Check()
}

// Model returns the network of a role.
func (m *Manifest) Model(r Role) (Model, bool) {
	for _, n := range m.Models {
		if n.Role == r {
			return n, true
		}
	}
	return Model{}, false
}

// ParseManifest reads and checks manifest.json. Unknown fields are refused: they
// would state something that nobody follows.
func ParseManifest(b []byte) (*Manifest, error) {
	if len(b) > maxManifestBytes {
		return nil, neckfrac.Errorf(neckfrac.Limit, "manifest", "over %d bytes", maxManifestBytes)
	}
	var m Manifest
	if err := decodeStrict(b, &m); err != nil {
		return nil, neckfrac.Wrap(neckfrac.Invalid, "manifest", err)
	}
	if err := m.Check(); err != nil {
		return nil, err
	}
	return &m, nil
}

// decodeStrict decodes exactly one JSON value without unknown fields.
func decodeStrict(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return neckfrac.Errorf(neckfrac.Invalid, "json", "data after the value")
	}
	return nil
}

var (
	idPattern      = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,63}$`)
	versionPattern = regexp.MustCompile(`^[0-9]{1,6}(\.[0-9]{1,6}){0,3}$`)
	filePattern    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)
)

// Check refuses a manifest that is incomplete, inconsistent or out of bounds.
func (m *Manifest) Check() error {
	const op = "manifest"
	bad := func(format string, args ...any) error {
		return neckfrac.Errorf(neckfrac.Invalid, op, format, args...)
	}
	switch {
	case m.Schema != ManifestSchema:
		return neckfrac.Errorf(neckfrac.Unsupported, op, "schema %d, want %d", m.Schema, ManifestSchema)
	case !idPattern.MatchString(m.ID) || !versionPattern.MatchString(m.Version):
		return bad("id or version is malformed")
	case m.IntendedUse == "" || m.Training.Data == "":
		return bad("intended_use and training.data must be stated")
	case m.Domain != neckfrac.DomainSynthetic && m.Domain != neckfrac.DomainPatients:
		return bad("domain must be synthetic or patients")
	}
	for _, check := range []func() error{m.checkFiles, m.checkModels, m.Ensemble.check, func() error { return checkDecision(m.Decision) }, m.checkRanges, m.checkSelfTest} {
		if err := check(); err != nil {
			return neckfrac.Wrap(neckfrac.Invalid, op, err)
		}
	}
	return nil
}

func (m *Manifest) checkFiles() error {
	const op = "files"
	if len(m.Files) == 0 || len(m.Files) > maxFiles {
		return neckfrac.Errorf(neckfrac.Limit, op, "%d files", len(m.Files))
	}
	seen := map[string]bool{}
	var total int64
	for _, f := range m.Files {
		sum, err := hex.DecodeString(f.SHA256)
		switch {
		case !filePattern.MatchString(f.Name) || f.Name == ManifestName || f.Name == SignatureName:
			return neckfrac.Errorf(neckfrac.Invalid, op, "%q is not a file name of a pack", f.Name)
		case seen[f.Name]:
			return neckfrac.Errorf(neckfrac.Invalid, op, "%s is stated twice", f.Name)
		case err != nil || len(sum) != 32:
			return neckfrac.Errorf(neckfrac.Invalid, op, "%s: malformed digest", f.Name)
		case f.Bytes < 0 || f.Bytes > maxFileBytes:
			return neckfrac.Errorf(neckfrac.Limit, op, "%s: %d bytes", f.Name, f.Bytes)
		}
		seen[f.Name] = true
		total += f.Bytes
	}
	if total > maxPackBytes {
		return neckfrac.Errorf(neckfrac.Limit, op, "%d bytes in all", total)
	}
	if !seen[CardName] {
		return neckfrac.Errorf(neckfrac.Invalid, op, "%s is missing", CardName)
	}
	return nil
}

func (m *Manifest) checkModels() error {
	const op = "models"
	known := map[Role]bool{Segment: true, Classify: true, Model1Patient: true}
	for _, v := range neckfrac.Vertebrae() {
		known[Model1Level(v)] = true
	}
	used := map[string]bool{}
	seen := map[Role]bool{}
	for _, n := range m.Models {
		if !known[n.Role] || seen[n.Role] {
			return neckfrac.Errorf(neckfrac.Invalid, op, "role %q is unknown or stated twice", n.Role)
		}
		seen[n.Role] = true
		if len(n.Files) == 0 {
			return neckfrac.Errorf(neckfrac.Invalid, op, "%s has no file", n.Role)
		}
		for _, f := range n.Files {
			if _, ok := m.file(f); !ok || used[f] || !strings.HasSuffix(f, ".onnx") {
				return neckfrac.Errorf(neckfrac.Invalid, op, "%s: %q is no graph of its own", n.Role, f)
			}
			used[f] = true
		}
	}
	if !seen[Segment] || !seen[Classify] {
		return neckfrac.Errorf(neckfrac.Invalid, op, "segment and classify are needed")
	}
	for _, f := range m.Files {
		if strings.HasSuffix(f.Name, ".onnx") && !used[f.Name] {
			return neckfrac.Errorf(neckfrac.Invalid, op, "%s belongs to no model", f.Name)
		}
	}
	_, err := m.Specs()
	return err
}

func (m *Manifest) file(name string) (File, bool) {
	for _, f := range m.Files {
		if f.Name == name {
			return f, true
		}
	}
	return File{}, false
}

func finite(xs ...float64) bool {
	for _, x := range xs {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}
