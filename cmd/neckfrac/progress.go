package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows long work: a bar on a terminal, a line now and then elsewhere, so that
// a log of a pipeline stays readable.
type progress struct {
	mu    sync.Mutex
	bar   *progressbar.ProgressBar
	w     io.Writer
	what  string
	total int
	last  time.Time
	start time.Time
}

// logEvery is the pause between lines where there is no terminal.
const logEvery = 15 * time.Second

func newProgress(rt *Runtime, total int, what string) *progress {
	p := &progress{w: rt.Stderr, what: what, total: total, start: time.Now(), last: time.Now()}
	if rt.Progress {
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(rt.Stderr), progressbar.OptionSetDescription(what),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	}
	return p
}

// set shows how much is done; it may be called from several goroutines.
func (p *progress) set(done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		p.bar.ChangeMax(total)
		p.bar.Set(done)
		return
	}
	if now := time.Now(); now.Sub(p.last) >= logEvery {
		p.last = now
		left := time.Duration(float64(now.Sub(p.start)) / float64(max(done, 1)) * float64(total-done))
		fmt.Fprintf(p.w, "%s: %d of %d, about %s left\n", p.what, done, total, left.Round(time.Second))
	}
}

func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		p.bar.Finish()
	}
}
