"""What the lines of a journal say, and how JSON says it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from dlcourse.scratch.hpo.search import Search, Trial
from dlcourse.scratch.hpo.space import Categorical

FORMAT, VERSION = "dlcourse.hpo", 1


def description(search: Search) -> list[str]:
    """The space in words, by which a journal knows its own."""
    return [
        f"{p.name}: {_words(p.domain)}" + (f" where {p.parent} is {p.choice!r}" if p.parent else "")
        for p in search.parameters
    ]


def _words(domain: Any) -> str:
    if isinstance(domain, Categorical):
        return f"Categorical({list(domain.choices)})"
    drawn = getattr(domain, "distribution", None)
    if drawn is None:
        return repr(domain)
    kind = getattr(getattr(drawn, "dist", drawn), "name", type(drawn).__name__)
    return f"{domain} from {kind}{getattr(drawn, 'args', ())}{getattr(drawn, 'kwds', {})}"


def header(search: Search) -> dict[str, Any]:
    """The first line: whose journal it is."""
    head = {"format": FORMAT, "version": VERSION, "search": search.signature()}
    return head | {"space": description(search)}


def asked_record(trial: Trial) -> dict[str, Any]:
    """A trial is about to start."""
    return {"ask": trial.number, "params": trial.params}


def told_record(trial: Trial) -> dict[str, Any]:
    """A trial has ended."""
    found = {"tell": trial.number, "as": trial.state, "value": trial.value, "error": trial.error}
    return found | {"intermediate": [list(pair) for pair in trial.intermediate.items()]}


def line_of(record: Any) -> bytes:
    """A record as a line of strict JSON."""
    return json.dumps(encoded(record), allow_nan=False).encode() + b"\n"


def encoded(value: Any) -> Any:
    """What JSON can say; infinities, which it cannot, by name, and NumPy's numbers as numbers."""
    if isinstance(value, Mapping):
        return {str(k): encoded(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [encoded(v) for v in value]
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    return value


def decoded(value: Any) -> Any:
    """Back from there."""
    if isinstance(value, dict):
        if value.keys() == {"float"} and isinstance(value["float"], str):
            return float(value["float"])
        return {k: decoded(v) for k, v in value.items()}
    return [decoded(v) for v in value] if isinstance(value, list) else value
