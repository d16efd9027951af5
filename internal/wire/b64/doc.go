// Package b64 is standard base64 with padding (RFC 4648, section 4). It reads
// and writes what base64.StdEncoding does; its tests hold the two against each
// other.
//
// It has two implementations. The scalar one is plain Go that looks up two
// characters at a time and stores eight, for any machine. Where the processor
// has AVX2, assembly takes 32 characters a step, and what it leaves, less than
// a group of four characters or the one that may be padded, goes to the scalar
// one. The build tag purego leaves the assembly out.
package b64
