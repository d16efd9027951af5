"""The aggregates that the checks of this folder and of ../kcl write and read: lists of (partition key, explicit hash key,
data). Run as a program it prints them, one JSON object a line, and with --odd those of odd().
"""

import base64
import hashlib
import json
import random
import sys

LAST_HASH_KEY = str(2**128 - 1)


def fixed():
    return {
        "two members": [("a", None, b"first"), ("b", None, b"second")],
        "one key": [("key", None, b"%d" % i) for i in range(5)],
        "hash keys": [("a", "0", b"first"), ("b", LAST_HASH_KEY, b"last"), ("a", "0", b"again")],
        "some hash keys": [("a", None, b"without"), ("b", "17", b"with"), ("c", None, b"without"), ("d", "18", b"with")],
        "empty data": [("a", None, b""), ("b", "5", b"")],
        "every byte": [("a", None, bytes(range(256))), ("b", None, b"\xf3\x89\x9a\xc2")],
        "keys beyond ASCII": [("schlüssel", None, b"x"), ("鍵", None, b"y"), ("🔑", "3", b"z")],
        "the longest key": [("k" * 256, None, b"x"), ("ü" * 256, None, b"y")],
        "indexes of two bytes": [("key %d" % i, str(i), b"%d" % i) for i in range(130)],
        "lengths of one and two bytes": [("a", None, b"d" * n) for n in (1, 122, 123, 124, 127, 128)],
    }


def random_ones(count, seed):
    rng = random.Random(seed)
    for n in range(count):
        keys = rng.randint(1, 40)
        members = []
        for _ in range(rng.randint(2, 60)):
            hash_key = str(rng.getrandbits(rng.choice((1, 8, 64, 128)))) if rng.random() < 0.3 else None
            members.append(("key %d" % rng.randrange(keys), hash_key, rng.randbytes(rng.choice((0, 10, 100, 1000, 16384)))))
        yield "random %d" % n, members


def odd():
    """Messages that no known writer makes, though the format allows them, with their members; and messages that it does
    not allow, with None: those records are passed on as they are."""
    keys = b"\x0a\x02p0\x0a\x02p1\x12\x011"
    member = b"\x1a\x08\x08\x00\x1a\x04data"
    p0 = [("p0", None, b"data")]
    return {
        "tables after the members": (member + keys, p0),
        "tables between the members": (b"\x0a\x02p0" + b"\x1a\x08\x08\x01\x1a\x04data" + b"\x0a\x02p1" + member, [("p1", None, b"data")] + p0),
        "fields of a member in another order": (keys + b"\x1a\x0a\x1a\x04data\x10\x00\x08\x01", [("p1", "1", b"data")]),
        "the last of a repeated field counts": (keys + b"\x1a\x0e\x08\x07\x1a\x02no\x08\x00\x1a\x04data", p0),
        "tags": (keys + b"\x1a\x0f\x08\x00\x1a\x04data\x22\x05\x0a\x03tag", p0),
        "unknown fields": (b"\x20\x07\x2a\x03abc\x35four\x39eightbyt" + keys + b"\x1a\x0d\x28\x05\x08\x00\x32\x01x\x1a\x04data", p0),
        "known numbers with other wire types": (b"\x08\x05\x10\x05\x18\x05" + keys + b"\x1a\x0d\x0a\x00\x12\x01x\x08\x00\x1a\x04data", p0),
        "unknown groups": (b"\x2b\x2c" + keys + b"\x1a\x0e\x2b\x33\x0a\x00\x34\x2c\x08\x00\x1a\x04data", p0),
        "varints longer than they need to be": (keys + b"\x1a\x8a\x80\x00\x08\x80\x80\x00\x1a\x04data", p0),
        "no partition key": (keys + b"\x1a\x06\x1a\x04data", None),
        "no data": (keys + b"\x1a\x02\x08\x00", None),
        "a member longer than the message": (keys + b"\x1a\x09\x08\x00\x1a\x04data", None),
        "field number 0": (keys + b"\x00\x00", None),
        "the end of another group": (keys + b"\x2b\x34", None),
        "an empty message": (b"", None),
    }


def seal(message):
    return b"\xf3\x89\x9a\xc2" + message + hashlib.md5(message).digest()


def to_json(members, record=None):
    result = {"members": [{"partition_key": p, "data": base64.b64encode(d).decode()} | ({"explicit_hash_key": h} if h else {}) for p, h, d in members]}
    if record is not None:
        result["record"] = base64.b64encode(record).decode()
    return result


if __name__ == "__main__":
    if "--odd" in sys.argv:
        for message, members in odd().values():
            print(json.dumps(to_json(members or [], seal(message))))
    else:
        for members in [*fixed().values(), *(members for _, members in random_ones(100, seed=1))]:
            print(json.dumps(to_json(members)))
