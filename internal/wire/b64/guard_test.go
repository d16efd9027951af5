//go:build darwin || freebsd || linux

package b64_test

import (
	"bytes"
	"encoding/base64"
	"testing"

	"github.com/kinesiskit/kinesiskit/internal/fence"
	"github.com/kinesiskit/kinesiskit/internal/wire/b64"
)

// Source and destination stand at the very start or the very end of their page.
func TestNothingOutsideIsTouched(t *testing.T) {
	from, to := fence.Page(t), fence.Page(t)
	atStart := func(page []byte, n int) []byte { return page[:n] }
	atEnd := func(page []byte, n int) []byte { return page[len(page)-n:] }
	for _, impl := range b64.Implementations() {
		for _, src := range []func([]byte, int) []byte{atStart, atEnd} {
			for _, dst := range []func([]byte, int) []byte{atStart, atEnd} {
				for n := range 401 {
					checkFenced(t, impl, n,
						func(n int) []byte { return src(from, n) },
						func(n int) []byte { return dst(to, n) })
				}
			}
		}
	}
}

func checkFenced(t *testing.T, impl b64.Implementation, n int, src, dst func(n int) []byte) {
	t.Helper()
	raw := randomBytes(n)
	want := base64.StdEncoding.EncodeToString(raw)

	in, out := src(n), dst(len(want))
	copy(in, raw)
	impl.Encode(out, in)
	if string(out) != want {
		t.Errorf("%s: %x encodes to %q, want %q", impl.Name, raw, out, want)
	}

	in, out = src(len(want)), dst(n)
	copy(in, want)
	if ok := impl.Decode(out, in); !ok || !bytes.Equal(out, raw) {
		t.Errorf("%s: %q decodes to %x, %v, want %x", impl.Name, want, out, ok, raw)
	}
	if n > 0 {
		in[len(in)/2] = '!'
		if impl.Decode(out, in) {
			t.Errorf("%s: %q decodes", impl.Name, in)
		}
	}
}
