package kstreamtest

import "fmt"

// An apiError is an answer of the service that is not a success.
type apiError struct {
	code    string // the exception's name
	message string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

// The exceptions of the service that the server answers with.
const (
	accessDenied           = "AccessDeniedException"
	dryRunOperation        = "DryRunOperationException"
	expiredIterator        = "ExpiredIteratorException"
	expiredNextToken       = "ExpiredNextTokenException"
	internalFailure        = "InternalFailure"
	invalidArgument        = "InvalidArgumentException"
	limitExceeded          = "LimitExceededException"
	resourceInUse          = "ResourceInUseException"
	resourceNotFound       = "ResourceNotFoundException"
	serializationException = "SerializationException"
	serviceUnavailable     = "ServiceUnavailable"
	throughputExceeded     = "ProvisionedThroughputExceededException"
	unknownOperation       = "UnknownOperationException"
	validationException    = "ValidationException"
	missingAuthentication  = "MissingAuthenticationTokenException"
	incompleteSignature    = "IncompleteSignatureException"
	unrecognizedClient     = "UnrecognizedClientException"
	invalidSignature       = "InvalidSignatureException"
	entityTooLarge         = "RequestEntityTooLargeException"
)

// status is the HTTP status that goes with a code.
func (e *apiError) status() int {
	switch e.code {
	case internalFailure:
		return 500
	case serviceUnavailable:
		return 503
	case entityTooLarge:
		return 413
	}
	return 400
}

func errorf(code, format string, args ...any) error {
	return &apiError{code: code, message: fmt.Sprintf(format, args...)}
}
