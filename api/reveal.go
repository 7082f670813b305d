package api

import "github.com/neckfrac/neckfrac"

// reveal says what the API and its page may show of one result (W12). The zero value
// shows the least.
type reveal struct{ details bool }

// revealOf maps a result's profile. The own page shows everything in research and in
// reading; triage, and any word that is not known, tells only that there is a flag.
func revealOf(p neckfrac.Profile) reveal {
	return reveal{details: p == neckfrac.Research || p == neckfrac.Reading}
}

// wording is the profile that the root's sentences are asked with: in research the
// own page says what reading would say, since nothing of it leaves.
func (r reveal) wording() neckfrac.Profile {
	if r.details {
		return neckfrac.Reading
	}
	return neckfrac.Triage
}

// artefact reports whether an artefact may be shown. Key images are chosen by level
// and masks draw the levels, so triage gets neither, marked or not.
func (r reveal) artefact(a neckfrac.Artefact) bool {
	return r.details || !a.Marked && a.Kind == neckfrac.ArtefactPreview
}
