"""What crosses between the grader and an answer's process: numbers, and nothing that can act.

A message is a tree of None, booleans, numbers, text, lists, tuples, dicts and numeric arrays. It
travels as a frame: two lengths, a JSON tree, the bytes of the arrays one after the other. Reading a
frame builds these types and no others; only towards the answer there are stand-ins for functions,
and random generators. This file stands alone: the sandbox has a copy of it and of
``compare.py``, and no ``dlcourse``.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

HEAD_LIMIT = 4 << 20
BODY_LIMIT = 64 << 20
REPLY_LIMITS = 1 << 18, 8 << 20
"""Of what an answer sends: its tree takes the grader time, node for node; its arrays, memory."""
DEPTH_LIMIT = 32
NODE_LIMIT, KEY_LIMIT, KIND_LIMIT = 1 << 15, 100, 20
"""How many nodes a message has, how many keys a dict (they may be chosen to collide), and how many
kinds of value that do not travel (each of them is a new type here)."""
MOST_AXES = 64
LENGTHS = struct.Struct("<II")
DTYPES = {"|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8"}


class WireError(ValueError):
    """A message that cannot be sent, or bytes that are no message."""


def frame(
    message: Any,
    function: Callable[[Any], str] | None = None,
    limits: tuple[int, int] = (HEAD_LIMIT, BODY_LIMIT),
) -> bytes:
    """The bytes of a message; ``function`` gives a callable the name to be called back by."""
    writer = _Writer(function)
    try:
        head = json.dumps(writer.tree(message, 0)).encode()
    except (ValueError, RecursionError) as error:
        raise WireError(str(error)) from None
    body = b"".join(writer.parts)
    if len(head) > limits[0] or len(body) > limits[1]:
        raise WireError(f"a message of {len(head) + len(body)} bytes is too long")
    return LENGTHS.pack(len(head), len(body)) + head + body


def lengths(prefix: bytes, limits: tuple[int, int] = (HEAD_LIMIT, BODY_LIMIT)) -> tuple[int, int]:
    """How long head and body of the coming frame are, each of them within its limit."""
    head, body = LENGTHS.unpack(prefix)
    if head > limits[0] or body > limits[1]:
        raise WireError(f"a message of {head + body} bytes is too long")
    return head, body


def message(head: bytes, body: bytes, function: Callable[[str], Any] | None = None) -> Any:
    """The message of a frame; ``function`` makes the stand-in for a callable of that name."""
    try:
        reader = _Reader(body, function)
        tree = reader.read(json.loads(head, parse_constant=float), 0)
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
        raise WireError(f"no message: {type(error).__name__}") from None
    if reader.place != len(body):
        raise WireError("no message: bytes left over")
    return tree


def carried(value: Any, limits: tuple[int, int] = (HEAD_LIMIT, BODY_LIMIT)) -> Any:
    """A message as it arrives, for whoever has no process to send it to."""
    data = frame(value, limits=limits)
    head, body = lengths(data[: LENGTHS.size], limits)
    end = LENGTHS.size + head
    return message(data[LENGTHS.size : end], data[end : end + body])


def opaque(name: str) -> Any:
    """Stands for a value that does not travel: of it only the name of its type is known."""
    return type("".join(filter(str.isprintable, name))[:80] or "object", (), {})()


class _Writer:
    """Makes the tree of a message, and collects its arrays."""

    def __init__(self, function: Callable[[Any], str] | None) -> None:
        self.function, self.nodes = function, 0
        self.parts: list[bytes] = []

    def tree(self, value: Any, depth: int) -> Any:
        """``value`` as JSON, with every array's bytes appended to ``parts``."""
        self.nodes += 1
        if self.nodes > NODE_LIMIT:
            raise WireError("too many parts to send; return arrays, not nested lists")
        if depth > DEPTH_LIMIT:
            raise WireError("a message is nested too deeply")
        if isinstance(value, np.generic) and value.dtype.str in DTYPES:
            value = value.item()
        if value is None or type(value) in (bool, int, float, str):
            return value
        if isinstance(value, str):  # of NumPy's, or of an enumeration
            return str.__str__(value)
        if isinstance(value, list | tuple):
            items = [self.tree(item, depth + 1) for item in value]
            return {"tuple": items} if isinstance(value, tuple) else items
        if isinstance(value, dict):
            if len(value) > KEY_LIMIT:
                raise WireError(f"a dict of {len(value)} keys is too large; return arrays")
            deeper = depth + 1
            pairs = [[self.key(k, deeper), self.tree(v, deeper)] for k, v in value.items()]
            return {"dict": pairs}
        if callable(value) and self.function is not None:
            return {"function": self.function(value)}
        if self.function is not None and hasattr(value, "bit_generator"):
            return {"generator": _state(value)}
        array = _numeric(value)
        if array is None:
            of = f" of dtype {value.dtype}" if isinstance(value, np.ndarray) else ""
            return {"opaque": type(value).__name__ + of}
        self.parts.append(array.tobytes())
        return {"array": [array.dtype.str, list(array.shape)]}

    def key(self, value: Any, depth: int) -> Any:
        """A key of a dict; of whatever equals plain text or a plain number, such as NumPy's, that.

        An array is no key where it is read, so the others are but the names of their types.
        """
        if isinstance(value, str):
            value = str.__str__(value)
        elif isinstance(value, np.generic):
            value = value.item()
        elif isinstance(value, tuple):
            return {"tuple": [self.key(item, depth + 1) for item in value]}
        plain = value is None or type(value) in (bool, int, float, str)
        return self.tree(value, depth) if plain else {"opaque": type(value).__name__}


def _numeric(value: Any) -> np.ndarray | None:
    """A plain little-endian copy of whatever NumPy reads as numbers; None for anything else."""
    try:
        array = np.array(value, copy=True, subok=False)
    except Exception:  # an object that will not be read does not travel
        return None
    if array.dtype.kind not in "biuf":
        return None
    if array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    return array.astype(array.dtype.newbyteorder("<"), copy=False)


def _state(generator: Any) -> list[int]:
    """Where a generator stands; there is one kind, that of ``numpy.random.default_rng``."""
    state = generator.bit_generator.state
    if state["bit_generator"] != "PCG64" or state["has_uint32"]:
        raise WireError("a generator travels fresh from numpy.random.default_rng")
    return [state["state"]["state"], state["state"]["inc"]]


def _generator(state: int, increment: int) -> np.random.Generator:
    bits = np.random.PCG64(0)
    bits.state = {**bits.state, "state": {"state": state, "inc": increment}}
    return np.random.Generator(bits)


class _Reader:
    """Reads a tree back; the bytes of its arrays are taken in order, each of them once."""

    def __init__(self, body: bytes, function: Callable[[str], Any] | None) -> None:
        self.body, self.function, self.place, self.nodes = body, function, 0, 0
        self.kinds: dict[str, type] = {}

    def read(self, node: Any, depth: int) -> Any:
        self.nodes += 1
        if depth > DEPTH_LIMIT or self.nodes > NODE_LIMIT or len(self.kinds) > KIND_LIMIT:
            raise WireError("nested too deeply, or too many parts")
        if isinstance(node, list):
            return [self.read(item, depth + 1) for item in node]
        if not isinstance(node, dict):
            return node
        ((kind, content),) = node.items()
        if kind == "tuple":
            return tuple(self.read(item, depth + 1) for item in content)
        if kind == "dict" and len(content) <= KEY_LIMIT:
            return {self.read(k, depth + 1): self.read(v, depth + 1) for k, v in content}
        if kind == "array":
            return self.array(*content)
        if kind == "opaque":
            name = str(content)
            if name not in self.kinds:
                self.kinds[name] = type(opaque(name))
            return self.kinds[name]()  # one each: two keys of a dict stay two
        if kind == "function" and self.function is not None:
            return self.function(content)
        if kind == "generator" and self.function is not None:
            return _generator(*content)
        raise WireError("an unknown kind of node")

    def array(self, dtype: str, shape: list[int]) -> np.ndarray:
        if dtype not in DTYPES or len(shape) > MOST_AXES:
            raise WireError("no numeric array")
        if not all(type(n) is int and n >= 0 for n in shape):
            raise WireError("no shape of an array")
        count = math.prod(shape)
        end = self.place + count * np.dtype(dtype).itemsize
        if end > len(self.body):
            raise WireError("an array longer than its bytes")
        flat = np.frombuffer(self.body[self.place : end], dtype=dtype)
        self.place = end
        return flat.reshape(shape).copy()
