package kstream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/klauspost/compress/zstd"

	"github.com/kinesiskit/kinesiskit/internal/wire"
)

// A run is the life of one loop. It owns a goroutine for each shard that is
// being read, which sends the shard's pages to the loop; leave ends and joins
// them.
//
// How a shard comes to an end, and its children begin:
//
//  1. The shard's reader sends its last page, which says how it ended, and
//     returns.
//  2. The loop delivers the page's records, then calls consumed with it.
//  3. If the shard was read to its end, consumed starts the readers of the
//     children that now have all their parents read. So no record of a child is
//     even asked for before the loop has been through its parents.
type run struct {
	client *kinesis.Client
	cfg    *consumerSettings
	ref    streamRef
	info   StreamInfo
	began  time.Time    // on the service's clock, in whole seconds
	placed time.Time    // the same on ours
	keeps  atomic.Int64 // the stream's retention
	warned atomic.Int64 // when the log was last told that reads keep failing, Unix nanoseconds
	meter  *consumerMeter
	rule   stopRule
	budget *budget

	saver *checkpointer // nil without a Store

	fanOutARN    string                        // the registered consumer; empty: poll
	decompressor func() (*zstd.Decoder, error) // made when it is first needed

	// work ends when the loop has failed or was left, with the reason as its
	// cause; fetch also when nothing more is to be read.
	work, fetch    context.Context
	cancel, enough context.CancelCauseFunc

	memories sync.Pool // of *wire.GetCall, for answers

	// calls bounds the requests, other than reads, that are made at once.
	calls      chan struct{}
	readers    sync.WaitGroup
	background sync.WaitGroup // what saves, and what watches the stream
	leaving    sync.Once
	// unmeasure ends the metrics of the loop.
	unmeasure func()

	// open readies the loop for a shard: it makes the channel that the pages go
	// to. It is called with mu held.
	open func(*activeShard)

	mu      sync.Mutex // guards what follows
	lineage *lineage
	active  int   // shards that were started and not finished
	err     error // the first failure
}

// An activeShard is a shard that is being read.
type activeShard struct {
	Shard
	hashRange
	run   *run
	start placed
	meter *shardMeter
	saved *savedShard // nil without a Store; set before the first page is sent
	pages chan *page
	left  <-chan struct{} // closed when the loop takes no more pages

	inLoop  atomic.Int32 // pages that were sent, and the loop has not been through
	quietAt atomic.Int64 // when nothing followed the record that a page begins with again, Unix seconds

	ctx  context.Context // the reader's
	stop context.CancelFunc
}

// errStopped is why readers end that are not needed any more.
var errStopped = errors.New("loop stopped")

// maxCalls is how many iterators are asked for at once. A stream can have
// thousands of shards, and they all begin together.
const maxCalls = 32

// newRun looks up the stream and its shards. It starts nothing yet.
func newRun(ctx context.Context, client *kinesis.Client, cfg *consumerSettings, meter *consumerMeter) (*run, error) {
	r := &run{
		client: client, cfg: cfg, meter: meter,
		rule:    stopRule{until: cfg.until},
		budget:  newBudget(cfg.prefetchRecords, cfg.prefetchBytes),
		calls:   make(chan struct{}, maxCalls),
		lineage: newLineage(),

		decompressor: sync.OnceValues(newDecompressor),
	}
	var err error
	if r.ref, err = parseStream(cfg.stream); err != nil {
		return nil, err
	}
	if r.info, err = WaitActive(ctx, client, cfg.stream); err != nil {
		return nil, err
	}
	r.keeps.Store(int64(r.info.Retention))
	if err := r.place(ctx); err != nil {
		return nil, err
	}
	if cfg.fanOut != "" {
		r.fanOutARN, err = registerFanOut(ctx, client, r.info, cfg.fanOut)
		switch {
		case err != nil && !cfg.fanOutOrPoll:
			return nil, err
		case err != nil:
			cfg.logger.Warn("kstream: fan-out failed, polling instead", "stream", cfg.stream, "error", err)
		}
	}
	if r.unmeasure, err = meter.measure(client.Options().MeterProvider, cfg.stream); err != nil {
		return nil, fmt.Errorf("kstream: measure the reading of %s: %w", cfg.stream, err)
	}
	r.work, r.cancel = context.WithCancelCause(ctx)
	r.fetch, r.enough = context.WithCancelCause(r.work)
	return r, nil
}

// place finds the shards, and where the reading of each begins.
func (r *run) place(ctx context.Context) error {
	var shards []types.Shard
	var leases []Lease
	var err error
	r.placed = time.Now()
	if shards, r.began, err = listShardsAt(ctx, r.client, r.cfg.stream, nil); err != nil {
		return err
	}
	r.rule.ahead = r.placed.Sub(r.began)
	if r.cfg.store != nil {
		r.saver = newCheckpointer(r.cfg, streamID(r.info), r.meter)
		if leases, err = r.cfg.store.List(ctx, r.saver.stream); err != nil {
			return fmt.Errorf("kstream: list leases of %s: %w", r.cfg.stream, err)
		}
		r.saver.obsolete = obsoleteLeases(shards, leases)
	}
	first := unread(leases)
	if first {
		if err := r.checkStart(); err != nil {
			return err
		}
	}
	if err := placeShards(r.lineage, shards, r.cfg, leases); err != nil {
		return err
	}
	if r.saver != nil && first {
		return r.saver.createAll(ctx, r.lineage.unleased(), r.kept, r.cfg.retryFor)
	}
	return nil
}

// checkStart refuses times in the future, before a Store keeps them. The little
// that clocks can differ by is waited for, see tooEarly.
func (r *run) checkStart() error {
	for _, p := range slices.Concat([]Position{r.cfg.start}, slices.Collect(maps.Values(r.cfg.startShards))) {
		if p.kind == atTime && p.time.After(r.began.Add(maxAhead)) {
			return fmt.Errorf("kstream: read %s: start at %s, which is in the future", r.cfg.stream, p)
		}
	}
	return nil
}

// kept is a first position as the Store keeps it. LATEST is the moment at which the
// loop began. A time before all that the stream holds is none: a later loop would
// take what was trimmed since then for a gap.
func (r *run) kept(p Position) Position {
	switch {
	case p.kind == latest:
		return AtTime(r.began)
	case p.kind == atTime && p.time.Before(r.began.Add(-r.retention())):
		return TrimHorizon()
	}
	return p
}

// begin starts the readers of all shards that can be read.
func (r *run) begin(open func(*activeShard)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open = open
	r.startReaders(r.lineage.begin())
	r.background.Go(r.watch)
	if r.saver != nil {
		r.background.Go(func() {
			r.saver.forget(r.work)
			if err := r.saver.keepSaving(r.work, r.cfg.checkpointInterval); err != nil {
				r.abort(err)
			}
		})
	}
}

// startReaders starts a reader for each node. Callers hold mu.
func (r *run) startReaders(nodes []*shardNode) {
	for _, node := range nodes {
		r.active++
		shard := &activeShard{
			Shard: node.shard, hashRange: hashRangeOf(node.shard, r.info.AutoDistribution),
			run: r, start: node.start, meter: r.meter.shard(node.shard.ID),
		}
		shard.ctx, shard.stop = context.WithCancel(r.fetch)
		r.open(shard)
		r.readers.Go(func() {
			defer shard.stop()
			shard.send(shard.read(shard.ctx))
		})
	}
}

// memory returns a memory for an answer. It belongs to the answer's page, which
// release takes it back from.
func (r *run) memory() *wire.GetCall {
	if memory, ok := r.memories.Get().(*wire.GetCall); ok {
		return memory
	}
	return new(wire.GetCall)
}

// release takes back what a page's records take: the loop is done with them.
func (r *run) release(p *page) {
	r.budget.give(p.hold)
	if p.memory != nil {
		p.memory.Reset()
		r.memories.Put(p.memory)
	}
	p.records, p.memory = wire.Records{}, nil
}

// consumed takes note that the loop has been through a page.
func (r *run) consumed(p *page) {
	p.shard.passed(p)
	r.release(p)
	if p.end == endNotYet {
		return
	}
	var found []Shard
	if p.end == endOfShard {
		if p.shard.saved != nil {
			p.shard.saved.end()
		}
		found = r.childrenOf(p)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.active--
	r.meter.finish(p.shard.ID)
	switch {
	case p.end == endFailed:
		r.fail(p.err)
	case p.end == endOfShard && r.fetch.Err() == nil:
		r.startReaders(r.lineage.finish(p.shard.ID, found))
		return
	case p.end == endOfShard && r.work.Err() != nil: // what follows it was not read
		r.fail(context.Cause(r.work))
	}
	r.lineage.leave(p.shard.ID)
}

// passed takes note that the loop has been through a page, and so of what it says
// about when the shard held nothing more.
func (s *activeShard) passed(p *page) {
	s.inLoop.Add(-1)
	switch at := s.quietAt.Load(); {
	case s.saved == nil:
	case p.gap != nil && p.records.Len() == 0:
		s.saved.caughtUp(s.run.began) // so that the gap is reported only once
	case p.readBefore >= 0 && at != 0:
		s.saved.caughtUp(time.Unix(at, 0))
	}
}

// fail keeps the first error and ends the reading. What has been read already
// is still delivered. Callers hold mu.
func (r *run) fail(err error) {
	if r.err == nil && !errors.Is(err, errStopped) {
		r.err = err
	}
	r.enough(errStopped)
}

// abort keeps the first error and ends the loop at once.
func (r *run) abort(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail(err)
	r.cancel(r.err)
}

// failure returns the first failure.
func (r *run) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// busy reports whether any shard has not been finished.
func (r *run) busy() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.active > 0
}

// leave ends and joins all goroutines, saves what is done, and returns the
// first failure. Only the first call does anything.
func (r *run) leave() error {
	r.leaving.Do(func() { r.windUp(true) })
	return r.failure()
}

// windUp does what leave says. The first failure is told, unless the loop was
// left; of a last checkpoint that is lost besides, the log is told.
func (r *run) windUp(told bool) {
	r.cancel(errStopped)
	r.readers.Wait()
	r.background.Wait()
	r.unmeasure()
	var err error
	if r.saver != nil {
		err = r.saver.saveLast(r.work)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.meter.idle()
	if err != nil {
		if !told || r.err != nil {
			r.cfg.logger.Error("kstream: last checkpoint not saved", "stream", r.cfg.stream, "error", err)
		}
		r.fail(err)
	}
}

// send hands a page to the loop and reports whether the loop took it.
func (s *activeShard) send(p *page) bool {
	s.inLoop.Add(1)
	select {
	case s.pages <- p:
		return true
	case <-s.left:
		s.run.release(p)
		return false
	}
}

func (r *run) errorf(shard, call string, err error) error {
	return fmt.Errorf("kstream: %s %s, %s: %w", call, r.cfg.stream, shard, err)
}

// abandoned takes note that the loop will not go on with a shard.
func (r *run) abandoned(s *activeShard) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.active--
	r.meter.finish(s.ID)
	r.lineage.leave(s.ID)
}
