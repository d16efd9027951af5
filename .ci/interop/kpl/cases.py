"""The aggregates that the checks of this folder write and read: lists of (partition key, explicit hash key, data)."""

import random

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
