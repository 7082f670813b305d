package bench

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"os"
	"regexp"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/phantom"
)

// MaxStudies bounds a recipe: ten thousand studies take some eight hours to check.
const MaxStudies = 10_000

// maxRecipe bounds a recipe's file, in bytes.
const maxRecipe = 1 << 16

// Recipe is all that a benchmark is made from. Study i has seed Seed + i; no seed of a
// benchmark may be trained, calibrated or tuned on.
type Recipe struct {
	Schema   int             `json:"schema"`
	Name     string          `json:"name"`
	Edition  phantom.Edition `json:"edition"`
	Anatomy  string          `json:"anatomy"`
	Mode     string          `json:"mode"`
	Coverage string          `json:"coverage"`
	Protocol string          `json:"protocol"`
	// Matrix and MaxSlices are phantom.Config's.
	Matrix    int    `json:"matrix"`
	MaxSlices int    `json:"max_slices"`
	Seed      uint64 `json:"seed"`
	Studies   int    `json:"studies"`
	// Acquired is the first study's time; later ones follow by 10 minutes. Identifiers
	// depend on it, pixels and truth do not.
	Acquired time.Time `json:"acquired"`
	// Digest is that of phantom.Index over all studies, as lower-case hexadecimal. Empty
	// says that the benchmark is not frozen.
	Digest string `json:"digest"`
}

var (
	modes     = map[string]phantom.Mode{"natural": phantom.Natural, "enriched": phantom.Enriched}
	coverages = map[string]phantom.Coverage{"mixed": phantom.CoverageMixed, "full": phantom.CoverageFull, "partial": phantom.CoveragePartial}
	protocols = map[string]phantom.Protocol{
		"mixed": phantom.ProtocolMixed, "diagnostic": phantom.ProtocolDiagnostic, "wide": phantom.ProtocolWide, "therapy": phantom.ProtocolTherapy,
	}
)

//go:embed v1.json
var v1JSON []byte

// V1 is the recipe of bench-v1.
func V1() Recipe {
	r, err := ParseRecipe(v1JSON)
	if err != nil {
		panic("bench: the embedded recipe of bench-v1: " + err.Error())
	}
	return r
}

// ParseRecipe reads a recipe. A key that it doesn't know, a value outside its range or
// anything after the object is Invalid: a setting that is read over would make another
// benchmark under the same name.
func ParseRecipe(b []byte) (Recipe, error) {
	const op = "bench: recipe"
	var r Recipe
	if len(b) > maxRecipe {
		return r, neckfrac.Errorf(neckfrac.Limit, op, "more than %d bytes", maxRecipe)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, neckfrac.Wrap(neckfrac.Invalid, op, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return r, neckfrac.Errorf(neckfrac.Invalid, op, "something follows the recipe")
	}
	return r, neckfrac.E(op, r.check())
}

// ReadRecipe reads a recipe from a file.
func ReadRecipe(name string) (Recipe, error) {
	const op = "bench: read recipe"
	f, err := os.Open(name)
	if err != nil {
		return Recipe{}, neckfrac.Wrap(neckfrac.NotFound, op, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxRecipe+1))
	if err != nil {
		return Recipe{}, neckfrac.Wrap(neckfrac.Unavailable, op, err)
	}
	return ParseRecipe(b)
}

var (
	recipeName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)
	hexDigest  = regexp.MustCompile(`^([0-9a-f]{64})?$`)
)

func (r Recipe) check() error {
	for _, c := range []struct {
		ok   bool
		want string
	}{
		{r.Schema == 1, "schema: want 1"},
		{recipeName.MatchString(r.Name), "name: want letters, digits and dashes, 64 at most"},
		{r.Edition == phantom.Phantom3 || r.Edition == phantom.Phantom4, "edition: want phantom-3 or phantom-4"},
		{r.Anatomy == phantom.BuiltIn{}.Name(), "anatomy: want built-in, the one that everybody has"},
		{has(modes, r.Mode), "mode: want natural or enriched"},
		{has(coverages, r.Coverage), "coverage: want mixed, full or partial"},
		{has(protocols, r.Protocol), "protocol: want mixed, diagnostic, wide or therapy"},
		{r.Matrix >= 64 && r.Matrix <= 512, "matrix: want 64 to 512"},
		{r.MaxSlices >= 40 && r.MaxSlices <= 600, "max_slices: want 40 to 600"},
		{r.Studies >= 1 && r.Studies <= MaxStudies, "studies: want 1 to 10000"},
		{r.Seed <= 1<<53, "seed: more than JSON's numbers can carry"},
		{!r.Acquired.IsZero(), "acquired: want a time"},
		{hexDigest.MatchString(r.Digest), "digest: want 64 lower-case hexadecimal digits, or none"},
	} {
		if !c.ok {
			return neckfrac.Errorf(neckfrac.Invalid, "check", "%s", c.want)
		}
	}
	return nil
}

func has[V any](m map[string]V, k string) bool { _, ok := m[k]; return ok }

// Config is the configuration of study i.
func (r Recipe) Config(i int) phantom.Config {
	return phantom.Config{
		Edition: r.Edition, Seed: r.Seed + uint64(i), Mode: modes[r.Mode], Coverage: coverages[r.Coverage], Protocol: protocols[r.Protocol],
		Matrix: r.Matrix, MaxSlices: r.MaxSlices,
	}
}

// settings names the recipe without its digest, which is no setting.
func (r Recipe) settings() string {
	r.Digest = ""
	b, err := json.Marshal(r)
	if err != nil {
		panic("bench: a recipe has no form in JSON: " + err.Error()) // no field of it can fail
	}
	return string(b)
}
