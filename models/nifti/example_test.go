package nifti_test

import (
	"bytes"
	"fmt"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/nifti"
)

func ExampleWrite() {
	g := neckfrac.Grid{
		Dims: [3]int{2, 2, 1}, SpacingMM: neckfrac.Vec3{1, 1, 2},
		Direction: [3]neckfrac.Vec3{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	}
	var file bytes.Buffer
	if err := nifti.Write(&file, g, []int16{-1000, 40, 300, 1200}); err != nil {
		fmt.Println(err)
		return
	}
	m, err := nifti.Read(&file, nifti.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Dims, m.HU())
	// Output: [2 2 1] [-1000 40 300 1200]
}
