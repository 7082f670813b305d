package evaluate_test

import (
	"fmt"

	"github.com/neckfrac/neckfrac/models/evaluate"
)

func Example() {
	s := []evaluate.Sample{{P: 0.9, True: true}, {P: 0.6, Group: 1}, {P: 0.4, True: true, Group: 2}, {P: 0.1, Group: 3}}
	c := evaluate.CountAt(s, 0.5)
	fmt.Printf("AUC %.2f, F2 %.2f, flagging all %.2f\n", evaluate.AUC(s), c.F2(), evaluate.FlagAllF2(s))
	// Output: AUC 0.75, F2 0.50, flagging all 0.83
}
