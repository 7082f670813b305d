package api

import (
	"log"
	"net/http"
	"time"
)

// Deadlines of a listener. Go's zero values mean none, which lets one slow client
// hold a connection for ever.
const (
	readHeaderTime = 5 * time.Second
	readTime       = 60 * time.Second
	// writeTime leaves room for a 30 s CPU profile and for one artefact on a slow line.
	writeTime = 90 * time.Second
	idleTime  = 2 * time.Minute
	// maxHeaderBytes is four times what a bearer token and a browser's headers take;
	// 256 requests in flight hold at most 8 MiB of headers.
	maxHeaderBytes = 32 << 10
)

// NewHTTPServer returns a server for h with every deadline and the header limit
// set. The caller gives it a listener and shuts it down.
func NewHTTPServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTime,
		ReadTimeout:       readTime,
		WriteTimeout:      writeTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeaderBytes,
		// The package's own lines quote bytes of the peer; what matters is counted by
		// the handler.
		ErrorLog: log.New(discard{}, "", 0),
	}
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
