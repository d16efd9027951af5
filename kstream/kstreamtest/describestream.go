package kstreamtest

import (
	"strconv"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest/internal/document"
)

// maxDescribed is the most shards, streams or consumers on a page of
// DescribeStream, ListStreams and ListStreamConsumers.
const maxDescribed = 100

// describeStream implements DescribeStream.
func (s *Server) describeStream(c *call) error {
	st, err := s.streamOf(c)
	if err != nil {
		return err
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	limit := c.in.limit("Limit", maxDescribed)
	shards := st.listed(c.now)
	if after := c.in.string("ExclusiveStartShardId"); after != "" {
		shards = shardsAfter(shards, after)
	}
	more := len(shards) > limit
	shards = shards[:min(len(shards), limit)]

	c.out.Object()
	c.out.Key("StreamDescription")
	c.out.Object()
	st.writeCommon(c.out)
	c.out.Key("Shards")
	writeShards(c.out, shards)
	c.out.Key("HasMoreShards")
	c.out.Bool(more)
	c.out.End()
	c.out.End()
	return nil
}

// describeStreamSummary implements DescribeStreamSummary.
func (s *Server) describeStreamSummary(c *call) error {
	st, err := s.streamOf(c)
	if err != nil {
		return err
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	w := c.out
	w.Object()
	w.Key("StreamDescriptionSummary")
	w.Object()
	st.writeCommon(w)
	w.Key("OpenShardCount")
	w.Int(int64(len(st.opened)))
	w.Key("ConsumerCount")
	w.Int(int64(st.consumerCount(c.now)))
	w.Key("MaxRecordSizeInKiB")
	w.Int(int64(st.maxRecordKiB))
	if st.mode == onDemand {
		w.Key("RecordDistributionStrategy")
		w.String(st.distribution)
		if st.warmMiBps > 0 {
			w.Key("WarmThroughput")
			writeWarmThroughput(w, st.warmMiBps)
		}
	}
	w.End()
	w.End()
	return nil
}

func writeWarmThroughput(w *document.Writer, mibps int) {
	w.Object()
	w.Key("TargetMiBps")
	w.Int(int64(mibps))
	w.Key("CurrentMiBps")
	w.Int(int64(mibps))
	w.End()
}

// writeCommon writes what DescribeStream and DescribeStreamSummary share. The
// stream's lock is held.
func (st *stream) writeCommon(w *document.Writer) {
	w.Key("StreamName")
	w.String(st.name)
	w.Key("StreamARN")
	w.String(st.arn)
	w.Key("StreamStatus")
	w.String(st.status)
	w.Key("StreamModeDetails")
	st.writeMode(w)
	w.Key("StreamCreationTimestamp")
	w.Time(st.created)
	w.Key("RetentionPeriodHours")
	w.Int(int64(st.retention.Hours()))
	w.Key("EnhancedMonitoring")
	w.Array()
	w.Object()
	w.Key("ShardLevelMetrics")
	w.Array()
	for _, m := range st.metrics {
		w.String(m)
	}
	w.End()
	w.End()
	w.End()
	w.Key("EncryptionType")
	if st.encryption == "" {
		w.String("NONE")
		return
	}
	w.String(st.encryption)
	w.Key("KeyId")
	w.String(st.keyID)
}

func (st *stream) writeMode(w *document.Writer) {
	w.Object()
	w.Key("StreamMode")
	w.String(st.mode)
	w.End()
}

func writeShards(w *document.Writer, shards []*shard) {
	w.Array()
	for _, sh := range shards {
		sh.write(w)
	}
	w.End()
}

// write writes the shard as ListShards shows it. The stream's lock is held.
func (sh *shard) write(w *document.Writer) {
	w.Object()
	w.Key("ShardId")
	w.String(sh.id)
	if len(sh.parents) > 0 {
		w.Key("ParentShardId")
		w.String(sh.parents[0].id)
	}
	if len(sh.parents) > 1 {
		w.Key("AdjacentParentShardId")
		w.String(sh.parents[1].id)
	}
	sh.writeHashes(w)
	w.Key("SequenceNumberRange")
	w.Object()
	w.Key("StartingSequenceNumber")
	w.String(sh.start().String())
	if !sh.isOpen() {
		w.Key("EndingSequenceNumber")
		w.String(sh.end().String())
	}
	w.End()
	w.End()
}

func (sh *shard) writeHashes(w *document.Writer) {
	w.Key("HashKeyRange")
	w.Object()
	w.Key("StartingHashKey")
	w.String(sh.hashes.Start.String())
	w.Key("EndingHashKey")
	w.String(sh.hashes.End.String())
	w.End()
}

// shardsAfter returns the shards whose ID follows one that need not exist.
func shardsAfter(shards []*shard, id string) []*shard {
	for i, sh := range shards {
		if sh.id > id {
			return shards[i:]
		}
	}
	return nil
}

// listStreams implements ListStreams.
func (s *Server) listStreams(c *call) error {
	after := c.in.string("ExclusiveStartStreamName")
	if token := c.in.string("NextToken"); token != "" {
		t, err := s.openToken(token, "ListStreams", c.now)
		if err != nil {
			return err
		}
		after = t.after
	}
	limit := c.in.limit("Limit", maxDescribed)
	var page []*stream
	more := false
	for _, st := range s.all(c.now) {
		if st.name <= after {
			continue
		}
		if len(page) == limit {
			more = true
			break
		}
		page = append(page, st)
	}

	w := c.out
	w.Object()
	w.Key("StreamNames")
	w.Array()
	for _, st := range page {
		w.String(st.name)
	}
	w.End()
	w.Key("HasMoreStreams")
	w.Bool(more)
	if more {
		w.Key("NextToken")
		w.String(s.token(pageToken{operation: "ListStreams", after: page[len(page)-1].name}, c.now))
	}
	w.Key("StreamSummaries")
	w.Array()
	for _, st := range page {
		st.writeSummary(w)
	}
	w.End()
	w.End()
	return nil
}

func (st *stream) writeSummary(w *document.Writer) {
	st.mu.RLock()
	defer st.mu.RUnlock()
	w.Object()
	w.Key("StreamName")
	w.String(st.name)
	w.Key("StreamARN")
	w.String(st.arn)
	w.Key("StreamStatus")
	w.String(st.status)
	w.Key("StreamModeDetails")
	st.writeMode(w)
	w.Key("StreamCreationTimestamp")
	w.Time(st.created)
	w.End()
}

// creationID tells apart streams that had the same name one after the other.
func (st *stream) creationID() string { return strconv.FormatInt(st.created.UnixMilli(), 36) }
