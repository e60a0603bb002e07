"""Questions put to the results, the file they are kept in, and the command line."""

from __future__ import annotations

import argparse
import json
import platform
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.headlines.frame import GUESS, Room, seeds_of
from dlcourse.lesson.bootstrap import bootstrap_interval, decide

RESULTS = Path(__file__).parent / "results"


class Question(NamedTuple):
    """Whether arm ``a`` is better than ``b``, seed by seed; written down before the run.

    ``better`` is "smaller", "larger" or "equal", ``margin`` in the units of the metric. ``part``
    names what of the paper it asks after; the page has its words.
    """

    part: str
    a: str
    b: str
    metric: str
    better: str
    margin: float


def answered(question: Question, arms: Mapping[str, Any]) -> dict[str, Any]:
    """Means of both arms, their difference a - b with its 95% interval, and the verdict.

    It is "inconclusive" where an arm won at the edge of its grid, unless it guessed at every rate;
    and where steps were counted to the end by a run that did not get there, so that the difference
    is only bounded, from the side that does not decide.
    """
    a, b = (np.asarray(arms[arm][question.metric], float) for arm in (question.a, question.b))
    interval = bootstrap_interval(a - b)
    found = {"mean_a": a.mean(), "mean_b": b.mean(), "difference": (a - b).mean()}
    rounded = {name: round(float(value), 6) for name, value in found.items()}
    told = {"interval": [round(end, 6) for end in interval]}
    verdict = decide(interval, question.better, question.margin)
    edge = [arm for arm in (question.a, question.b) if arms[arm]["edge"] and not guesses(arms[arm])]
    if edge:
        verdict, told = "inconclusive", told | {"edge": edge}
    if question.metric == "log2_steps":
        short = [arm for arm in (question.a, question.b) if min(arms[arm]["reached"]) < 1]
        told |= {"short": short} if short else {}
        if question.a in short or (short and verdict == "not supported"):
            verdict = "inconclusive"
    return question._asdict() | rounded | told | {"verdict": verdict}


def guesses(arm: Mapping[str, Any]) -> bool:
    """Whether no rate that was tried made the arm better than guessing, by 5 points."""
    return bool(arm["tried"]) and min(arm["tried"].values()) > GUESS - 0.05


def versions() -> dict[str, str]:
    """Of what computes."""
    found = {"python": platform.python_version()}
    for name in ("numpy", "torch"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def outcome(
    name: str,
    size: str,
    room: Room,
    plan: Any,
    arms: Any,
    questions: Sequence[Question],
    cpu: float,
) -> dict[str, Any]:
    """All that is kept of a run."""
    return {
        "experiment": name,
        "size": size,
        "plan": plan,
        "seeds": dict(zip(("report", "tuning"), map(list, seeds_of(plan)), strict=True)),
        "ran": {
            "room": "NumPy" if room.device is None else f"PyTorch twin on {room.device}",
            "threads": 1,
            "cpu_seconds": round(cpu),
            **versions(),
        },
        "arms": arms,
        "answers": [answered(question, arms) for question in questions],
    }


def rounded(found: Any) -> Any:
    """Six digits of every number, keys of JSON."""
    if isinstance(found, Mapping):
        return {str(key): rounded(value) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return [rounded(value) for value in found]
    return float(f"{found:.6g}") if isinstance(found, float) else found


def told(found: Mapping[str, Any]) -> str:
    """The outcome as lines to read."""
    lines = [f"{found['experiment']}, {found['size']}: {found['ran']}"]
    for arm, one in found["arms"].items():
        edge = f", the {one['edge']} tried" if one["edge"] else ""
        means = {k: np.mean(v) for k, v in one.items() if isinstance(v, list) and k != "curve"}
        words = ", ".join(f"{name} {value:.4g}" for name, value in means.items())
        lines.append(f"  {arm:28} rate {one['lr']:.4g}{edge}: {words}")
    for one in found["answers"]:
        low, high = one["interval"]
        claimed = f"{one['better']} by {one['margin']:g}"
        lines.append(
            f"  {one['part']}: {one['a']} minus {one['b']}, {one['metric']}: "
            f"{one['difference']:.4g} [{low:.4g}, {high:.4g}]; {claimed}: {one['verdict']}"
        )
    return "\n".join(lines)


def command(
    name: str,
    sizes: Mapping[str, Mapping[str, Any]],
    experiment: Callable[[Room, Mapping[str, Any]], dict[str, Any]],
    questions: Callable[[Mapping[str, Any]], Sequence[Question]],
    argv: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Run one experiment as the command line asks, print it and, if wanted, keep it.

    Parameters
    ----------
    sizes : {"tiny", "cpu", "full" and whatever else: plan}
    experiment : function of room and plan that returns the arms, as ``frame.contest``
    questions : function of the plan
    """
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.headlines.{name}")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--size", choices=sizes, default="cpu")
    for size in ("full", "tiny"):
        which.add_argument(f"--{size}", action="store_const", const=size, dest="size")
    parser.add_argument("--device", help="of PyTorch, as cuda: the twins run there, not NumPy")
    parser.add_argument("--store", action="store_true", help=f"write into {RESULTS.name}/")
    asked = parser.parse_args(argv)
    if asked.store and asked.size == "tiny":
        parser.error("a tiny run shows only that the command runs: it is not stored.")
    room, plan = Room(asked.device), sizes[asked.size]
    if asked.size == "full" and room.device is None:
        print("--full without --device cuda: this will take days.", file=sys.stderr)
    start = time.process_time()
    arms = rounded(experiment(room, plan))
    cpu = time.process_time() - start
    found = outcome(name, asked.size, room, dict(plan), arms, questions(plan), cpu)
    print(told(found))
    if asked.store:
        keep(found)
    return found


def keep(found: Mapping[str, Any], folder: Path = RESULTS) -> None:
    """Write the file of a run, lists of numbers on one line each."""
    size = "" if found["size"] == "cpu" else f"-{found['size']}"
    lines = json.dumps(found, indent=1)
    text = re.sub(r"\[[^][{}]*\]", lambda part: " ".join(part[0].split()), lines)
    (folder / f"{found['experiment']}{size}.json").write_text(text + "\n", encoding="utf-8")
