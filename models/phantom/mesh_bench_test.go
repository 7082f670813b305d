package phantom_test

import (
	"testing"

	"github.com/neckfrac/neckfrac/models/phantom"
)

// BenchmarkGenerate makes a volume of 205 mm and 140 mm height or so at 0.8 and 0.5 mm,
// from the built-in anatomy and from the atlas of the shared data.
func BenchmarkGenerate(b *testing.B) {
	for name, c := range map[string]phantom.Config{
		"0.8mm": {Seed: 12, Matrix: 256, SpacingMM: 0.8, Protocol: phantom.ProtocolDiagnostic, Coverage: phantom.CoverageFull, Mode: phantom.Enriched},
		"0.5mm": {Seed: 12, Matrix: 416, SpacingMM: 0.5, Protocol: phantom.ProtocolDiagnostic, Coverage: phantom.CoverageFull, Mode: phantom.Enriched},
	} {
		b.Run("built-in/"+name, func(b *testing.B) { benchmarkGenerate(b, c) })
		b.Run("mesh/"+name, func(b *testing.B) {
			c.Anatomy = realAnatomy(b)
			benchmarkGenerate(b, c)
		})
	}
}

func benchmarkGenerate(b *testing.B, c phantom.Config) {
	for b.Loop() {
		s, err := phantom.Generate(c)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(s.Volume.SpacingMM[0], "mm/pixel")
		b.ReportMetric(float64(len(s.Volume.HU))/1e6, "Mvoxels")
	}
}

// BenchmarkLoadAnatomy reads the atlas of the shared data.
func BenchmarkLoadAnatomy(b *testing.B) {
	realAnatomy(b)
	for b.Loop() {
		if _, err := phantom.LoadAnatomy(atlasDir()); err != nil {
			b.Fatal(err)
		}
	}
}
