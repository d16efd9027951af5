//go:build !amd64 || purego

package b64

const hasAVX2 = false

func encodeAVX2(dst, src []byte)           { panic("b64: no AVX2") }
func decodeAVX2(dst, src []byte) (ok bool) { panic("b64: no AVX2") }
