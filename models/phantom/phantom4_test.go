package phantom_test

import (
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/phantom"
)

func four(seed uint64) phantom.Config {
	c := small(seed)
	c.Edition = phantom.Phantom4
	return c
}

// TestPhantom4Stays pins two studies of the edition that the benchmark is made from.
func TestPhantom4Stays(t *testing.T) {
	t.Parallel()
	if runtime.GOARCH != "amd64" {
		t.Skip("floating point differs between architectures; the digests are those of amd64")
	}
	enriched := phantom.Config{Edition: phantom.Phantom4, Seed: 2, Mode: phantom.Enriched, Matrix: 96, MaxSlices: 64}
	natural := phantom.Config{Edition: phantom.Phantom4, Seed: 1, Matrix: 64, MaxSlices: 48,
		Looks: []phantom.Look{{Kind: phantom.LookAnteriorPlate}, {Kind: phantom.LookHealedWedge}, {Kind: phantom.LookVacuum}}}
	for name, c := range map[string]phantom.Config{"enriched": enriched, "looks": natural} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := written(t, generate(t, c))
			golden := filepath.Join("testdata", "phantom-4", name+".golden.txt")
			if *update {
				if err := os.MkdirAll(filepath.Dir(golden), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("output of %+v changed:\n%swant\n%s", c, got, want)
			}
		})
	}
}

// Away from the break, and from the neck above one that moves it, the twin's bone stays:
// noise, streaks, scan and look-alikes do not know the label.
func TestPhantom4TwinIsEqualElsewhere(t *testing.T) {
	long(t)
	t.Parallel()
	for _, f := range []struct {
		level neckfrac.Vertebra
		kind  phantom.Type
		above float64 // mm over the box from which the neck may have moved
	}{{neckfrac.C7, phantom.SpinousProcess, 12}, {neckfrac.C5, phantom.Burst, 1e9}, {neckfrac.C2, phantom.C2Body, 12}} {
		c := four(32)
		c.Mode, c.Fractures = phantom.Forced, []phantom.FractureSpec{{Level: f.level, Type: f.kind}}
		s := generate(t, c)
		c.Intact = true
		twin := generate(t, c)
		if !reflect.DeepEqual(s.Truth.Negatives, twin.Truth.Negatives) || s.Truth.Scanner != twin.Truth.Scanner || s.Truth.Person != twin.Truth.Person || s.Volume.Grid != twin.Volume.Grid {
			t.Fatalf("%v: look-alikes, person or scan differ", f)
		}
		if s.Truth.Levels[f.level].Label != 1 || twin.Truth.Levels[f.level].Label != 0 || twin.Truth.Patient != 0 {
			t.Errorf("%v: labels %d and %d, want 1 and 0", f, s.Truth.Levels[f.level].Label, twin.Truth.Levels[f.level].Label)
		}
		box := twin.Truth.Levels[f.level].BoxMM
		var bone int
		for at, v := range twin.Labels.Voxel {
			d := int(s.Volume.HU[at]) - int(twin.Volume.HU[at])
			if v == 0 || v == 8 || d*d < 60*60 {
				// Swelling and blood are soft and may lie elsewhere, by the hyoid too.
				continue
			}
			nx, ny := s.Volume.Dims[0], s.Volume.Dims[1]
			z := s.Volume.ToMM(neckfrac.Vec3{0, 0, float64(at / nx / ny)})[2]
			if z <= box[2]-12 || z >= box[5]+f.above {
				bone++
			}
		}
		if bone > 0 {
			t.Errorf("%v: %d voxels of vertebrae differ away from the break", f, bone)
		}
		if rows := 4 * s.Volume.Dims[0]; !slices.Equal(s.Volume.HU[:rows], twin.Volume.HU[:rows]) {
			t.Errorf("%v: noise at the lower end differs", f)
		}
	}
}

// Every kind of look-alike can be asked for, is told, changes the picture where it is, and
// makes no level a broken one.
func TestEveryLookShows(t *testing.T) {
	long(t)
	t.Parallel()
	c := four(24)
	c.Mode = phantom.Forced
	c.Matrix, c.MaxSlices, c.SliceMM = 160, 220, 0.8
	has := func(s *phantom.Study, kind string) bool {
		return slices.ContainsFunc(s.Truth.Negatives, func(n phantom.Negative) bool { return n.Kind == kind })
	}
	young := generate(t, c)
	c.Seed = 43
	old := generate(t, c)
	for _, kind := range phantom.LookKinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			// A patient with a look-alike already is no ground to see it on.
			c, plain := c, old
			if has(old, kind) {
				c.Seed, plain = 24, young
			}
			if has(plain, kind) {
				t.Fatal("both patients have it already")
			}
			c.Looks = []phantom.Look{{Kind: kind}}
			s := generate(t, c)
			if !has(s, kind) {
				t.Fatalf("not told: %v", s.Truth.Negatives)
			}
			if s.Truth.Patient != 0 {
				t.Error("the patient is labelled broken")
			}
			metal := kind == phantom.LookAnteriorPlate || kind == phantom.LookPosteriorRods
			if s.Truth.Person.PostOperative != metal {
				t.Errorf("post-operative %t, want %t", s.Truth.Person.PostOperative, metal)
			}
			var strong, clipped int
			for i, v := range s.Volume.HU {
				if d := int(v) - int(plain.Volume.HU[i]); d > 120 || d < -120 {
					strong++
				}
				if v >= 2000 {
					clipped++
				}
			}
			if strong < 20 {
				t.Errorf("%d voxels changed by more than 120 HU, want 20", strong)
			}
			if metal && clipped < 100 {
				t.Errorf("%d voxels of metal, want 100", clipped)
			}
		})
	}
}

// What is drawn about a patient, look-alikes among it, does not depend on what is broken.
func TestPhantom4DrawsAreIndependentOfTheLabel(t *testing.T) {
	long(t)
	t.Parallel()
	for seed := range uint64(3) {
		c := four(900 + seed)
		c.Matrix, c.MaxSlices = 64, 48
		c.Mode = phantom.Enriched
		a := generate(t, c)
		c.Mode = phantom.Forced
		b := generate(t, c)
		if !reflect.DeepEqual(a.Truth.Negatives, b.Truth.Negatives) || a.Truth.Scanner != b.Truth.Scanner || a.Truth.Person != b.Truth.Person || a.Volume.Grid != b.Volume.Grid {
			t.Errorf("seed %d: look-alikes, scan or person changed with the fractures", 900+seed)
		}
	}
}

func TestHeldOutIsNeverDrawn(t *testing.T) {
	t.Parallel()
	held := []string{"BONE", "STANDARD"}
	types := map[phantom.Type]int{}
	kernels, kinds := phantom.DrawsOf(phantom.Config{Edition: phantom.Phantom4, Mode: phantom.Enriched,
		WithoutTypes: []phantom.Type{phantom.Facet, phantom.DensNeck}, WithoutKernels: held}, 400)
	for _, k := range kernels {
		if slices.Contains(held, k) {
			t.Fatalf("kernel %s was drawn", k)
		}
	}
	for _, k := range kinds {
		types[k]++
	}
	if types[phantom.Facet]+types[phantom.DensNeck] > 0 {
		t.Errorf("held-out types were drawn: %v", types)
	}
	if types[phantom.C2Body] == 0 || types[phantom.C2LateralMass] == 0 || types[phantom.Hangman] == 0 {
		t.Errorf("types of C2 are missing: %v", types)
	}
	for name, c := range map[string]phantom.Config{
		"phantom-3":      {WithoutKernels: held},
		"no kernel left": {Edition: phantom.Phantom4, WithoutKernels: []string{"B50f", "DETAIL", "FC30", "Br49"}},
		"unknown kernel": {Edition: phantom.Phantom4, WithoutKernels: []string{"X"}},
		"unknown type":   {Edition: phantom.Phantom4, WithoutTypes: []phantom.Type{"x"}},
		"no type left":   {Edition: phantom.Phantom4, WithoutTypes: phantom.Phantom4.Types(neckfrac.C1)},
		"asked and out": {Edition: phantom.Phantom4, Mode: phantom.Forced, WithoutTypes: []phantom.Type{phantom.Facet},
			Fractures: []phantom.FractureSpec{{Level: neckfrac.C5, Type: phantom.Facet}}},
		"unknown look": {Edition: phantom.Phantom4, Looks: []phantom.Look{{Kind: "x"}}},
		"c2-body in 3": {Mode: phantom.Forced, Fractures: []phantom.FractureSpec{{Level: neckfrac.C2, Type: phantom.C2Body}}},
	} {
		if _, err := phantom.Generate(c); neckfrac.KindOf(err) != neckfrac.Invalid {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
}

// The shares that the documentation states.
func TestPhantom4Shares(t *testing.T) {
	t.Parallel()
	got := phantom.CountDraws(2500)
	for _, want := range []struct {
		name   string
		is     float64
		lo, hi float64
	}{
		{"patients with a look-alike beside calcium", got.Look, 0.30, 0.50},
		{"post-operative patients", got.Metal, 0.01, 0.04},
		{"swelling in broken patients", got.SwellBroken, 0.56, 0.64},
		{"swelling in whole patients", got.SwellWhole, 0.12, 0.18},
		{"comminuted fractures", got.Comminuted, 0.15, 0.25},
		{"facet fractures that slip", got.Slip, 0.14, 0.26},
		{"dens among C2", got.Dens, 0.74, 0.84},
		{"wide gaps", got.Wide, 0.16, 0.24},
		{"hairlines", got.Hairline, 0.31, 0.39},
	} {
		t.Logf("%s: %.3f", want.name, want.is)
		if want.is < want.lo || want.is > want.hi {
			t.Errorf("%s: %.3f, want %.2f to %.2f", want.name, want.is, want.lo, want.hi)
		}
	}
}

// Bones that follow a break must not grow into each other: there is no more overlap than
// before, but for a little that the joint spaces take away.
func TestNeckFollowsWithoutCollision(t *testing.T) {
	long(t)
	t.Parallel()
	for _, f := range []phantom.FractureSpec{
		{Level: neckfrac.C5, Type: phantom.Compression}, {Level: neckfrac.C4, Type: phantom.Burst}, {Level: neckfrac.C6, Type: phantom.Facet},
		{Level: neckfrac.C2, Type: phantom.Hangman}, {Level: neckfrac.C5, Type: phantom.FlexionTeardrop},
	} {
		for seed := range uint64(6) {
			before, after, moved := phantom.Overlap(phantom.Config{Edition: phantom.Phantom4, Seed: 40 + seed, Mode: phantom.Forced, Fractures: []phantom.FractureSpec{f}})
			if after > before+160 {
				t.Errorf("%v, seed %d: bones overlap by %.0f mm3, %.0f before; the neck moved %.1f mm", f, 40+seed, after, before, moved)
			}
			if f.Type == phantom.Compression && (moved < 0.5 || moved > 16) {
				t.Errorf("%v, seed %d: the neck moved %.1f mm, want 0.5 to 16", f, 40+seed, moved)
			}
		}
	}
}
