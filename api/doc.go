// Package api owns the HTTP listener: the read API of the worklist and the studies,
// the page that shows them, and the mounting of the FHIR and CDS Hooks handlers.
//
//	browser, scripts ─→ request id → log and metrics → headers → recover → in-flight → host
//	                      ├ /api/v1      worklist, study, artefact, openapi.json   (Records, Blobs)
//	                      ├ / /studies   the page, files handed in as Config.Page
//	                      └ Config.Mounts /fhir, /cds-services …                    (foreign handlers)
//
// Errors of /api follow RFC 9457 (application/problem+json), caching RFC 9111,
// conditional requests RFC 9110 §13. The document in openapi.json is compared with
// the routes and with real answers by a test.
//
// # Guarantees
//
// A handler reads a port and encodes; nothing is decided here but two things: where a
// study stands (state.go, pure) and what its profile lets a page show (reveal.go,
// pure). In the triage profile no answer holds a level, a grade, a probability, a
// mark or a key image. Sentences come from package neckfrac.
// An error reaches the client as kind and fixed text: no input, path, driver text or
// patient data is echoed. The access log and the metrics know the route's template
// only. A panic costs one request.
//
// # Limits
//
// Limits bounds body, header, in-flight requests, time and page size; each has a
// default and none can be switched off. The worklist looks at the newest
// Limits.Worklist studies.
//
// # Not here
//
// No authentication yet: the caller binds it to loopback, where the Host check
// keeps foreign web pages out. No FHIR, no card, no write. /livez, /readyz, /metrics
// and profiles are on a handler of their own (NewAdmin) for a listener of their own.
package api
