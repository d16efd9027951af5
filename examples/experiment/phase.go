package main

import (
	"fmt"
	"sync"
	"time"
)

// phase is what is under way, as the progress line shows it.
type phase struct {
	mu    sync.Mutex // guards what and since
	what  string
	since time.Time
}

func newPhase() *phase { return &phase{since: time.Now()} }

func (p *phase) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.what, p.since = fmt.Sprintf(format, args...), time.Now()
}

func (p *phase) line() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Sprintf("%s … %.0f s", p.what, time.Since(p.since).Seconds())
}
