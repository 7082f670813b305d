package bench_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/bench"
	"github.com/neckfrac/neckfrac/models/phantom"
)

// firstSeed is below every seed that a benchmark may use: what lies under it is trained,
// calibrated and tried out on.
const firstSeed = 900_000

func TestV1(t *testing.T) {
	t.Parallel()
	r := bench.V1()
	if r.Name != "bench-v1" || r.Seed < firstSeed || r.Studies < 500 || r.Mode != "natural" || r.Coverage != "mixed" || r.Protocol != "mixed" {
		t.Errorf("%+v: want at least 500 patients of the natural mix, seeds from %d on", r, firstSeed)
	}
	c := r.Config(7)
	if c.Seed != r.Seed+7 || c.Edition != r.Edition || c.Mode != phantom.Natural || c.Coverage != phantom.CoverageMixed || c.Intact || c.Matrix != r.Matrix {
		t.Errorf("configuration of study 7: %+v", c)
	}
}

// TestV1ListIsTheDigest: the list of studies is what the recipe's digest is over.
func TestV1ListIsTheDigest(t *testing.T) {
	t.Parallel()
	r, list := bench.V1(), bench.V1Studies()
	if r.Digest == "" && len(list) == 0 {
		t.Skip("bench-v1 is not frozen yet")
	}
	if got := bench.DigestOf(list); got != r.Digest || len(list) != r.Studies {
		t.Errorf("%d studies with digest %s; want %d with %s", len(list), got, r.Studies, r.Digest)
	}
}

const recipe = `{"schema":1,"name":"tiny","edition":"phantom-4","anatomy":"built-in","mode":"natural","coverage":"mixed","protocol":"diagnostic",` +
	`"matrix":64,"max_slices":48,"seed":950000,"studies":3,"acquired":"2026-03-04T05:06:07Z","digest":""}`

func TestRecipeRefuses(t *testing.T) {
	t.Parallel()
	if _, err := bench.ParseRecipe([]byte(recipe)); err != nil {
		t.Fatalf("the recipe that the cases change: %v", err)
	}
	edit := func(old, with string) string {
		if !strings.Contains(recipe, old) {
			t.Fatalf("the recipe has no %s", old)
		}
		return strings.Replace(recipe, old, with, 1)
	}
	for name, tc := range map[string]struct {
		in   string
		kind neckfrac.Kind
	}{
		"unknown key":         {edit(`"matrix"`, `"noise":1,"matrix"`), neckfrac.Invalid},
		"something after":     {recipe + "{}", neckfrac.Invalid},
		"no object":           {"", neckfrac.Invalid},
		"half of one":         {recipe[:60], neckfrac.Invalid},
		"another schema":      {edit(`"schema":1`, `"schema":2`), neckfrac.Invalid},
		"name of a path":      {edit(`"tiny"`, `"../tiny"`), neckfrac.Invalid},
		"unknown edition":     {edit("phantom-4", "phantom-9"), neckfrac.Invalid},
		"no edition":          {edit("phantom-4", ""), neckfrac.Invalid},
		"anatomy of a folder": {edit("built-in", "meshes"), neckfrac.Invalid},
		"unknown mode":        {edit("natural", "forced"), neckfrac.Invalid},
		"unknown coverage":    {edit(`"coverage":"mixed"`, `"coverage":"half"`), neckfrac.Invalid},
		"unknown protocol":    {edit("diagnostic", "cone-beam"), neckfrac.Invalid},
		"matrix too small":    {edit(`"matrix":64`, `"matrix":63`), neckfrac.Invalid},
		"matrix too large":    {edit(`"matrix":64`, `"matrix":513`), neckfrac.Invalid},
		"slices too few":      {edit(`:48`, `:39`), neckfrac.Invalid},
		"slices too many":     {edit(`:48`, `:601`), neckfrac.Invalid},
		"no studies":          {edit(`"studies":3`, `"studies":0`), neckfrac.Invalid},
		"too many studies":    {edit(`"studies":3`, `"studies":10001`), neckfrac.Invalid},
		"seed below zero":     {edit(`950000`, `-1`), neckfrac.Invalid},
		"seed past JSON":      {edit(`950000`, `9007199254740993`), neckfrac.Invalid},
		"no time":             {edit(`2026-03-04T05:06:07Z`, `0001-01-01T00:00:00Z`), neckfrac.Invalid},
		"time of no format":   {edit(`2026-03-04T05:06:07Z`, `yesterday`), neckfrac.Invalid},
		"digest too short":    {edit(`"digest":""`, `"digest":"ab"`), neckfrac.Invalid},
		"digest in capitals":  {edit(`"digest":""`, `"digest":"`+strings.Repeat("AB", 32)+`"`), neckfrac.Invalid},
		"too long":            {recipe + strings.Repeat(" ", 1<<16), neckfrac.Limit},
	} {
		if _, err := bench.ParseRecipe([]byte(tc.in)); neckfrac.KindOf(err) != tc.kind {
			t.Errorf("%s: got %v, want %v", name, err, tc.kind)
		}
	}
}

func TestReadRecipe(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "r.json")
	if _, err := bench.ReadRecipe(name); neckfrac.KindOf(err) != neckfrac.NotFound {
		t.Errorf("no file: %v", err)
	}
	if err := os.WriteFile(name, []byte(recipe), 0o644); err != nil {
		t.Fatal(err)
	}
	if r, err := bench.ReadRecipe(name); err != nil || r.Name != "tiny" {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestListRefuses(t *testing.T) {
	t.Parallel()
	good := "nf-00900000\t" + strings.Repeat("a", 64) + "\t...x..o\tfffffpn\n"
	if l, err := bench.ParseList(good + good); err != nil || len(l) != 2 || l[1].State != "...x..o" {
		t.Fatalf("got %+v, %v", l, err)
	}
	for _, bad := range []string{"\n", "a\tb\n", strings.Replace(good, "...x", "..x", 1), strings.Replace(good, "fff", "ff", 1), strings.Replace(good, "aa", "a", 1)} {
		if _, err := bench.ParseList(good + bad); neckfrac.KindOf(err) != neckfrac.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
