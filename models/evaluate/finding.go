package evaluate

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// Finding says how well vertebrae were found and named, over all studies whose masks
// were compared, refused ones too.
type Finding struct {
	Studies int `json:"studies"`
	// InField counts the levels wholly in field; each is Named (most of the mask of that
	// name lies on it), Misnamed (there is a mask of that name elsewhere) or Missed.
	InField  int `json:"levels_in_field"`
	Named    int `json:"named"`
	Misnamed int `json:"misnamed"`
	Missed   int `json:"missed"`
	// Partial counts named levels that were taken for cut off: the service states
	// nothing of them.
	Partial int `json:"taken_for_partial"`
	// Phantom counts levels out of field of which a whole mask was found.
	Phantom int `json:"found_out_of_field"`
	// AllSeven counts the studies among Whole, those with all seven in field, that have
	// all seven named.
	Whole    int `json:"whole_necks"`
	AllSeven int `json:"all_seven_named"`
	// Dice is the mean over levels in field on the segmenter's grid.
	Dice Number `json:"mean_dice"`
}

func find(cases []Case) Finding {
	var f Finding
	var dice float64
	for _, c := range cases {
		if !c.Compared {
			continue
		}
		f.Studies++
		in, named := 0, 0
		for _, v := range neckfrac.Vertebrae() {
			l := c.Levels[v.Index()]
			if !c.inField(v) {
				if c.Truth.Levels[v].Coverage() == neckfrac.CoverageNone && l.Coverage == neckfrac.CoverageFull {
					f.Phantom++
				}
				continue
			}
			in++
			if !math.IsNaN(l.Dice) {
				dice += l.Dice
			}
			switch {
			case l.Coverage == neckfrac.CoverageNone:
				f.Missed++
			case !l.Named:
				f.Misnamed++
			default:
				named++
				if l.Coverage == neckfrac.CoveragePartial {
					f.Partial++
				}
			}
		}
		f.InField += in
		f.Named += named
		if in == neckfrac.Levels {
			f.Whole++
			if named == neckfrac.Levels {
				f.AllSeven++
			}
		}
	}
	f.Dice = Number(dice / float64(f.InField))
	return f
}
