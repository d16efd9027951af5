package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/kinesiskit/kinesiskit/aggregate"
	"github.com/kinesiskit/kinesiskit/csvjson"
	"github.com/kinesiskit/kinesiskit/examples/internal/jsonfield"
	"github.com/kinesiskit/kinesiskit/internal/books"
	"github.com/kinesiskit/kinesiskit/kstream"
)

// input is a table of books on its way through the line: two CSV files, the
// JSON made of them, the records made of that.
type input struct {
	name    string
	records []record
	toJSON  time.Duration // what making JSON of the CSV files took
	want    truth
}

// record is one book on its way to a stream.
type record struct {
	key  string
	data json.RawMessage // compact JSON
}

// size returns the bytes that count against a shard's limit.
func (r record) size() int64 { return int64(len(r.key) + len(r.data)) }

// truth is what the statistics have to be: known from the making of made-up
// books, summed up before the upload of others.
type truth struct {
	priced int64
	sum    string // all digits
}

// generated makes up rows books; what they cost is known from their making.
func generated(rows int, seed uint64) (input, error) {
	var romance, book bytes.Buffer
	made, err := books.Write(&romance, &book, rows, seed)
	if err != nil {
		return input{}, err
	}
	in, err := convert(csvjson.Reader("rom.csv", &romance), csvjson.Reader("book.csv", &book))
	if err != nil {
		return input{}, err
	}
	in.name = "made up"
	in.want = truth{priced: int64(made.Priced), sum: aggregate.NewPrice(made.Sum, 2, "").String()}
	return in, nil
}

// save writes rows made-up books to two CSV files in a folder, which it makes
// if need be.
func save(folder string, rows int, seed uint64) (names []string, err error) {
	var romance, book bytes.Buffer
	if _, err := books.Write(&romance, &book, rows, seed); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	for kind, text := range map[string]*bytes.Buffer{"rom": &romance, "book": &book} {
		name := filepath.Join(folder, fmt.Sprintf("%s%d.csv", kind, rows))
		if err := os.WriteFile(name, text.Bytes(), 0o644); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// fromFiles reads two CSV files; the truth is what is summed up of their JSON,
// before it has seen a stream.
func fromFiles(rom, book string) (input, error) {
	in, err := convert(csvjson.Files(rom, book)...)
	if err != nil {
		return input{}, err
	}
	var direct aggregate.Summary
	for _, r := range in.records {
		direct.AddPrice(priceOf(r.data))
	}
	in.name = "from " + filepath.Base(filepath.Dir(rom))
	in.want = truth{priced: direct.Count(), sum: direct.Sum().String()}
	return in, nil
}

// columns says how the two files become one: the second one's columns have other
// names, and the prices are numbers. Everything else stays text, a title 1984
// too.
func columns() csvjson.Options {
	return csvjson.Options{
		Columns: []csvjson.Column{
			{Name: "Title", Aliases: []string{"title"}, Required: true},
			{Name: "Author(s)", Aliases: []string{"author"}},
			{Name: "Price", Aliases: []string{"price"}, Type: csvjson.NumberOrText},
			{Name: "Description", Aliases: []string{"description"}},
		},
		Missing: csvjson.Omit,
	}
}

// convert turns CSV into JSON, and reads that as a program would that gets
// only the JSON file.
func convert(sources ...csvjson.Source) (input, error) {
	var in input
	var text bytes.Buffer
	begin := time.Now()
	if _, err := csvjson.Convert(&text, columns(), sources...); err != nil {
		return in, err
	}
	in.toJSON = time.Since(begin)
	return in, in.read(&text)
}

func (in *input) read(text io.Reader) error {
	for data, err := range csvjson.ReadJSON[json.RawMessage](text) {
		if err != nil {
			return err
		}
		object, err := jsonfield.Parse(data)
		if err != nil {
			return err
		}
		in.records = append(in.records, record{key: kstream.PartitionKey(object.Text("Title")), data: data})
	}
	return nil
}

// priceOf returns the price that a record shows.
func priceOf(data []byte) aggregate.Price {
	var book struct{ Price aggregate.Price }
	if err := json.Unmarshal(data, &book); err != nil {
		return aggregate.MissingPrice(aggregate.ReasonOther)
	}
	return book.Price
}
