package phantom

import (
	"fmt"
	"slices"

	"github.com/neckfrac/neckfrac"
)

// Edition names what the generator draws. An edition's pictures never change: what is
// added goes into the newest one, until a pack has been trained on it and the older one
// is deleted. It goes into every truth file and instance.
type Edition string

const (
	// Phantom3 is what the shipped pack was trained on, and the default.
	Phantom3 Edition = "phantom-3"
	// Phantom4 is what the benchmark bench-v1 is made from: more look-alikes, a neck that
	// follows its fractures, looser greys.
	Phantom4 Edition = "phantom-4"
)

// Mode says how fractures are drawn.
type Mode uint8

const (
	// Natural draws patients and levels by the shares of a large labelled cohort:
	// 47.6 % positive, 1.5 levels each.
	Natural Mode = iota
	// Enriched breaks three or four bones in every patient, for training.
	Enriched
	// Forced breaks exactly what Config.Fractures says, nothing if it is empty.
	Forced
)

// Coverage says how much of the neck a stack holds.
type Coverage uint8

const (
	// CoverageMixed lets about 30 % of the stacks start or end inside the neck.
	CoverageMixed Coverage = iota
	// CoverageFull keeps C1 to C7 in every stack.
	CoverageFull
	// CoveragePartial cuts every stack inside the neck.
	CoveragePartial
)

// Protocol says what kind of scan is made.
type Protocol uint8

const (
	// ProtocolMixed draws one of the others: mostly Diagnostic.
	ProtocolMixed Protocol = iota
	// ProtocolDiagnostic is a cervical spine scan: thin slices, field 120 to 300 mm.
	ProtocolDiagnostic
	// ProtocolWide also holds the head or the upper chest.
	ProtocolWide
	// ProtocolTherapy is a planning scan: coarse pixels, slices of 2.5 to 5 mm,
	// shoulders in the field.
	ProtocolTherapy
)

// FractureSpec asks for a fracture. An empty Type draws one that fits the level.
type FractureSpec struct {
	Level neckfrac.Vertebra
	Type  Type
}

// Config says what Generate makes. The zero value is patient 0 of the natural mix.
type Config struct {
	// Edition defaults to Phantom3.
	Edition Edition
	// Seed determines everything: two calls with equal Config give equal studies.
	Seed uint64
	Mode Mode
	// Fractures is used by Forced only.
	Fractures []FractureSpec
	Coverage  Coverage
	Protocol  Protocol
	// Intact makes the unfractured twin: the same patient, posture and scan without
	// the fractures, labelled accordingly.
	Intact bool
	// Matrix is the number of rows and columns of diagnostic scans. Defaults to 256;
	// 64 to 512.
	Matrix int
	// MaxSlices bounds the stack, by a larger spacing where needed. Defaults to 256;
	// 40 to 600. A study of 512 x 512 x 600 takes about 1.5 GB while it is made.
	MaxSlices int
	// SliceMM and SpacingMM ask for a slice thickness and a distance of slices, 0.3 to
	// 10 mm, instead of drawn ones. One that is zero takes the other's value; MaxSlices
	// then defaults to 600 and still widens the spacing where it is reached.
	SliceMM, SpacingMM float64
	// Form is how the patient is acquired and what is sent.
	Form Form
	// Anatomy defaults to BuiltIn.
	Anatomy Anatomy
	// WithoutTypes and WithoutKernels are never drawn: what a network has not seen, for
	// measuring what it makes of it. Phantom4 only.
	WithoutTypes   []Type
	WithoutKernels []string
	// Looks are look-alikes that the patient has beside drawn ones. Phantom4 only.
	Looks []Look
}

func (c Config) filled() (Config, error) {
	const op = "phantom: config"
	if c.Edition == "" {
		c.Edition = Phantom3
	}
	if c.Edition != Phantom3 && c.Edition != Phantom4 {
		return c, neckfrac.Errorf(neckfrac.Invalid, op, "unknown edition: want %s or %s", Phantom3, Phantom4)
	}
	if c.Matrix == 0 {
		c.Matrix = 256
	}
	if c.SliceMM != 0 || c.SpacingMM != 0 {
		c.SliceMM, c.SpacingMM = orElse(c.SliceMM, c.SpacingMM), orElse(c.SpacingMM, c.SliceMM)
		for _, mm := range []float64{c.SliceMM, c.SpacingMM} {
			if !(mm >= 0.3 && mm <= 10) {
				return c, neckfrac.Errorf(neckfrac.Invalid, op, "slice thickness and spacing: want 0.3 to 10 mm")
			}
		}
	}
	if c.MaxSlices == 0 {
		c.MaxSlices = 256
		if c.SpacingMM > 0 {
			c.MaxSlices = 600
		}
	}
	if c.Anatomy == nil {
		c.Anatomy = BuiltIn{}
	}
	if c.Matrix < 64 || c.Matrix > 512 {
		return c, neckfrac.Errorf(neckfrac.Invalid, op, "matrix: want 64 to 512")
	}
	if c.MaxSlices < 40 || c.MaxSlices > 600 {
		return c, neckfrac.Errorf(neckfrac.Invalid, op, "slices: want 40 to 600")
	}
	if c.Mode > Forced || c.Coverage > CoveragePartial || c.Protocol > ProtocolTherapy {
		return c, neckfrac.Errorf(neckfrac.Invalid, op, "unknown mode, coverage or protocol")
	}
	if len(c.Fractures) > 0 && c.Mode != Forced {
		return c, neckfrac.Errorf(neckfrac.Invalid, op, "fractures are listed but the mode is not forced")
	}
	for _, f := range c.Fractures {
		if !f.Level.Valid() {
			return c, neckfrac.Errorf(neckfrac.Invalid, op, "fracture without a level")
		}
		if f.Type != "" && !slices.Contains(c.Edition.Types(f.Level), f.Type) {
			return c, neckfrac.Errorf(neckfrac.Invalid, op, "this fracture type does not occur at %v", f.Level)
		}
	}
	if err := c.checkHeldOut(op); err != nil {
		return c, err
	}
	if err := c.Form.check(); err != nil {
		return c, err
	}
	c.Form = c.Form.copied()
	return c, nil
}

func orElse(a, b float64) float64 {
	if a != 0 {
		return a
	}
	return b
}

// recipe names all settings but the seed.
func (c Config) recipe() string {
	out := fmt.Sprintf("mode %d, coverage %d, protocol %d, intact %t, %d x %d, %v", c.Mode, c.Coverage, c.Protocol, c.Intact, c.Matrix, c.MaxSlices, c.Fractures)
	if name := c.Anatomy.Name(); name != (BuiltIn{}).Name() {
		out += ", anatomy " + name
	}
	if c.SpacingMM > 0 {
		out += fmt.Sprintf(", slices of %v mm every %v mm", c.SliceMM, c.SpacingMM)
	}
	if len(c.WithoutTypes) > 0 {
		out += fmt.Sprintf(", without %v", c.WithoutTypes)
	}
	if len(c.WithoutKernels) > 0 {
		out += fmt.Sprintf(", without kernels %v", c.WithoutKernels)
	}
	if len(c.Looks) > 0 {
		out += fmt.Sprintf(", looks %v", c.Looks)
	}
	if !c.Form.Plain() {
		out += ", " + c.Form.String()
	}
	return out
}
