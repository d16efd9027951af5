"""Exchanges aggregates between internal/kpl and aws_kinesis_agg, both ways; internal/kpl reads odd ones, too.

    check.py COMMAND...            checks; COMMAND runs aggregate.go
    check.py --golden VERSION      prints the vectors of internal/kpl/testdata instead
"""

import base64
import json
import subprocess
import sys
from datetime import datetime

from aws_kinesis_agg.aggregator import RecordAggregator
from aws_kinesis_agg.deaggregator import deaggregate_records

import cases


def theirs(members):
    """The aggregate as aws_kinesis_agg writes it."""
    aggregator = RecordAggregator()
    for partition_key, hash_key, data in members:
        full = aggregator.add_user_record(partition_key, data, hash_key)
        assert full is None, "more than one aggregate"
    return aggregator.clear_and_get().get_contents()[2]


def read_by_them(record):
    """The members as aws_kinesis_agg reads them."""
    outer = {"SequenceNumber": "1", "PartitionKey": "a", "ApproximateArrivalTimestamp": datetime(2026, 1, 1), "Data": record}
    members = []
    for i, member in enumerate(deaggregate_records(_boto3(outer))):
        kinesis = member["kinesis"]
        if not kinesis.get("aggregated") or kinesis["subSequenceNumber"] != i:
            return "not aggregated, or out of order"
        members.append((kinesis["partitionKey"], kinesis["explicitHashKey"], base64.b64decode(kinesis["data"])))
    return members


def _boto3(record):
    """One boto3 record in the shape that deaggregate_records takes."""
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "sequenceNumber": record["SequenceNumber"],
            "partitionKey": record["PartitionKey"],
            "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"],
            "data": base64.b64encode(record["Data"]),
        }
    }


def from_json(members):
    return [(m["partition_key"], m.get("explicit_hash_key"), base64.b64decode(m["data"])) for m in members or []]


def as_they_read(members):
    """What aws_kinesis_agg makes of members. It gives those without an explicit hash key the first one of the table, if
    the table has any: other readers do not."""
    first = next((h for _, h, _ in members if h), None)
    return [(p, h or first, d) for p, h, d in members]


def ours(command, aggregates):
    lines = "".join(json.dumps(a) + "\n" for a in aggregates)
    out = subprocess.run(command, input=lines, capture_output=True, text=True)
    if out.returncode != 0:
        sys.exit(out.stderr)
    return [json.loads(line) for line in out.stdout.splitlines()]


def check(command):
    named = list(cases.fixed().items()) + list(cases.random_ones(100, seed=1))
    records = [theirs(members) for _, members in named]
    read = ours(command, [cases.to_json([], record) for record in records])
    written = ours(command, [cases.to_json(members) for _, members in named])
    passed = failed = 0
    for (name, members), record, r, w in zip(named, records, read, written, strict=True):
        record_of_ours = base64.b64decode(w["record"])
        for what, got, want in (
            ("we read theirs", from_json(r["members"]), members),
            ("they read ours", read_by_them(record_of_ours), as_they_read(members)),
            ("both write the same bytes", record_of_ours, record),
        ):
            if got == want:
                passed += 1
            else:
                failed += 1
                print(f"FAIL {name}: {what}: {r.get('error', '')}\n  got  {got!r:.500}\n  want {want!r:.500}")
    odd = cases.odd()
    read = ours(command, [cases.to_json([], cases.seal(message)) for message, _ in odd.values()])
    for (name, (_, members)), r in zip(odd.items(), read, strict=True):
        if from_json(r["members"]) == (members or []) and ("error" in r) == (members is None):
            passed += 1
        else:
            failed += 1
            print(f"FAIL {name}: got {r!r}, want {members!r}")
    print(f"{passed} passed, {failed} failed")
    return failed == 0 and passed > 0


def golden(version):
    vectors = []
    for name, members in cases.fixed().items():
        vectors.append({"name": name} | cases.to_json(members, theirs(members)))
    origin = f"PyPI aws_kinesis_agg {version}, by .ci/interop/kpl/check.py --golden"
    print(json.dumps({"origin": origin, "aggregates": vectors}, indent=1, ensure_ascii=False))


if sys.argv[1] == "--golden":
    golden(sys.argv[2])
else:
    sys.exit(not check(sys.argv[1:]))
