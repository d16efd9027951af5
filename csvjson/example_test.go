package csvjson_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"testing/fstest"

	"github.com/kinesiskit/kinesiskit/csvjson"
)

const (
	romance = "Title,Author(s),Price\n\"Love, Etc.\",A. Penn,5.10\n1984½,,\n"
	novels  = "title,author,price,genre\n\"The \"\"End\"\"\",B. Quill,12.00,thriller\n"
)

// bookColumns joins the columns of both files.
var bookColumns = []csvjson.Column{
	{Name: "Title", Aliases: []string{"title"}, Required: true},
	{Name: "Author(s)", Aliases: []string{"author"}},
	{Name: "Price", Aliases: []string{"price"}, Type: csvjson.Number},
}

func sources() []csvjson.Source {
	return []csvjson.Source{
		csvjson.Reader("rom.csv", strings.NewReader(romance)),
		csvjson.Reader("book.csv", strings.NewReader(novels)),
	}
}

func ExampleConvert() {
	report, err := csvjson.Convert(os.Stdout, csvjson.Options{Columns: bookColumns}, sources()...)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Rows, "rows")
	// Output:
	// [
	// {"Title":"Love, Etc.","Author(s)":"A. Penn","Price":5.10,"genre":null},
	// {"Title":"1984½","Author(s)":null,"Price":null,"genre":null},
	// {"Title":"The \"End\"","Author(s)":"B. Quill","Price":12.00,"genre":"thriller"}
	// ]
	// 3 rows
}

func ExampleAll() {
	type Book struct {
		Title  string
		Author string   `csv:"Author(s)"`
		Price  *float64 // nil if missing
	}
	for book, err := range csvjson.All[Book](csvjson.Options{Columns: bookColumns}, sources()...) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if book.Price == nil {
			fmt.Printf("%s: no price\n", book.Title)
			continue
		}
		fmt.Printf("%s by %s: %.2f\n", book.Title, book.Author, *book.Price)
	}
	// Output:
	// Love, Etc. by A. Penn: 5.10
	// 1984½: no price
	// The "End" by B. Quill: 12.00
}

// Rows with an error are reported and passed over.
func ExampleRowError() {
	opts := csvjson.Options{Columns: []csvjson.Column{{Name: "price", Type: csvjson.Number}}}
	text := "title,price\nA,5.10\nB,CDN$ 6.99\nC,7\n"
	for row, err := range csvjson.Rows(opts, csvjson.Reader("books.csv", strings.NewReader(text))) {
		if rowErr, ok := errors.AsType[*csvjson.RowError](err); ok {
			fmt.Println(rowErr)
			continue
		}
		if err != nil {
			fmt.Println("cannot go on:", err)
			return
		}
		fmt.Printf("%s\n", row)
	}
	// Output:
	// {"title":"A","price":5.10}
	// csvjson: books.csv: line 3, column 3: row 2: price: not a number
	// {"title":"C","price":7}
}

func ExampleRows() {
	opts := csvjson.Options{Columns: bookColumns, Missing: csvjson.Omit}
	for row, err := range csvjson.Rows(opts, sources()...) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s\n", row) // ready to be sent
	}
	// Output:
	// {"Title":"Love, Etc.","Author(s)":"A. Penn","Price":5.10}
	// {"Title":"1984½"}
	// {"Title":"The \"End\"","Author(s)":"B. Quill","Price":12.00,"genre":"thriller"}
}

func ExampleReadJSON() {
	type Book struct {
		Title string
		Price *float64
	}
	// An array in an array, and NaN: not JSON, but found in files.
	text := `[[{"Title": "A", "Price": 5.10}, {"Title": "B", "Price": NaN}]]`
	for book, err := range csvjson.ReadJSON[Book](strings.NewReader(text)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(book.Title, book.Price != nil)
	}
	// Output:
	// A true
	// B false
}

// A German spreadsheet: semicolons, Windows-1252, and dashes where nothing is.
func ExampleOptions() {
	opts := csvjson.Options{
		Comma:        ';',
		Decoder:      csvjson.Windows1252,
		MissingTexts: []string{"-"},
		Missing:      csvjson.Omit,
		Format:       csvjson.Lines,
	}
	text := "Titel;Preis\r\nM\xe4rchen;5,10 \x80\r\nFaust;-\r\n"
	if _, err := csvjson.Convert(os.Stdout, opts, csvjson.Reader("bücher.csv", strings.NewReader(text))); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"Titel":"Märchen","Preis":"5,10 €"}
	// {"Titel":"Faust"}
}

// A file without a header line: the program names the columns.
func ExampleOptions_header() {
	opts := csvjson.Options{
		Header:  []string{"time", "celsius"},
		Columns: []csvjson.Column{{Name: "celsius", Type: csvjson.Number}},
	}
	text := "08:00,17.25\n08:10,\n"
	for row, err := range csvjson.Rows(opts, csvjson.Reader("sensor.csv", strings.NewReader(text))) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s\n", row)
	}
	// Output:
	// {"time":"08:00","celsius":17.25}
	// {"time":"08:10","celsius":null}
}

func ExampleUTF16() {
	text := "\xff\xfeT\x00\t\x00P\x00\r\x00\n\x00\xc9\x00\t\x005\x00\r\x00\n\x00" // "Unicode text" of a spreadsheet
	opts := csvjson.Options{Decoder: csvjson.UTF16, Comma: '\t'}
	for row, err := range csvjson.Rows(opts, csvjson.Reader("books.txt", strings.NewReader(text))) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s\n", row)
	}
	// Output:
	// {"T":"É","P":"5"}
}

func ExampleFS() {
	fsys := fstest.MapFS{"data/books.csv": {Data: []byte("title\nEmma\n")}} // an embed.FS, say
	for book, err := range csvjson.All[map[string]string](csvjson.Options{}, csvjson.FS(fsys, "data/books.csv")) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(book["title"])
	}
	// Output:
	// Emma
}

// Whatever can be opened is a source, here a compressed file. It is opened when
// a loop begins, and closed when it ends.
func ExampleSource() {
	var file bytes.Buffer
	w := gzip.NewWriter(&file)
	fmt.Fprint(w, "Title,Price\nDune,12.99\n")
	w.Close()

	compressed := csvjson.Source{
		Name: "books.csv.gz",
		Open: func() (io.ReadCloser, error) { return gzip.NewReader(bytes.NewReader(file.Bytes())) },
	}
	for row, err := range csvjson.Rows(csvjson.Options{}, compressed) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n", row)
	}
	// Output: {"Title":"Dune","Price":"12.99"}
}

// Prices that no number can hold are kept as text, or count as missing.
func ExampleColumn() {
	table := csvjson.Reader("books.csv", strings.NewReader("name,price\nDune,12.990\nEmma,free\n"))
	opts := csvjson.Options{Columns: []csvjson.Column{
		{Name: "Title", Aliases: []string{"name"}, Required: true},
		{Name: "Price", Type: csvjson.NumberOrMissing},
	}}
	report, err := csvjson.Convert(os.Stdout, opts, table)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("no number:", report.Columns[1].NotNumbers)
	// Output:
	// [
	// {"Title":"Dune","Price":12.990},
	// {"Title":"Emma","Price":null}
	// ]
	// no number: 1
}
