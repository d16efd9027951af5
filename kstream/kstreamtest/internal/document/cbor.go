package document

import (
	"encoding/binary"
	"math"
)

// maxDepth bounds nesting; the deepest request of the protocol has four levels.
const maxDepth = 64

// CBOR major types, RFC 8949 section 3.1.
const (
	majorUint = iota
	majorNegative
	majorBytes
	majorText
	majorArray
	majorMap
	majorTag
	majorSimple
)

const (
	indefinite = 31   // additional information: length unknown, ends with a break
	breakByte  = 0xff // RFC 8949 section 3.2.1
)

type cborParser struct {
	rest  []byte
	depth int
}

func parseCBOR(data []byte) (any, error) {
	p := &cborParser{rest: data}
	v, err := p.value()
	if err != nil {
		return nil, err
	}
	if len(p.rest) > 0 {
		return nil, ErrSyntax
	}
	return v, nil
}

// head reads the initial byte of an item and its argument.
func (p *cborParser) head() (major, info byte, arg uint64, err error) {
	if len(p.rest) == 0 {
		return 0, 0, 0, ErrSyntax
	}
	major, info = p.rest[0]>>5, p.rest[0]&31
	p.rest = p.rest[1:]
	if info < 24 || info == indefinite {
		return major, info, uint64(info), nil
	}
	if info > 27 {
		return 0, 0, 0, ErrSyntax
	}
	size := 1 << (info - 24)
	if len(p.rest) < size {
		return 0, 0, 0, ErrSyntax
	}
	var wide [8]byte
	copy(wide[8-size:], p.rest[:size])
	p.rest = p.rest[size:]
	return major, info, binary.BigEndian.Uint64(wide[:]), nil
}

func (p *cborParser) value() (any, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, ErrSyntax
	}
	defer func() { p.depth-- }()
	major, info, arg, err := p.head()
	if err != nil {
		return nil, err
	}
	if info == indefinite && (major < majorBytes || major == majorTag) {
		return nil, ErrSyntax
	}
	switch major {
	case majorUint:
		if arg > math.MaxInt64 {
			return nil, ErrSyntax
		}
		return int64(arg), nil
	case majorNegative:
		if arg > math.MaxInt64 {
			return nil, ErrSyntax
		}
		return -1 - int64(arg), nil
	case majorBytes:
		return p.bytes(majorBytes, info, arg)
	case majorText:
		b, err := p.bytes(majorText, info, arg)
		return string(b), err
	case majorArray:
		return p.array(info, arg)
	case majorMap:
		return p.object(info, arg)
	case majorTag:
		return p.value()
	}
	return simple(info, arg)
}

// bytes reads a byte or text string, whole or in chunks.
func (p *cborParser) bytes(major, info byte, arg uint64) ([]byte, error) {
	if info != indefinite {
		return p.take(arg)
	}
	var all []byte
	for !p.atBreak() {
		m, i, n, err := p.head()
		if err != nil {
			return nil, err
		}
		if m != major || i == indefinite {
			return nil, ErrSyntax
		}
		chunk, err := p.take(n)
		if err != nil {
			return nil, err
		}
		all = append(all, chunk...)
	}
	return all, nil
}

func (p *cborParser) take(n uint64) ([]byte, error) {
	if n > uint64(len(p.rest)) {
		return nil, ErrSyntax
	}
	b := p.rest[:n:n]
	p.rest = p.rest[n:]
	return b, nil
}

// atBreak consumes the end of an item of unknown length.
func (p *cborParser) atBreak() bool {
	if len(p.rest) > 0 && p.rest[0] == breakByte {
		p.rest = p.rest[1:]
		return true
	}
	return false
}

func (p *cborParser) array(info byte, n uint64) ([]any, error) {
	items := []any{}
	for i := uint64(0); ; i++ {
		if info == indefinite && p.atBreak() || info != indefinite && i == n {
			return items, nil
		}
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		items = append(items, v)
	}
}

func (p *cborParser) object(info byte, n uint64) (map[string]any, error) {
	members := map[string]any{}
	for i := uint64(0); ; i++ {
		if info == indefinite && p.atBreak() || info != indefinite && i == n {
			return members, nil
		}
		key, err := p.value()
		if err != nil {
			return nil, err
		}
		name, ok := key.(string)
		if !ok {
			return nil, ErrSyntax
		}
		if members[name], err = p.value(); err != nil {
			return nil, err
		}
	}
}

// simple reads what major type 7 holds: false, true, null and floats.
func simple(info byte, arg uint64) (any, error) {
	switch info {
	case 20, 21:
		return info == 21, nil
	case 22, 23:
		return nil, nil
	case 25:
		return halfFloat(uint16(arg)), nil
	case 26:
		return float64(math.Float32frombits(uint32(arg))), nil
	case 27:
		return math.Float64frombits(arg), nil
	}
	return nil, ErrSyntax
}

// halfFloat widens an IEEE 754 binary16.
func halfFloat(bits uint16) float64 {
	exponent, fraction := int(bits>>10&31), float64(bits&1023)
	var v float64
	switch exponent {
	case 0:
		v = math.Ldexp(fraction, -24)
	case 31:
		v = math.Inf(1)
		if fraction != 0 {
			v = math.NaN()
		}
	default:
		v = math.Ldexp(1024+fraction, exponent-25)
	}
	if bits&0x8000 != 0 {
		v = -v
	}
	return v
}
