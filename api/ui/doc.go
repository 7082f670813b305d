// Package ui holds the page that people read: the worklist and one study, as plain
// files that the binary carries.
//
//	/            index.html → app.js → worklist.js   asks /api/v1/studies every 2 s
//	/studies/…   index.html → app.js → study.js      asks /api/v1/studies/{…} every 2 s
//
// live.js asks and tells when an answer is old; dom.js builds elements and formats
// times; levels.js, sections.js are parts of a study. Nothing is built, nothing is
// loaded from elsewhere.
//
// # Guarantees
//
// Sentences come from the API and are shown as they are. Text reaches the page as
// text nodes only, so that a patient's name can't become markup; no script or style
// stands in an attribute, so the listener's content security policy holds. A result
// that is not flagged has no colour: green would read as clearance. When the server
// does not answer, the page says since when, since an old worklist looks like a quiet
// one.
//
// # Not here
//
// No decision, no threshold, no profile rule: what the API leaves out is not shown.
package ui
