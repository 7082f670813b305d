package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"net/http"
	"path"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/neckfrac/neckfrac"
)

// page holds the files of Config.Page in memory, by base name.
type page map[string]pageFile

type pageFile struct {
	contentType, tag string
	body             []byte
}

const indexFile = "index.html"

var pageTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// maxPageFiles bounds what is read from Config.Page.
const maxPageFiles = 64

func loadPage(files fs.FS, maxBytes int64) (page, error) {
	const op = "load page"
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.Invalid, op, err)
	}
	p := page{}
	for _, e := range entries {
		t, ok := pageTypes[path.Ext(e.Name())]
		if !ok || e.IsDir() {
			continue
		}
		if len(p) == maxPageFiles {
			return nil, neckfrac.Errorf(neckfrac.Limit, op, "more than %d files", maxPageFiles)
		}
		body, err := readFile(files, e.Name(), maxBytes)
		if err != nil {
			return nil, neckfrac.E(op, err)
		}
		sum := sha256.Sum256(body)
		p[e.Name()] = pageFile{t, `"` + hex.EncodeToString(sum[:16]) + `"`, body}
	}
	if _, ok := p[indexFile]; !ok {
		return nil, neckfrac.Errorf(neckfrac.Invalid, op, "no "+indexFile)
	}
	return p, nil
}

func readFile(files fs.FS, name string, maxBytes int64) ([]byte, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.Invalid, "open", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.Invalid, "read", err)
	}
	if int64(len(b)) > maxBytes {
		return nil, neckfrac.Errorf(neckfrac.Limit, "read", "file over %d bytes", maxBytes)
	}
	return b, nil
}

// index answers / and /studies/…: the page itself asks the API for what the address
// names.
func (p page) index(c echo.Context) error { return p[indexFile].serve(c) }

func (p page) file(c echo.Context) error {
	f, ok := p[c.Param("file")]
	if !ok {
		return neckfrac.Errorf(neckfrac.NotFound, "page", "no such file")
	}
	return f.serve(c)
}

func (f pageFile) serve(c echo.Context) error {
	h := c.Response().Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", f.tag)
	http.ServeContent(c.Response(), c.Request(), "", time.Time{}, bytes.NewReader(f.body))
	return nil
}
