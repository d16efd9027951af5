// Checks, through the AWS SDK for JavaScript v3, that the server at $ENDPOINT
// does what the service does: a round trip and enhanced fan-out over HTTP/2.
import * as k from "@aws-sdk/client-kinesis";

const client = new k.KinesisClient({ endpoint: process.env.ENDPOINT, maxAttempts: 1 });
const send = (command) => client.send(command);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
let passed = 0;
let failed = 0;

function check(name, got, want) {
  const [g, w] = [JSON.stringify(got), JSON.stringify(want)];
  if (g === w) return passed++;
  failed++;
  console.log(`FAIL ${name}: got ${g}, want ${w}`);
}

async function create(stream, shards) {
  await send(new k.CreateStreamCommand({ StreamName: stream, ShardCount: shards }));
  await k.waitUntilStreamExists({ client, maxWaitTime: 20, minDelay: 1 }, { StreamName: stream });
}

async function roundTrip() {
  await create("js", 1);
  const data = [...Array(300).keys()].map((i) => `value ${i} ü`);
  const put = await send(
    new k.PutRecordsCommand({
      StreamName: "js",
      Records: data.map((d, i) => ({ Data: Buffer.from(d), PartitionKey: `key ${i}` })),
    }),
  );
  check("failed", put.FailedRecordCount, 0);
  const { Shards } = await send(new k.ListShardsCommand({ StreamName: "js" }));
  check("shards", Shards.length, 1);
  const { ShardIterator } = await send(
    new k.GetShardIteratorCommand({ StreamName: "js", ShardId: Shards[0].ShardId, ShardIteratorType: "TRIM_HORIZON" }),
  );
  const answer = await send(new k.GetRecordsCommand({ ShardIterator }));
  check("read back", answer.Records.map((r) => Buffer.from(r.Data).toString()), data);
  check("caught up", answer.MillisBehindLatest, 0);
  const age = Math.abs(Date.now() - answer.Records[0].ApproximateArrivalTimestamp.getTime());
  check("arrival is within a minute", age < 60_000, true);
}

async function errors() {
  const name = await send(new k.DescribeStreamCommand({ StreamName: "nope" })).then(
    () => "none",
    (err) => err.name,
  );
  check("unknown stream", name, "ResourceNotFoundException");
}

async function fanOut() {
  await create("jsfan", 1);
  const { StreamDescriptionSummary } = await send(new k.DescribeStreamSummaryCommand({ StreamName: "jsfan" }));
  const { Consumer } = await send(
    new k.RegisterStreamConsumerCommand({ StreamARN: StreamDescriptionSummary.StreamARN, ConsumerName: "js" }),
  );
  for (let i = 0; i < 50; i++) {
    const about = await send(new k.DescribeStreamConsumerCommand({ ConsumerARN: Consumer.ConsumerARN }));
    if (about.ConsumerDescription.ConsumerStatus === "ACTIVE") break;
    await pause(100);
  }
  const subscription = await send(
    new k.SubscribeToShardCommand({
      ConsumerARN: Consumer.ConsumerARN,
      ShardId: "shardId-000000000000",
      StartingPosition: { Type: "LATEST" },
    }),
  );
  // Put after the subscription stands: the records must be pushed.
  const sent = [...Array(20).keys()].map(String);
  await send(
    new k.PutRecordsCommand({
      StreamName: "jsfan",
      Records: sent.map((d) => ({ Data: Buffer.from(d), PartitionKey: "k" })),
    }),
  );
  const got = [];
  for await (const event of subscription.EventStream) {
    got.push(...event.SubscribeToShardEvent.Records.map((r) => Buffer.from(r.Data).toString()));
    if (got.length >= sent.length) break;
  }
  check("fan-out", got, sent);
}

for (const part of [roundTrip, errors, fanOut]) {
  await part().catch((err) => {
    failed++;
    console.log(`FAIL ${part.name}: ${err}`);
  });
}
client.destroy();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
