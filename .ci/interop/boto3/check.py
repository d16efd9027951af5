"""Checks, through boto3, that the server at $ENDPOINT does what the service does."""

import os
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

kinesis = boto3.client(
    "kinesis",
    endpoint_url=os.environ["ENDPOINT"],
    config=Config(retries={"total_max_attempts": 1}),
)
passed = failed = 0


def check(name, got, want):
    global passed, failed
    if got == want:
        passed += 1
    else:
        failed += 1
        print(f"FAIL {name}: got {got!r}, want {want!r}")


def code_of(call, **args):
    try:
        call(**args)
    except ClientError as err:
        return err.response["Error"]["Code"]
    return None


def read(stream, shard, kind="TRIM_HORIZON"):
    """All records of a shard, and the children named when it ends."""
    iterator = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType=kind)["ShardIterator"]
    records, children = [], []
    for _ in range(50):
        answer = kinesis.get_records(ShardIterator=iterator)
        records += answer["Records"]
        children = [c["ShardId"] for c in answer.get("ChildShards", [])]
        iterator = answer.get("NextShardIterator")
        if iterator is None or answer["MillisBehindLatest"] == 0:
            break
        time.sleep(0.21)
    return records, children


def round_trip():
    kinesis.create_stream(StreamName="trip", ShardCount=2)
    kinesis.get_waiter("stream_exists").wait(StreamName="trip", WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    summary = kinesis.describe_stream_summary(StreamName="trip")["StreamDescriptionSummary"]
    check("status", summary["StreamStatus"], "ACTIVE")
    check("open shards", summary["OpenShardCount"], 2)
    check("listed", "trip" in kinesis.list_streams()["StreamNames"], True)

    sent = {f"schlüssel {i} 📚": bytes([i % 256]) * (i % 40) for i in range(200)}
    answer = kinesis.put_records(
        StreamName="trip", Records=[{"Data": d, "PartitionKey": k} for k, d in sent.items()]
    )
    check("failed", answer["FailedRecordCount"], 0)
    check("answers", len(answer["Records"]), 200)
    one = kinesis.put_record(StreamName="trip", Data=b"\x00\xff", PartitionKey="one", ExplicitHashKey="0")
    check("explicit hash key", one["ShardId"], "shardId-000000000000")

    shards = [s["ShardId"] for s in kinesis.list_shards(StreamName="trip")["Shards"]]
    got = {}
    for shard in shards:
        records, _ = read("trip", shard)
        numbers = [int(r["SequenceNumber"]) for r in records]
        check(f"{shard} in order", numbers, sorted(numbers))
        got |= {r["PartitionKey"]: r["Data"] for r in records}
    check("read back", got, sent | {"one": b"\x00\xff"})


def errors():
    check("unknown stream", code_of(kinesis.describe_stream, StreamName="nope"), "ResourceNotFoundException")
    check("exists", code_of(kinesis.create_stream, StreamName="trip", ShardCount=1), "ResourceInUseException")
    many = [{"Data": b"x", "PartitionKey": "k"}] * 501
    check("501 records", code_of(kinesis.put_records, StreamName="trip", Records=many), "ValidationException")
    long = "k" * 257
    check("long key", code_of(kinesis.put_record, StreamName="trip", Data=b"", PartitionKey=long), "ValidationException")
    check("iterator", code_of(kinesis.get_records, ShardIterator="nonsense"), "InvalidArgumentException")


def reshard():
    shard = kinesis.list_shards(StreamName="trip")["Shards"][0]
    low, high = (int(shard["HashKeyRange"][k]) for k in ("StartingHashKey", "EndingHashKey"))
    kinesis.split_shard(
        StreamName="trip", ShardToSplit=shard["ShardId"], NewStartingHashKey=str((low + high) // 2)
    )
    kinesis.get_waiter("stream_exists").wait(StreamName="trip", WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    _, children = read("trip", shard["ShardId"])
    check("children", sorted(children), ["shardId-000000000002", "shardId-000000000003"])


def fan_out():
    kinesis.create_stream(StreamName="fan", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="fan", WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    arn = kinesis.describe_stream_summary(StreamName="fan")["StreamDescriptionSummary"]["StreamARN"]
    consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="reader")["Consumer"]["ConsumerARN"]
    for _ in range(50):
        about = kinesis.describe_stream_consumer(ConsumerARN=consumer)["ConsumerDescription"]
        if about["ConsumerStatus"] == "ACTIVE":
            break
        time.sleep(0.1)
    kinesis.put_records(
        StreamName="fan", Records=[{"Data": f"{i}".encode(), "PartitionKey": "k"} for i in range(100)]
    )
    events = kinesis.subscribe_to_shard(
        ConsumerARN=consumer, ShardId="shardId-000000000000", StartingPosition={"Type": "TRIM_HORIZON"}
    )["EventStream"]
    got = []
    for event in events:
        got += [int(r["Data"]) for r in event["SubscribeToShardEvent"]["Records"]]
        if len(got) >= 100:
            break
    events.close()
    check("fan-out", got, list(range(100)))
    check("in use", code_of(kinesis.delete_stream, StreamName="fan"), "ResourceInUseException")
    kinesis.deregister_stream_consumer(ConsumerARN=consumer)


for part in (round_trip, errors, reshard, fan_out):
    try:
        part()
    except Exception as err:  # a part that stops is a failure, and the others still run
        failed += 1
        print(f"FAIL {part.__name__}: {err!r}")
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
