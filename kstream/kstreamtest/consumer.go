package kstreamtest

// A consumer is one registered for enhanced fan-out.
type consumer struct{}
