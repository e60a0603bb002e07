"""Replies that no honest worker sends: whatever comes, the judge gives a verdict."""

import enum
import json
import random
import struct

import numpy as np
import pytest

from dlcourse.grading.bank import exercises
from dlcourse.grading.judge import judge_subject
from dlcourse.grading.report import CORRECT
from dlcourse.grading.sandbox import wire
from dlcourse.grading.sandbox.child import ChildError
from dlcourse.grading.sandbox.remote import Remote

FIELDS = [
    *("stub", "missing", "callable", "found", "ready_made", "signature"),
    *("failure", "value", "modified", "ask", "args", "kwargs"),
]
LEAVES = [
    *(
        None,
        True,
        False,
        0,
        -1,
        3,
        10**30,
        0.5,
        float("nan"),
        float("inf"),
        "",
        "w",
        "\0",
        "\ud800",
    ),
    *("<script>", "x" * 1000, "torch", "dlcourse.grading", "NotImplementedError", "__class__"),
    *("a\x1b[2J\nb", "torch.\x1b]0;x\7", "torch." + "x" * 9000, "\u202etxt", ["a" * 9000, "", 1.0]),
    *(np.zeros(0), np.zeros((0, 3)), np.zeros((2, 0)), np.array(1.0), np.full((3, 2), np.nan)),
    *(np.ones((1,) * 20), np.arange(5), np.array([True]), np.array([2**63], np.uint64)),
    *(wire.opaque("Odd"), wire.opaque("")),
    *(
        ["ModuleNotFoundError", 3, "no", "torch.nn"],
        ["NameError", None, "", "x\x1b"],
        [["", 0, ""]],
    ),
]


def tree(rng, depth=0):
    """Any message the wire can carry."""
    kind = rng.choice(["leaf", "leaf", "list", "tuple", "dict"]) if depth < 4 else "leaf"
    if kind == "leaf":
        return rng.choice(LEAVES)
    items = [tree(rng, depth + 1) for _ in range(rng.randrange(4))]
    if kind == "dict":
        keys = [None, True, 1, 0.5, "w", "b", "", (), (1, "w"), *FIELDS]
        return {rng.choice(keys): item for item in items}
    return items if kind == "list" else tuple(items)


class Forger:
    """Looks like a `Child` whose answer writes its replies itself."""

    def __init__(self, rng, honest):
        self.rng, self.honest = rng, honest

    def ask(self, request, functions=None):
        if self.rng.random() < 0.05:
            raise ChildError("ProcessEnded", "forged")
        reply = {"callable": self.rng.random() < 0.5, "stub": self.rng.random() < 0.1}
        if self.honest and "source" in request:
            return {"stub": False, "callable": True, "found": "function", "signature": None}
        for name in self.rng.sample(FIELDS, self.rng.randrange(6)):
            reply[name] = tree(self.rng)
        return crossed(reply)


def crossed(reply):
    """As it comes out of a frame."""
    data = wire.frame(reply)
    head, _ = wire.lengths(data[: wire.LENGTHS.size], wire.REPLY_LIMITS)
    data = data[wire.LENGTHS.size :]
    return wire.message(data[:head], data[head:])


@pytest.mark.parametrize("honest", [True, False], ids=["values", "facts"])
def test_any_reply_gets_a_verdict_and_none_gets_marks(honest):
    specs, causes = list(exercises().values()), set()
    for seed in range(400):
        rng = random.Random(seed)
        spec = rng.choice(specs)
        report = judge_subject(spec, Remote(Forger(rng, honest), "", spec.entry), seed)
        assert report.status != CORRECT and report.score == 0, (seed, spec.id)
        assert 1 <= len(report.lines) <= 3, (seed, spec.id)
        assert all(len(line) < 800 and line.isprintable() for line in report.lines), (seed, spec.id)
        json.dumps([repr(report), report.points, report.hint_id])
        causes.add(report.cause)
    assert causes >= {"exception", *(("none", "length") if honest else ("reference", "stub"))}


def test_a_process_that_has_failed_is_not_asked_again():
    """Else an answer without an end would cost its limit at every probe."""

    class Ended(Forger):
        asked = 0

        def ask(self, request, functions=None):
            self.asked += 1
            if "source" not in request:
                raise ChildError("TimeoutError", "no reply within the limit")
            return super().ask(request)

    child, spec = Ended(random.Random(1), honest=True), exercises()["sgd"]
    report = judge_subject(spec, Remote(child, "", spec.entry))
    assert report.cause == "exception" and "no reply within" in report.lines[0]
    assert child.asked == 2


def test_bytes_that_are_no_message_are_refused():
    rng = random.Random(0)
    good = json.dumps({"dict": [["value", {"array": ["<f8", [2]]}]]}).encode()
    assert wire.message(good, b"\0" * 16)["value"].shape == (2,)
    refused = 0
    for _ in range(3000):
        head = bytearray(good)
        for _ in range(rng.randrange(1, 4)):
            head[rng.randrange(len(head))] = rng.choice(b'[]{}",:0129e-<f8 \xff\0')
        try:
            wire.message(bytes(head), b"\0" * 16)
        except wire.WireError:
            refused += 1
    assert refused > 2000, "the others are numbers changed within a number"


NODES = {
    "a shape below zero": {"array": ["<f8", [-1]]},
    "a shape beyond all memory": {"array": ["<f8", [2**62, 2**62]]},
    "no numbers but many": {"array": ["<f8", [0, 2**70]]},
    "an array of objects": {"array": ["|O", [1]]},
    "text as an array": {"array": ["<U4", [1]]},
    "a pickle": {"pickle": "gASVAAAA"},
    "a function": {"function": "grad"},
    "two kinds": {"tuple": [], "list": []},
    "no kind": {},
    "a list for a key": {"dict": [[[1], 2]]},
    "half of a pair": {"dict": [[1]]},
    "keys that collide": {"dict": [[n * (2**61 - 1), 0] for n in range(wire.KEY_LIMIT + 1)]},
    "more kinds than a file has": [{"opaque": f"T{n}"} for n in range(wire.KIND_LIMIT + 2)],
    "more nodes than a message has": [0] * wire.NODE_LIMIT,
    "more axes than an array has": {"array": ["|b1", [1] * 65]},
}
FULL = {
    "keys that collide": {"dict": [[n * (2**61 - 1), 0] for n in range(wire.KEY_LIMIT)]},
    "kinds": [{"opaque": f"T{n % wire.KIND_LIMIT}"} for n in range(1000)],
    "nodes": [0] * (wire.NODE_LIMIT - 1),
    "axes": {"array": ["<f8", [0, *[1] * 63]]},
}


@pytest.mark.parametrize("name", NODES)
def test_a_node_of_no_kind_is_refused(name):
    with pytest.raises(wire.WireError, match=r"message|kind|array|shape|parts"):
        wire.message(json.dumps(NODES[name]).encode(), b"")


@pytest.mark.parametrize("name", FULL)
def test_as_much_as_the_limits_allow_is_read(name):
    assert len(wire.message(json.dumps(FULL[name]).encode(), b"")) in (0, 100, 1000, 2**15 - 1)


def test_what_is_refused_has_made_few_types(monkeypatch):
    """Each is a kilobyte, and a name is a few: a reply could make 400 MB of them."""
    made, opaque = [], wire.opaque
    monkeypatch.setattr(wire, "opaque", lambda name: made.append(name) or opaque(name))
    with pytest.raises(wire.WireError):
        wire.message(json.dumps([{"opaque": f"T{n}"} for n in range(10_000)]).encode(), b"")
    wire.message(json.dumps([{"opaque": "T"}] * 10_000).encode(), b"")
    assert len(made) < 30


class Name(enum.StrEnum):
    W = "w"


KEYS = [
    ("w", "w"),
    (np.str_("w"), "w"),
    (Name.W, "w"),
    (np.int64(3), 3),
    (np.float32(0.5), 0.5),
    (np.bool_(True), True),
    ((1, np.int64(2), np.str_("w")), (1, 2, "w")),
    (None, None),
]


@pytest.mark.parametrize(("key", "plain"), KEYS, ids=[repr(key) for key, _ in KEYS])
def test_a_key_arrives_as_what_it_equals(key, plain):
    ((found, value),) = crossed({key: np.arange(2)}).items()
    assert (found, type(found)) == (plain, type(plain)) and value.tolist() == [0, 1]


def test_any_other_key_arrives_as_the_name_of_its_type():
    found = crossed({frozenset(): 1, 3j: 2, b"w": 3, NODES.get: 4})
    kinds = ["frozenset", "complex", "bytes", "builtin_function_or_method"]
    assert [type(key).__name__ for key in found] == kinds


@pytest.mark.parametrize("head", [b"[" * 10**5, b"9" * 10**5, b"", b"\xff", b"nul", b"[1"])
def test_a_head_that_is_no_json_is_refused(head):
    with pytest.raises(wire.WireError, match=r"message|kind|array"):
        wire.message(head, b"")


def test_a_tree_has_a_depth():
    assert wire.message(b"[" * 20 + b"]" * 20, b"") != []
    with pytest.raises(wire.WireError, match="no message"):
        wire.message(b"[" * 40 + b"]" * 40, b"")


def test_what_is_too_long_is_refused_before_it_is_read():
    head, body = wire.REPLY_LIMITS
    for sizes in ((head + 1, 0), (8, body + 1), (2**32 - 1, 2**32 - 1)):
        with pytest.raises(wire.WireError, match="too long"):
            wire.lengths(struct.pack("<II", *sizes), wire.REPLY_LIMITS)
    assert wire.lengths(struct.pack("<II", 8, 8), wire.REPLY_LIMITS) == (8, 8)


def test_bytes_left_over_are_refused():
    with pytest.raises(wire.WireError, match="left over"):
        wire.message(b"1", b"1")
