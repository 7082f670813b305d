// Package cdshooks answers CDS Hooks calls with cards about flagged studies.
//
//	EHR ─POST hook + Patient→ request → client → fhir.Resolver → Records.Find → Cards → {"cards":[…]}
//
// A hook never waits for the pipeline and never starts work: it reads the ledger. No
// study there, no flag, no certain person: no card, and a counted Event.
//
// # Clauses
//
// CDS Hooks 2.0 Discovery, Calling a CDS Service, CDS Service Response; hook
// patient-view 1.0. Discovery lists only what works.
//
// # Guarantees
//
// Cards is pure. A card stands only on an analysed, flagged result at the balanced
// point or above, of a study younger than 24 hours without a radiologist's report,
// and says what product.md W1, W4 to W7 and W11 to W14 ask for. In the triage profile
// it names no level, number or grade; in research there is none. A person is one
// (issuer, id) that the caller's own issuers name, never a bare FHIR id.
// Nothing of a request is stored, logged or sent back, tokens least of all.
//
// # Limits
//
// A body is at most 1 MiB and 32 levels deep, a key must not come twice. Without a
// prefetched Patient the answer is 412, since data is not fetched from the EHR.
//
// # Not here
//
// No feedback, no suggestions, no other hooks; no JWT check: the caller is the one
// client marked Loopback, so a listener that is reachable from outside must not mount
// this package. No memory of overridden or rejected flags.
package cdshooks
