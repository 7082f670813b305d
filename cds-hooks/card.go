package cdshooks

// Card is a CDS Hooks 2.0 card. Fields that are not set are left out, since the
// format knows no null and no empty value.
type Card struct {
	UUID      string               `json:"uuid"`
	Summary   string               `json:"summary"`
	Detail    string               `json:"detail"`
	Indicator string               `json:"indicator"`
	Source    Source               `json:"source"`
	Links     []Link               `json:"links,omitempty"`
	Extension map[string]Extension `json:"extension,omitempty"`
}

// Source says who speaks.
type Source struct {
	Label string  `json:"label"`
	URL   string  `json:"url,omitempty"`
	Topic *Coding `json:"topic,omitempty"`
}

// Coding is a code with its display, which CDS Hooks requires.
type Coding struct {
	System  string `json:"system"`
	Code    string `json:"code"`
	Display string `json:"display"`
}

// Link opens the reading page.
type Link struct {
	Label string `json:"label"`
	URL   string `json:"url"`
	Type  string `json:"type"`
}

// extensionKey is our name among the extensions of a card.
const extensionKey = "org.neckfrac.result"

// Extension is for machines: what the card rests on.
type Extension struct {
	Assessment string `json:"assessment"`
	Revision   int    `json:"revision"`
	Profile    string `json:"profile"`
	Model      string `json:"model"`
	Version    string `json:"version"`
	PackDigest string `json:"packDigest"`
	// Probabilities and Grade are set in the reading profile only.
	Probabilities map[string]float64 `json:"probabilities,omitempty"`
	Grade         string             `json:"grade,omitempty"`
}

// Response is the answer to a call; Cards is written even when empty.
type Response struct {
	Cards []Card `json:"cards"`
}
