package kstreamtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The names of AWS Signature Version 4
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
const (
	signatureAlgorithm = "AWS4-HMAC-SHA256"
	amzTime            = "20060102T150405Z"
	// signatureSkew is how far a client's clock may be off.
	signatureSkew = 5 * time.Minute
)

// authenticate wants a signature; with Options.SecretAccessKey, the right one.
func (s *Server) authenticate(r *http.Request, body []byte) error {
	header := r.Header.Get("Authorization")
	query := r.URL.Query().Has("X-Amz-Algorithm")
	switch {
	case header != "" && query:
		return errorf(invalidSignature, "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")
	case header == "" && (!query || s.opts.SecretAccessKey != ""):
		return errorf(missingAuthentication, "Missing Authentication Token")
	case header == "":
		return nil
	}
	if missing := missingParts(r, header); missing != "" {
		return errorf(incompleteSignature, "%sAuthorization=%s", missing, header)
	}
	if s.opts.SecretAccessKey == "" {
		return nil
	}
	return s.verify(r, body, parseAuthorization(header))
}

// missingParts lists what a signature lacks, in the service's words.
func missingParts(r *http.Request, header string) string {
	var missing strings.Builder
	for _, part := range []string{"Credential", "Signature", "SignedHeaders"} {
		if !strings.Contains(header, part+"=") {
			missing.WriteString("Authorization header requires '" + part + "' parameter. ")
		}
	}
	if r.Header.Get("X-Amz-Date") == "" && r.Header.Get("Date") == "" {
		missing.WriteString("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
	}
	return missing.String()
}

// authorization is what an Authorization header says.
type authorization struct {
	algorithm string
	scope     []string // access key, date, region, service, aws4_request
	headers   []string
	signature string
}

func parseAuthorization(header string) authorization {
	algorithm, rest, _ := strings.Cut(header, " ")
	a := authorization{algorithm: algorithm}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			a.scope = strings.Split(value, "/")
		case "SignedHeaders":
			a.headers = strings.Split(value, ";")
		case "Signature":
			a.signature = value
		}
	}
	return a
}

// verify computes the signature again.
func (s *Server) verify(r *http.Request, body []byte, a authorization) error {
	if a.algorithm != signatureAlgorithm || len(a.scope) != 5 || a.scope[3] != "kinesis" || a.scope[4] != "aws4_request" ||
		!slices.Contains(a.headers, "host") || !slices.Contains(a.headers, "x-amz-date") {
		return errorf(incompleteSignature, "The Authorization header is not one of %s for the service kinesis.", signatureAlgorithm)
	}
	if a.scope[0] != s.opts.accessKeyID() {
		return errorf(unrecognizedClient, "The security token included in the request is invalid.")
	}
	date := r.Header.Get("X-Amz-Date")
	signed, err := time.Parse(amzTime, date)
	if err != nil || !strings.HasPrefix(date, a.scope[1]) {
		return errorf(incompleteSignature, "Date must be in ISO-8601 'basic format'. Got '%s'.", date)
	}
	now := time.Now()
	if now.Sub(signed).Abs() > signatureSkew {
		return errorf(invalidSignature, "Signature expired: %s is now earlier or later than %s by more than 5 min.", date, now.UTC().Format(amzTime))
	}
	want := a.sign(s.opts.SecretAccessKey, r, body, date)
	if subtle.ConstantTimeCompare([]byte(want), []byte(a.signature)) == 0 {
		return errorf(invalidSignature, "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	return nil
}

// sign returns the signature that the request should have.
func (a authorization) sign(secret string, r *http.Request, body []byte, date string) string {
	payload := sha256.Sum256(body)
	var canonical strings.Builder
	canonical.WriteString(r.Method + "\n" + r.URL.EscapedPath() + "\n" + r.URL.RawQuery + "\n")
	for _, name := range a.headers {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = r.Header.Get("Content-Length")
		}
		canonical.WriteString(name + ":" + strings.Join(strings.Fields(value), " ") + "\n")
	}
	canonical.WriteString("\n" + strings.Join(a.headers, ";") + "\n" + hex.EncodeToString(payload[:]))
	request := sha256.Sum256([]byte(canonical.String()))

	key := []byte("AWS4" + secret)
	for _, part := range a.scope[1:] {
		key = hmacSum(key, part)
	}
	return hex.EncodeToString(hmacSum(key, signatureAlgorithm+"\n"+date+"\n"+strings.Join(a.scope[1:], "/")+"\n"+hex.EncodeToString(request[:])))
}

func hmacSum(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
