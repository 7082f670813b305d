package volume

import "github.com/neckfrac/neckfrac"

// adultYears is the age the analysis is made for.
const adultYears = 18

// judgePatient applies what the headers of the chosen stack say about the patient and
// the examination. What one slice says holds for all, and the lowest stated age counts,
// so that one wrong slice errs to the safe side.
func (a *Assembled) judgePatient(c candidate) fault {
	a.AgeYears = -1
	var all told
	contrast, stated := false, true
	for i := range c.slices {
		h := &c.slices[i]
		if h.ageYears >= 0 && (a.AgeYears < 0 || h.ageYears < a.AgeYears) {
			a.AgeYears = h.ageYears
		}
		all = all.or(h.told)
		contrast = contrast || h.contrasted()
		stated = stated && h.contrastStated
	}
	switch {
	case all.intrathecal:
		return fault{neckfrac.IntrathecalContrast, "contrast route or description"}
	case all.intraOp:
		return fault{neckfrac.IntraOperative, "description or model of the scanner"}
	case all.animal:
		return fault{neckfrac.OutOfDomain, "stated species"}
	case a.AgeYears >= 0 && a.AgeYears < adultYears:
		return fault{neckfrac.AgeUnder18, "stated age"}
	}
	limit := func(is bool, r neckfrac.Reason) {
		if is {
			a.Limits = append(a.Limits, r)
		}
	}
	limit(a.AgeYears < 0, neckfrac.AgeUnknown)
	limit(all.postOp, neckfrac.PostOp)
	limit(all.quality, neckfrac.TestPatient)
	if stated {
		a.Contrast = neckfrac.ContrastNone
	}
	if contrast {
		a.Contrast = neckfrac.ContrastGiven
	}
	limit(contrast, neckfrac.ContrastUnvalidated)
	return fault{}
}
