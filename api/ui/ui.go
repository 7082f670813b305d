package ui

import (
	"embed"
	"io/fs"
)

//go:embed index.html icon.svg *.css *.js
var files embed.FS

// Files returns index.html and the files it loads, flat, for api.Config.Page. The
// page expects them below /ui/.
func Files() fs.FS { return files }
