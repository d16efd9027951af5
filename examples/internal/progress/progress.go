// Package progress shows on a terminal, and only there, how far a program is.
package progress

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"
)

// interval is how often the line is painted anew.
const interval = 200 * time.Millisecond

// width is how many characters of a line fit every terminal.
const width = 79

// Show paints what line returns over and over until stop is called, which
// wipes it away. If w is not a terminal it does nothing. line is called from
// another goroutine, which has ended when stop returns.
func Show(w io.Writer, line func() string) (stop func()) {
	if !isTerminal(w) {
		return func() {}
	}
	return show(w, line)
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func show(w io.Writer, line func() string) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() { // ends on quit, and stop waits for it
		defer close(done)
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				fmt.Fprint(w, "\r", fit(line()))
			case <-quit:
				fmt.Fprint(w, "\r", fit(""), "\r")
				return
			}
		}
	}()
	return func() {
		close(quit)
		<-done
	}
}

// fit cuts a line to the terminal's width, or fills it up to wipe what stood
// there before.
func fit(line string) string {
	n := utf8.RuneCountInString(line)
	if n > width {
		return string([]rune(line)[:width])
	}
	return line + strings.Repeat(" ", width-n)
}

// Bar draws how much of total is done, as [#####·····] 50 %. Without a total
// it draws nothing.
func Bar(done, total int64) string {
	const cells = 30
	if total <= 0 {
		return ""
	}
	share := min(1, float64(done)/float64(total))
	full := int(share * cells)
	return fmt.Sprintf("[%s%s] %3.0f %%  ", strings.Repeat("#", full), strings.Repeat("·", cells-full), 100*share)
}
