package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"sync/atomic"

	"github.com/kinesiskit/kinesiskit/csvjson"
	"github.com/kinesiskit/kinesiskit/examples/internal/jsonfield"
	"github.com/kinesiskit/kinesiskit/kstream"
)

// source is the file that is uploaded. It counts what was read of it, for the
// progress bar.
type source struct {
	io.ReadCloser
	name string
	size int64 // 0: not known
	done atomic.Int64
}

// open opens the file. What is no regular file may keep a reader waiting, so
// reading it ends with ctx.
func open(ctx context.Context, name string, stdin io.Reader) (*source, error) {
	if name == "-" {
		return &source{ReadCloser: interruptible(ctx, io.NopCloser(stdin)), name: "standard input"}, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		return &source{ReadCloser: file, name: name, size: info.Size()}, nil
	}
	return &source{ReadCloser: interruptible(ctx, file), name: name}, nil
}

// interruptible reads r until ctx ends. A read from a terminal cannot be broken
// off: the goroutine that is in one ends with it, or with the process.
func interruptible(ctx context.Context, r io.ReadCloser) io.ReadCloser {
	out, in := io.Pipe()
	go func() {
		_, err := io.Copy(in, r)
		in.CloseWithError(err)
	}()
	stop := context.AfterFunc(ctx, func() { in.CloseWithError(context.Cause(ctx)) })
	return &interrupted{PipeReader: out, stop: stop, from: r}
}

type interrupted struct {
	*io.PipeReader
	stop func() bool
	from io.Closer
}

func (i *interrupted) Close() error {
	i.stop()
	return errors.Join(i.PipeReader.Close(), i.from.Close())
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	s.done.Add(int64(n))
	return n, err
}

// Name is what csvjson calls the source in its errors.
func (s *source) Name() string { return s.name }

func (s *source) isCSV() bool { return strings.HasSuffix(strings.ToLower(s.name), ".csv") }

// checkKey makes sure that a CSV file has the key column, before anything is
// sent under a key that means nothing.
func (s *source) checkKey(column string) error {
	if !s.isCSV() || s.size == 0 || column == "" {
		return nil
	}
	options := csvjson.Options{Columns: []csvjson.Column{{Name: column, Required: true}}}
	for _, err := range csvjson.Rows(options, csvjson.File(s.name)) {
		if errors.Is(err, csvjson.ErrNoColumn) {
			return fmt.Errorf("%w: -key names the column of the partition key", err)
		}
		break
	}
	return nil
}

// records yields the source's records as JSON.
func (s *source) records() iter.Seq2[json.RawMessage, error] {
	if !s.isCSV() {
		return csvjson.ReadJSON[json.RawMessage](s)
	}
	return csvjson.Rows(csvjson.Options{Missing: csvjson.Omit}, csvjson.Reader(s.name, s))
}

// row is one record of the source on its way to the stream.
type row struct {
	number int64 // from 1
	key    string
	data   []byte // compact JSON
}

// String names the row, for messages.
func (r row) String() string {
	if r.key == "" {
		return fmt.Sprintf("record %d", r.number)
	}
	return fmt.Sprintf("record %d (key %.40q)", r.number, r.key)
}

// rows yields the records after the first skip ones, each with its partition
// key: the text of a column or, where that is missing, the key that
// kstream.PartitionKey gives an empty text; none if column is "". The first
// error is the last thing that is yielded. found is told whether each record
// has the column.
func (s *source) rows(column string, skip int64, found func(bool)) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		number := int64(0)
		for record, err := range s.records() {
			number++
			if err == nil && number <= skip {
				continue
			}
			if err != nil {
				yield(row{}, err)
				return
			}
			key, hasText := "", true
			if column != "" {
				key, hasText = partitionKey(record, column)
			}
			found(hasText)
			if !yield(row{number, key, compact(record)}, nil) {
				return
			}
		}
	}
}

// partitionKey makes the key of a record from the text of a column, and reports
// whether there is one.
func partitionKey(record json.RawMessage, column string) (key string, hasText bool) {
	text := ""
	if object, err := jsonfield.Parse(record); err == nil {
		text = object.Text(column)
	}
	return kstream.PartitionKey(text), text != ""
}

// compact takes out the white space that an indented file has.
func compact(record []byte) []byte {
	var out bytes.Buffer
	out.Grow(len(record))
	if err := json.Compact(&out, record); err != nil {
		return record
	}
	return out.Bytes()
}

// rowCodec puts a row's JSON on the wire as it is.
type rowCodec struct{}

func (rowCodec) Append(dst []byte, r row) ([]byte, error) { return append(dst, r.data...), nil }
func (rowCodec) Decode(data []byte) (row, error)          { return row{data: data}, nil }
