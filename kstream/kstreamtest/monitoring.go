package kstreamtest

import (
	"slices"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest/internal/document"
)

// enableMonitoring implements EnableEnhancedMonitoring, as state only.
func (s *Server) enableMonitoring(c *call) error {
	return s.setMetrics(c, func(current, named []string) []string {
		all := slices.Concat(current, named)
		slices.Sort(all)
		return slices.Compact(all)
	})
}

// disableMonitoring implements DisableEnhancedMonitoring.
func (s *Server) disableMonitoring(c *call) error {
	return s.setMetrics(c, func(current, named []string) []string {
		return slices.DeleteFunc(slices.Clone(current), func(m string) bool { return slices.Contains(named, m) })
	})
}

func (s *Server) setMetrics(c *call, combine func(current, named []string) []string) error {
	st, err := s.streamOf(c)
	if err != nil {
		return err
	}
	named := c.in.strings("ShardLevelMetrics")
	if slices.Contains(named, "ALL") {
		named = slices.DeleteFunc(slices.Clone(metricNames), func(m string) bool { return m == "ALL" })
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := st.mustBeActive(); err != nil {
		return err
	}
	before := st.metrics
	st.metrics = combine(before, named)
	w := c.out
	w.Object()
	w.Key("StreamName")
	w.String(st.name)
	w.Key("StreamARN")
	w.String(st.arn)
	w.Key("CurrentShardLevelMetrics")
	writeStrings(w, before)
	w.Key("DesiredShardLevelMetrics")
	writeStrings(w, st.metrics)
	w.End()
	return nil
}

func writeStrings(w *document.Writer, list []string) {
	w.Array()
	for _, s := range list {
		w.String(s)
	}
	w.End()
}
