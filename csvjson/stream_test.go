package csvjson

import (
	"encoding/json"
	"io"
	"iter"
	"runtime"
	"strings"
	"testing"
)

// endless yields a text again and again, up to a number of bytes.
type endless struct {
	text string
	left int
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := copy(p, e.text[e.at:])
	e.at = (e.at + n) % len(e.text)
	e.left -= n
	return n, nil
}

const megabyte = 1 << 20

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestMemoryIsBounded reads inputs that are much larger than the memory that
// may be allocated in all.
func TestMemoryIsBounded(t *testing.T) {
	row := "\"A \"\"title\"\"\",5.10,\"" + strings.Repeat("description\n", 50) + "\"\n"
	t.Run("Convert", func(t *testing.T) {
		source := Reader("", io.MultiReader(strings.NewReader("title,price,text\n"), &endless{text: row, left: 4 * megabyte}))
		opts := Options{Columns: []Column{{Name: "price", Type: Number}}}
		var rows int64
		n := allocated(func() {
			report, err := Convert(io.Discard, opts, source)
			if err != nil {
				t.Error(err)
			}
			rows = report.Rows
		})
		if n > megabyte || rows < 5_000 {
			t.Errorf("%d bytes allocated for %d rows, want at most %d", n, rows, megabyte)
		}
	})
	t.Run("ReadJSON", func(t *testing.T) {
		in := &endless{text: `{"Price": 5.10, "Text": "` + strings.Repeat("x", 600) + "\"}\n", left: 4 * megabyte}
		rows := 0
		n := allocated(func() {
			for _, err := range ReadJSON[struct{ Price float64 }](in) {
				if err != nil && rows < 5_000 { // the last record breaks off
					t.Error(err)
				}
				rows++
			}
		})
		if n > megabyte || rows < 5_000 {
			t.Errorf("%d bytes allocated for %d records, want at most %d", n, rows, megabyte)
		}
	})
}

// TestAllocations holds what the package promises: nothing a row for Convert,
// one string a row for All and ReadJSON.
func TestAllocations(t *testing.T) {
	type book struct {
		Title, Text string
		Price       float64
	}
	const rows = 500
	csvText := "title,price,text\n" + strings.Repeat("\"A \"\"B\"\"\",5.10,\"x\ny\"\n", rows)
	jsonText := strings.Repeat("{\"Title\":\"A \\\"B\\\"\",\"Price\":5.10,\"Text\":\"x\\ny\"}\n", rows)
	const fixed = 150 // for opening, whatever the number of rows
	tests := []struct {
		name   string
		perRow float64
		run    func() error
	}{
		{"Convert", 0, func() error {
			_, err := Convert(io.Discard, Options{Columns: []Column{{Name: "price", Type: Number}}}, Reader("", strings.NewReader(csvText)))
			return err
		}},
		{"Rows", 1, func() error { return drain(Rows(Options{}, Reader("", strings.NewReader(csvText)))) }},
		{"All", 1, func() error { return drain(All[book](Options{}, Reader("", strings.NewReader(csvText)))) }},
		{"ReadJSON of a struct", 1, func() error { return drain(ReadJSON[book](strings.NewReader(jsonText))) }},
		{"ReadJSON raw", 1, func() error { return drain(ReadJSON[json.RawMessage](strings.NewReader(jsonText))) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := testing.AllocsPerRun(5, func() {
				if err := test.run(); err != nil {
					t.Error(err)
				}
			})
			if got > test.perRow*rows+fixed {
				t.Errorf("%.0f allocations for %d rows, want at most %.0f a row", got, rows, test.perRow)
			}
		})
	}
}

func drain[T any](seq iter.Seq2[T, error]) error {
	for _, err := range seq {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestRowsComeAsTheyArrive reads from a pipe: a row must be yielded when its
// last byte is there, not when more is.
func TestRowsComeAsTheyArrive(t *testing.T) {
	tests := []struct {
		name, head, record string
		read               func(io.Reader) iter.Seq2[json.RawMessage, error]
	}{
		{"Rows", "a,b\n", "1,\"2\"\r\n", func(r io.Reader) iter.Seq2[json.RawMessage, error] { return Rows(Options{}, Reader("", r)) }},
		{"ReadJSON", "", `{"a":1}`, func(r io.Reader) iter.Seq2[json.RawMessage, error] { return ReadJSON[json.RawMessage](r) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, w := io.Pipe()
			got := make(chan error)
			go func() { // ends when w is closed; joined below
				defer close(got)
				for _, err := range test.read(r) {
					got <- err
				}
			}()
			io.WriteString(w, test.head)
			for range 3 {
				io.WriteString(w, test.record)
				if err := <-got; err != nil { // hangs if it waits for more input
					t.Error(err)
				}
			}
			w.Close()
			if err, more := <-got; more {
				t.Errorf("after the last record: %v", err)
			}
		})
	}
}
