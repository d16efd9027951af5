package b64

// Implementation is one of the ways that this package encodes and decodes.
type Implementation struct {
	Name   string
	Encode func(dst, src []byte)
	Decode func(dst, src []byte) bool
}

// Implementations are those that this machine has.
func Implementations() []Implementation {
	scalar := Implementation{
		Name:   "scalar",
		Encode: func(dst, src []byte) { encode(dst, src, false) },
		Decode: func(dst, src []byte) bool { return decode(dst, src, false) },
	}
	if !hasAVX2 {
		return []Implementation{scalar}
	}
	return []Implementation{scalar, {"avx2", Encode, Decode}}
}
