package jsonfield

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinesiskit/kinesiskit/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestText(t *testing.T) {
	tests := []struct {
		name, object, field string
		want                string
	}{
		{"exact", `{"Price":5.10}`, "Price", "5.10"},
		{"other case", `{"Price":"5.10"}`, "price", "5.10"},
		{"blanks", `{" PRICE ":1}`, "Price", "1"},
		{"exact wins", `{"PRICE":1,"price":2,"Price":3}`, "price", "2"},
		{"first of several", `{"pRICE":1,"PrICE":2,"PRiCE":3,"PRIcE":4,"PRICe":5,"PRICE":6,"prICE":7,"PRice":8}`, "price", "6"},
		{"null", `{"Price":null}`, "Price", ""},
		{"absent", `{"Cost":1}`, "Price", ""},
		{"not ASCII", `{"PREIS":1,"ÜBER":"ß 東京"}`, "über", "ß 東京"},
		{"escapes", `{"t":"a\u00e9\n"}`, "t", "aé\n"},
		{"number stays as written", `{"t":1e3}`, "t", "1e3"},
		{"object", `{"t":{"a":1}}`, "t", `{"a":1}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			object, err := Parse([]byte(tt.object))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, object.Text(tt.field)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		name, data string
		notObject  bool
	}{
		{"array", `[1]`, true},
		{"number", `1`, true},
		{"string", `"x"`, true},
		{"null", `null`, true},
		{"cut off", `{"a":1`, false},
		{"empty", ``, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse([]byte(tt.data))
			if err == nil || errors.Is(err, ErrNotObject) != tt.notObject {
				t.Errorf("error %v; ErrNotObject: want %v", err, tt.notObject)
			}
		})
	}
}

func TestNames(t *testing.T) {
	object, err := Parse([]byte(`{"b":1,"a":2}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, object.Names()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
