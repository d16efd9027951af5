package csvjson

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
)

// books makes a table of books as scraped from shops: 1.3 KB a row, most of it
// a quoted description with newlines and doubled quotes.
func books(rows int) []byte {
	const sentence = "She said \"\"no\"\", and the café by the sea closed its doors for the winter; nobody asked why.\n"
	var b bytes.Buffer
	b.WriteString("title,author,price,description,edition,genre\n")
	for i := range rows {
		fmt.Fprintf(&b, "\"The Book, Part %d\",Author %d,%d.%02d,\"%s\",Paperback,thriller\n",
			i, i%97, i%900, i%100, strings.Repeat(sentence, 8+i%9))
	}
	return b.Bytes()
}

// readings makes a table of short fields, as sensors write it.
func readings(rows int) []byte {
	var b bytes.Buffer
	b.WriteString("time,sensor,room,temperature,humidity,battery,status,seq\n")
	for i := range rows {
		fmt.Fprintf(&b, "2026-01-02T03:04:%02dZ,s%d,room %d,%d.%d,%d,3.%d,ok,%d\n", i%60, i%50, i%9, i%40, i%10, i%100, i%10, i)
	}
	return b.Bytes()
}

var tables = []struct {
	name   string
	text   []byte
	number string // a numeric column
}{
	{"books", books(2000), "price"},
	{"readings", readings(30_000), "temperature"},
}

func BenchmarkScan(b *testing.B) {
	for _, table := range tables {
		b.Run(table.name+"/csvjson", func(b *testing.B) {
			measure(b, table.text)
			for b.Loop() {
				s := newScanner(bytes.NewReader(table.text), ',', false, 1<<20)
				s.swapBuffer(make([]byte, rowBuffer))
				for s.next() == nil {
				}
			}
		})
		b.Run(table.name+"/encoding-csv", func(b *testing.B) {
			measure(b, table.text)
			for b.Loop() {
				r := csv.NewReader(bytes.NewReader(table.text))
				r.ReuseRecord = true
				for {
					if _, err := r.Read(); err != nil {
						break
					}
				}
			}
		})
	}
}

func measure(b *testing.B, text []byte) {
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
}

func BenchmarkConvert(b *testing.B) {
	for _, table := range tables {
		b.Run(table.name+"/csvjson", func(b *testing.B) {
			measure(b, table.text)
			opts := Options{Format: Lines, Columns: []Column{{Name: table.number, Type: Number}}}
			for b.Loop() {
				if _, err := Convert(io.Discard, opts, Reader("", bytes.NewReader(table.text))); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(table.name+"/encoding-csv-and-json", func(b *testing.B) {
			measure(b, table.text)
			for b.Loop() {
				if err := convertWithMaps(io.Discard, bytes.NewReader(table.text), table.number); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// convertWithMaps is what one writes without this package.
func convertWithMaps(w io.Writer, in io.Reader, number string) error {
	r := csv.NewReader(in)
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		return err
	}
	header = append([]string(nil), header...)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for {
		record, err := r.Read()
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		row := make(map[string]any, len(header))
		for i, name := range header {
			switch {
			case record[i] == "":
				row[name] = nil
			case name == number:
				row[name] = json.Number(record[i])
			default:
				row[name] = record[i]
			}
		}
		if err := enc.Encode(row); err != nil {
			return err
		}
	}
}

type benchBook struct {
	Title, Author string
	Price         float64
	Description   string
	Edition       string
	Genre         string
}

type benchReading struct {
	Time, Sensor, Room string
	Temperature        float64
	Humidity           int
	Battery            float64
	Status             string
	Seq                int64
}

func BenchmarkAll(b *testing.B) {
	b.Run("books/csvjson", func(b *testing.B) { benchAll[benchBook](b, tables[0].text) })
	b.Run("books/encoding-csv", func(b *testing.B) {
		benchByHand(b, tables[0].text, func(r []string) (v benchBook, err error) {
			v = benchBook{Title: r[0], Author: r[1], Description: r[3], Edition: r[4], Genre: r[5]}
			v.Price, err = strconv.ParseFloat(r[2], 64)
			return v, err
		})
	})
	b.Run("readings/csvjson", func(b *testing.B) { benchAll[benchReading](b, tables[1].text) })
	b.Run("readings/encoding-csv", func(b *testing.B) {
		benchByHand(b, tables[1].text, func(r []string) (v benchReading, err error) {
			v = benchReading{Time: r[0], Sensor: r[1], Room: r[2], Status: r[6]}
			var errs [4]error
			v.Temperature, errs[0] = strconv.ParseFloat(r[3], 64)
			v.Humidity, errs[1] = strconv.Atoi(r[4])
			v.Battery, errs[2] = strconv.ParseFloat(r[5], 64)
			v.Seq, errs[3] = strconv.ParseInt(r[7], 10, 64)
			return v, errors.Join(errs[:]...)
		})
	})
}

func benchAll[T any](b *testing.B, text []byte) {
	measure(b, text)
	for b.Loop() {
		for _, err := range All[T](Options{}, Reader("", bytes.NewReader(text))) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// benchByHand reads rows with encoding/csv and code written for their columns,
// which is the least that one can do without this package.
func benchByHand[T any](b *testing.B, text []byte, parse func([]string) (T, error)) {
	measure(b, text)
	for b.Loop() {
		r := csv.NewReader(bytes.NewReader(text))
		r.ReuseRecord = true
		if _, err := r.Read(); err != nil {
			b.Fatal(err)
		}
		for {
			record, err := r.Read()
			if err == io.EOF {
				break
			}
			if err == nil {
				_, err = parse(record)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkReadJSON(b *testing.B) {
	var text bytes.Buffer
	opts := Options{Format: Lines, Columns: []Column{{Name: "price", Type: Number}}}
	if _, err := Convert(&text, opts, Reader("", bytes.NewReader(tables[0].text))); err != nil {
		b.Fatal(err)
	}
	b.Run("struct/csvjson", func(b *testing.B) { benchReadJSON[benchBook](b, text.Bytes()) })
	b.Run("struct/json.Decoder", func(b *testing.B) { benchDecoder[benchBook](b, text.Bytes()) })
	b.Run("map/csvjson", func(b *testing.B) { benchReadJSON[map[string]any](b, text.Bytes()) })
	b.Run("map/json.Decoder", func(b *testing.B) { benchDecoder[map[string]any](b, text.Bytes()) })
	b.Run("raw/csvjson", func(b *testing.B) { benchReadJSON[json.RawMessage](b, text.Bytes()) })
	b.Run("raw/json.Decoder", func(b *testing.B) { benchDecoder[json.RawMessage](b, text.Bytes()) })
}

func benchReadJSON[T any](b *testing.B, text []byte) {
	measure(b, text)
	for b.Loop() {
		for _, err := range ReadJSON[T](bytes.NewReader(text)) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func benchDecoder[T any](b *testing.B, text []byte) {
	measure(b, text)
	for b.Loop() {
		d := json.NewDecoder(bytes.NewReader(text))
		for {
			var v T
			if err := d.Decode(&v); err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
}
