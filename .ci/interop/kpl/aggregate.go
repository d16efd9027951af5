// Command aggregate stands between internal/kpl and the programs of this folder, which are written in other languages.
//
// It reads aggregates from standard input, one JSON object a line. One without a record has its members written as one;
// one with a record has that read. Either way the whole object is written to standard output. An aggregate that cannot be
// read gets an "error".
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"

	"github.com/kinesiskit/kinesiskit/internal/kpl"
)

type aggregate struct {
	Members []member `json:"members"`
	Record  []byte   `json:"record,omitempty"`
	Error   string   `json:"error,omitempty"`
}

type member struct {
	PartitionKey    string `json:"partition_key"`
	ExplicitHashKey string `json:"explicit_hash_key,omitempty"`
	Data            []byte `json:"data"`
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	enc := json.NewEncoder(out)
	dec := json.NewDecoder(os.Stdin)
	for {
		var a aggregate
		if err := dec.Decode(&a); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			log.Fatal(err)
		}
		if a.Record == nil {
			a.write()
		} else {
			a.read()
		}
		if err := enc.Encode(a); err != nil {
			log.Fatal(err)
		}
	}
	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
}

func (a *aggregate) write() {
	var b kpl.Builder
	for _, m := range a.Members {
		b.Add(kpl.Member(m))
	}
	a.Record = b.AppendTo(nil)
}

func (a *aggregate) read() {
	var d kpl.Decoder
	aggregated, err := d.Reset(a.Record)
	a.Members = nil
	for _, m := range d.All() {
		a.Members = append(a.Members, member(m))
	}
	switch {
	case err != nil:
		a.Error = err.Error()
	case !aggregated:
		a.Error = "a plain record"
	}
}
