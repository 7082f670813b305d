package phantom

import "github.com/neckfrac/neckfrac"

// Type names a fracture pattern.
type Type string

// The patterns that the generator knows.
const (
	C1PosteriorArch   Type = "c1-posterior-arch"
	C1Jefferson       Type = "c1-jefferson"
	C1LateralMass     Type = "c1-lateral-mass"
	C1AnteriorArch    Type = "c1-anterior-arch"
	DensTip           Type = "dens-i"
	DensNeck          Type = "dens-ii"
	DensBody          Type = "dens-iii"
	Hangman           Type = "hangman"
	Facet             Type = "facet"
	Pedicle           Type = "pedicle"
	Lamina            Type = "lamina"
	TransverseProcess Type = "transverse-process"
	SpinousProcess    Type = "spinous-process"
	Compression       Type = "compression"
	Burst             Type = "burst"
	FlexionTeardrop   Type = "flexion-teardrop"
	ExtensionTeardrop Type = "extension-teardrop"
)

// share is a pattern with its weight at a level.
type share struct {
	t Type
	w float64
}

var upperShares = [2][]share{
	{{C1PosteriorArch, 35}, {C1Jefferson, 35}, {C1LateralMass, 18}, {C1AnteriorArch, 12}},
	{{DensNeck, 54}, {DensBody, 24}, {DensTip, 1}, {Hangman, 11}, {ExtensionTeardrop, 4}, {TransverseProcess, 3}, {Lamina, 3}},
}

// shares of C3 to C7; processes break more often downwards.
func shares(v neckfrac.Vertebra) []share {
	if v <= neckfrac.C2 {
		return upperShares[v.Index()]
	}
	transverse, spinous := 15.0, 10.0
	switch v {
	case neckfrac.C6:
		spinous = 20
	case neckfrac.C7:
		transverse, spinous = 35, 30
	}
	return []share{
		{Facet, 25}, {TransverseProcess, transverse}, {SpinousProcess, spinous}, {Lamina, 10}, {Compression, 15},
		{Burst, 7}, {FlexionTeardrop, 5}, {ExtensionTeardrop, 8}, {Pedicle, 5},
	}
}

// Types lists the patterns of the default Edition at a level, in no order.
func Types(v neckfrac.Vertebra) []Type {
	var out []Type
	if !v.Valid() {
		return nil
	}
	for _, s := range shares(v) {
		out = append(out, s.t)
	}
	return out
}
