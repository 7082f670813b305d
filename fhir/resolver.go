package fhir

import (
	"context"

	"github.com/neckfrac/neckfrac"
)

// Outcome says whom a set of identifiers names. The zero value is nobody.
type Outcome uint8

const (
	// None: the issuers are known, and no person with studies here has the numbers.
	None Outcome = iota
	// Match: exactly one person.
	Match
	// Several: more than one person, so nobody can be meant.
	Several
	// UnknownIssuer: no identifier is of a system that the site has mapped.
	UnknownIssuer
	// Replaced: the record was merged away or is not active.
	Replaced
)

var outcomeNames = [...]string{"none", "match", "several", "unknown-issuer", "replaced"}

// String is the outcome's word, also a metric label.
func (o Outcome) String() string {
	if int(o) >= len(outcomeNames) {
		return outcomeNames[None]
	}
	return outcomeNames[o]
}

// Resolver finds the one live person whom a Patient resource names (W16). Search,
// CDS Hooks and later tokens share it, so that all of them mean the same person.
type Resolver struct {
	Map        neckfrac.IdentityMap
	Identities neckfrac.Identities
}

// Resolve looks identifiers up that a FHIR server gave; server is its base URL, ""
// where the caller is not bound to one. The key is set for Match only.
func (r Resolver) Resolve(ctx context.Context, server string, ids []neckfrac.FHIRIdentifier) (neckfrac.PatientKey, Outcome, error) {
	seen := map[neckfrac.PatientKey]bool{}
	var keys []neckfrac.PatientKey
	for _, k := range r.Map.Keys(server, ids) {
		if k.Certain() && !seen[k] {
			seen[k] = true
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return neckfrac.PatientKey{}, UnknownIssuer, nil
	}
	live, err := r.Identities.Live(ctx, keys)
	if err != nil {
		return neckfrac.PatientKey{}, None, neckfrac.E("resolve patient", err)
	}
	switch len(live) {
	case 0:
		return neckfrac.PatientKey{}, None, nil
	case 1:
		return live[0], Match, nil
	}
	return neckfrac.PatientKey{}, Several, nil
}

// ResolvePatient is Resolve for a whole Patient resource.
func (r Resolver) ResolvePatient(ctx context.Context, server string, p Patient) (neckfrac.PatientKey, Outcome, error) {
	if p.Replaced {
		return neckfrac.PatientKey{}, Replaced, nil
	}
	return r.Resolve(ctx, server, p.Identifiers)
}
