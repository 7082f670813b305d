// Package dicomweb is the web half of the DICOM library: the Studies service of PS3.18
// as an http.Handler over a Backend, and a client for the same service elsewhere.
//
//	STOW-RS  POST /studies, /studies/{s}                      parts → Backend.Store
//	QIDO-RS  GET  /studies, /series, /instances, nested       Query → Backend.Search
//	WADO-RS  GET  /studies/{s}[/series/{e}[/instances/{i}]]   Backend.Instances, Backend.Open
//	         …/metadata  …/frames/{n,…}  …/bulkdata/{tag…}  …/rendered
//
// Objects are given out as they were stored: a transfer syntax that the client does not
// accept is 406, nothing is transcoded. Rendered pictures exist only where the Backend
// also is a Renderer.
//
// # Guarantees
//
// STOW-RS streams part by part; a part is neither held in memory nor spooled here, and a
// part that fails does not fail its neighbours. 200 means that Backend.Store returned
// without error for every part. Every answer to an error is a status and a fixed text:
// no input, no path, no patient data. UIDs are checked before the Backend sees them.
// The client sends requests, and its token, to configured origins only: scheme, host
// and port are compared exactly, redirects are refused.
//
// # Limits
//
// Limits bounds bodies, parts, headers, boundary, Accept, query, lists, concurrent
// stores and every object's header while it is encoded; each has a default and none can
// be switched off. Deadlines move with progress, up to Limits.TransferTime.
//
// # Not here
//
// No authentication (the listener in front has it), no CORS, no XML, no UPS-RS, no
// deletion, no decoding of pixels. A search key that is not listed in query.go is 400:
// a filter that is silently dropped would widen the answer.
package dicomweb
