package realism_test

import (
	"fmt"
	"math"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/realism"
)

// A cylinder of muscle measured beside one that is wider.
func Example() {
	neck := func(radius float64) realism.Profile {
		v := drawn([3]int{60, 60, 60}, neckfrac.Vec3{4, 4, 3}, identity, func(p neckfrac.Vec3) float64 {
			if math.Hypot(p[0], p[1]) < radius {
				return 50
			}
			return -1000
		})
		p, err := realism.Measure("neck", v, straight(80), neckfrac.Vec3{4, 4, 3})
		if err != nil {
			fmt.Println(err)
		}
		return p
	}
	r, err := realism.Compare([]realism.Profile{neck(60)}, []realism.Profile{neck(80)}, []realism.Gate{{Measure: "width_40", Low: 110, High: 130}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(*r.Gates[0].Found, r.Gates[0].Pass)
	// Output: 160 false
}
