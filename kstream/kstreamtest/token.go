package kstreamtest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"time"
)

// Iterators and page tokens are sealed: base64 of fields, the time of issue, a
// number that makes each one different, and a checksum that only this server can
// make. What was not made here does not open. Like the service's they begin with
// AAAA, so that no command line takes one for an option, and have +, / and = in
// them, which a program that puts one into a URL has to escape.

var errSealed = errors.New("kstreamtest: not made by this server")

const (
	sealedPrefix = "AAAA"
	sealedSum    = 12
	sealedHeader = sealedSum + 8 + 8 // checksum, time, number
)

// seal packs fields, which hold no NUL.
func (s *Server) seal(now time.Time, fields ...string) string {
	b := make([]byte, sealedHeader, 128)
	binary.BigEndian.PutUint64(b[sealedSum:], uint64(now.UnixNano()))
	binary.BigEndian.PutUint64(b[sealedSum+8:], s.nonce.Add(1))
	b = append(b, strings.Join(fields, "\x00")...)
	sum := s.checksum(b)
	copy(b, sum[:sealedSum])
	return sealedPrefix + base64.StdEncoding.EncodeToString(b)
}

// unseal returns the n fields and the time of issue.
func (s *Server) unseal(sealed string, n int) ([]string, time.Time, error) {
	text, ok := strings.CutPrefix(sealed, sealedPrefix)
	if !ok || strings.ContainsAny(text, "\r\n") { // which base64 passes over
		return nil, time.Time{}, errSealed
	}
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < sealedHeader {
		return nil, time.Time{}, errSealed
	}
	if sum := s.checksum(b); string(sum[:sealedSum]) != string(b[:sealedSum]) {
		return nil, time.Time{}, errSealed
	}
	fields := strings.Split(string(b[sealedHeader:]), "\x00")
	if len(fields) != n {
		return nil, time.Time{}, errSealed
	}
	return fields, time.Unix(0, int64(binary.BigEndian.Uint64(b[sealedSum:]))), nil
}

func (s *Server) checksum(b []byte) [sha256.Size]byte {
	h := sha256.New()
	h.Write(s.salt[:])
	h.Write(b[sealedSum:])
	return [sha256.Size]byte(h.Sum(nil))
}

// A pageToken says where the next page of a list starts, and what was asked for.
type pageToken struct {
	operation string
	after     string // the last thing on the page before
	stream    string // name and creation of the stream
	creation  string
	filter    string // the request's filter, as written by shardFilterText
}

func (s *Server) token(t pageToken, now time.Time) string {
	return s.seal(now, t.operation, t.after, t.stream, t.creation, t.filter)
}

// openToken reads a token of the operation. Tokens expire.
func (s *Server) openToken(token, operation string, now time.Time) (pageToken, error) {
	f, issued, err := s.unseal(token, 5)
	if err != nil || f[0] != operation {
		return pageToken{}, errorf(invalidArgument, "Invalid NextToken.")
	}
	if s.tooOld(issued, now) {
		return pageToken{}, errorf(expiredNextToken, "The pagination token expired. It was issued at %s, while right now it is %s.",
			javaDate(issued), javaDate(now))
	}
	return pageToken{operation: f[0], after: f[1], stream: f[2], creation: f[3], filter: f[4]}, nil
}

func (s *Server) tooOld(issued, now time.Time) bool {
	age := s.opts.Limits.IteratorAge
	return age >= 0 && now.Sub(issued) > age
}

// javaDate writes a time as the service does in its messages.
func javaDate(t time.Time) string { return t.UTC().Format("Mon Jan 02 15:04:05 UTC 2006") }
