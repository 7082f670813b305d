package bench_test

import (
	"fmt"

	"github.com/neckfrac/neckfrac/models/bench"
)

func ExampleParseRecipe() {
	r, err := bench.ParseRecipe([]byte(`{"schema": 1, "name": "mine", "edition": "phantom-4", "anatomy": "built-in",
		"mode": "natural", "coverage": "full", "protocol": "diagnostic", "matrix": 256, "max_slices": 256,
		"seed": 950000, "studies": 20, "acquired": "2026-03-04T05:06:07Z", "digest": ""}`))
	fmt.Println(r.Name, r.Config(19).Seed, err)
	// Output: mine 950019 <nil>
}
