// Package aggregate computes price statistics that are exact and mergeable.
package aggregate
