package evaluate

import "github.com/neckfrac/neckfrac"

// answered says that a level's truth can be held against an answer: the study was
// analysed, the level is wholly in the field and its fracture, if any, is visible.
func (c Case) answered(v neckfrac.Vertebra) bool {
	return c.Refused == "" && c.inField(v) && !c.Truth.Levels[v].Occult
}

// vertebrae lists the samples of one level.
func vertebrae(cases []Case, v neckfrac.Vertebra) []Sample {
	var out []Sample
	for g, c := range cases {
		if c.answered(v) {
			out = append(out, Sample{P: c.probability(v), True: c.Truth.Levels[v].Label == 1, Group: g, Stratum: int(v)})
		}
	}
	return out
}

// pooled lists the samples of all levels.
func pooled(cases []Case) []Sample {
	var out []Sample
	for _, v := range neckfrac.Vertebrae() {
		out = append(out, vertebrae(cases, v)...)
	}
	return out
}

// patients lists the analysed patients whose state the voxels can show.
func patients(cases []Case) []Sample {
	var out []Sample
	for g, c := range cases {
		if c.Refused == "" && c.judged() {
			out = append(out, Sample{P: c.Probabilities.Patient, True: c.Truth.PatientLabel == 1, Group: g})
		}
	}
	return out
}

// byPosition returns the cases as someone would answer them who knows the name of a
// level and nothing else: a level's share of fractures in this very set, which flatters
// the baseline, and for the patient the chance that any level found is fractured.
func byPosition(cases []Case) []Case {
	var share [neckfrac.Levels]float64
	for _, v := range neckfrac.Vertebrae() {
		s := vertebrae(cases, v)
		for _, x := range s {
			share[v.Index()] += label(x) / float64(len(s))
		}
	}
	out := make([]Case, len(cases))
	for i, c := range cases {
		intact := 1.0
		for _, v := range neckfrac.Vertebrae() {
			c.Probabilities.Levels[v.Index()] = share[v.Index()]
			if l := &c.Levels[v.Index()]; l.Coverage == neckfrac.CoverageFull {
				intact *= 1 - share[v.Index()]
			} else {
				l.Coverage = neckfrac.CoverageFull // who answers by name answers always
			}
		}
		c.Probabilities.Patient = 1 - intact
		out[i] = c
	}
	return out
}
