package main

import (
	"flag"
	"fmt"
)

// prices are those of one region, in its currency. The defaults are the
// published ones of us-east-1 in US dollars, 2026.
type prices struct {
	shardHour  float64 // provisioned: each shard, each hour begun
	putUnits   float64 // provisioned: a million PUT payload units
	streamHour float64 // on demand: each stream, each hour begun
	gbIn       float64 // on demand: a GB written
	gbOut      float64 // on demand: a GB read
}

func (p *prices) flags(flags *flag.FlagSet) {
	flags.Float64Var(&p.shardHour, "price-shard-hour", 0.015, "`price` of a shard for an hour, provisioned")
	flags.Float64Var(&p.putUnits, "price-put-units", 0.014, "`price` of a million PUT payload units, provisioned")
	flags.Float64Var(&p.streamHour, "price-stream-hour", 0.04, "`price` of a stream for an hour, on demand")
	flags.Float64Var(&p.gbIn, "price-in", 0.08, "`price` of a GB written, on demand")
	flags.Float64Var(&p.gbOut, "price-out", 0.04, "`price` of a GB read, on demand")
}

const (
	putUnit = 25 << 10 // bytes of a record that one PUT payload unit pays for
	roundTo = 1 << 10  // on demand, each record counts as whole KiB
	gb      = 1 << 30
)

// usage is what the prices apply to. Records are those on the wire: an
// aggregate is one.
type usage struct {
	units   int64 // PUT payload units
	rounded int64 // bytes written, each record rounded up
	bytes   int64 // bytes read
	shards  int
}

// add counts a record of so many bytes, its partition key included.
func (u *usage) add(size int64) {
	u.units += max(1, (size+putUnit-1)/putUnit)
	u.rounded += max(1, (size+roundTo-1)/roundTo) * roundTo
	u.bytes += size
}

// provisioned returns the cost of one run within one hour.
func (p prices) provisioned(u usage) (hour, puts float64) {
	return float64(u.shards) * p.shardHour, float64(u.units) / 1e6 * p.putUnits
}

// onDemand returns the cost of one run within one hour.
func (p prices) onDemand(u usage) (hour, traffic float64) {
	return p.streamHour, float64(u.rounded)/gb*p.gbIn + float64(u.bytes)/gb*p.gbOut
}

// money writes an amount that may be far less than a cent.
func money(hour, rest float64) string { return fmt.Sprintf("%.4f + %.6f", hour, rest) }
