package phantom_test

import (
	"fmt"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/phantom"
)

func ExampleGenerate() {
	study, err := phantom.Generate(phantom.Config{
		Seed: 1, Mode: phantom.Forced, Matrix: 96, MaxSlices: 90,
		Protocol: phantom.ProtocolDiagnostic, Coverage: phantom.CoverageFull,
		Fractures: []phantom.FractureSpec{{Level: neckfrac.C5, Type: phantom.Compression}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, v := range neckfrac.Vertebrae() {
		if l := study.Truth.Levels[v]; l.Label == 1 {
			fmt.Println(v, l.Fractures[0].Type, l.InField)
		}
	}
	// Output: C5 compression full
}
