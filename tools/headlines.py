"""The papers' headlines against ours: tables and picture of the page, out of stored results.

Nothing is taken on trust: every mean, interval and verdict is computed again from the seeds' own
values, so that a file in which two arms were exchanged, or a number was mended, stops the build.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from dlcourse.lesson.bootstrap import bootstrap_interval, decide
from dlcourse.plots import label_lines, new_figure, plot_seeds
from dlcourse.plots.svg import to_svg
from tools.markup import list_table
from tools.registries import ROOT

FEWEST = 10
BADGES = {"supported": "holds here", "not supported": "does not hold here"}
CURVES = {"without": "without", "with, rate of without": "with, the same rate", "with": "with"}
"""The arms that are drawn, and their names on the lines."""


class StoredError(SystemExit):
    """A stored result that does not say what its runs say."""


def registry(root: Path = ROOT) -> list[dict[str, Any]]:
    return list(yaml.safe_load((root / "book" / "headlines.yml").read_text(encoding="utf-8")))


def command(name: str) -> str:
    """What runs an experiment, or a second look at it, whose name says at which size.

    >>> command("dropout"), command("dropout-wide")
    ('python -m benchmarks.headlines.dropout', 'python -m benchmarks.headlines.dropout --size wide')
    """
    experiment, _, size = name.partition("-")
    return f"python -m benchmarks.headlines.{experiment}" + (f" --size {size}" if size else "")


def result(name: str, root: Path = ROOT) -> dict[str, Any]:
    """One stored run, once all its answers follow from its seeds."""
    path = root / "benchmarks" / "headlines" / "results" / f"{name}.json"
    if not path.exists():
        raise StoredError(f"{path.name} is not there: {command(name)} --store")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for answer in found["answers"]:
        _look(found, answer, f"{path.name}, {answer['part']}")
    return found


def _look(found: Mapping[str, Any], answer: Mapping[str, Any], where: str) -> None:
    a, b = (np.array(found["arms"][answer[k]][answer["metric"]], float) for k in ("a", "b"))
    seeds = len(found["seeds"]["report"])
    if not len(a) == len(b) == seeds >= FEWEST:
        raise StoredError(
            f"{where}: {len(a)} and {len(b)} runs of {seeds} seeds, at least {FEWEST}."
        )
    interval = bootstrap_interval(a - b)
    verdict = decide(interval, answer["better"], answer["margin"])
    short = answer.get("short", [])
    bounded = answer["a"] in short or (short and verdict == "not supported")
    if answer.get("edge") or bounded:
        verdict = "inconclusive"
    means = [a.mean(), b.mean(), (a - b).mean(), *interval]
    said = [answer["mean_a"], answer["mean_b"], answer["difference"], *answer["interval"]]
    counted = answer["metric"] == "log2_steps"
    ends = [
        answer[k] for k in ("a", "b") if counted and min(found["arms"][answer[k]]["reached"]) < 1
    ]
    right = np.allclose(means, said, rtol=0, atol=2e-6) and ends == short
    if not right or verdict != answer["verdict"]:
        raise StoredError(f"{where}: the stored answer is not what its runs come to.")


def number(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}g}".replace("-", "−")


def past(answer: Mapping[str, Any], side: str) -> str:
    """What to say before a mean of steps that some runs counted to the end."""
    return "more than " if answer[side] in answer.get("short", []) else ""


def measured(answer: Mapping[str, Any]) -> str:
    """Both arms, and what lies between them with its interval, in the metric's own unit."""
    a, b, middle = answer["mean_a"], answer["mean_b"], answer["difference"]
    low, high = answer["interval"]
    if answer["metric"] == "log2_steps":
        times = " to ".join(number(2**end, 2) for end in (low, high))
        more, least = (past(answer, k) for k in ("a", "b"))
        most = "at most " if least and not more else ""
        both = f"{more}{2**a:.0f} against {least}{2**b:.0f} steps"
        return f"{both}: {most}{number(2**middle, 2)} times [{times}]"
    points = " to ".join(number(100 * end) for end in (low, high))
    return (
        f"{number(100 * a)} % against {number(100 * b)} %: {number(100 * middle)} points [{points}]"
    )


def badge(answer: Mapping[str, Any]) -> str:
    """The verdict as a word; a badge of the book only repeats it in color."""
    verdict = answer["verdict"]
    said = "undecided: an arm is at the edge of its grid" if answer.get("edge") else "undecided"
    css = verdict.replace(" ", "-")
    return f'<span class="claim-badge claim-{css}">{BADGES.get(verdict, said)}</span>'


def against(entries: list[dict[str, Any]], results: Mapping[str, Any]) -> str:
    """The table *paper against ours*, a row for each question, a column for each look."""
    rows = []
    for entry in entries:
        looks = {"expected": entry["name"], "again": entry["again"]["name"]}
        for row in entry["rows"]:
            cells = [_answer(entry, row, kind, results[name]) for kind, name in looks.items()]
            rows.append([row["reports"], row["asked"], *cells])
    head = ["The paper", "Asked here", "Ours", "Asked again"]
    return list_table(head, rows, "headlines", "30 22 24 24")


def _answer(entry: Any, row: Any, kind: str, found: Any) -> str:
    answers = {answer["part"]: answer for answer in found["answers"]}
    named = [one["part"] for one in entry["rows"]]
    if sorted(named) != sorted(answers):
        raise StoredError(f"book/headlines.yml has {named} of {entry['name']}, not {[*answers]}.")
    answer = answers[row["part"]]
    if answer["verdict"] != row[kind]:
        raise StoredError(
            f"{entry['name']}, {row['part']}: the run says {answer['verdict']}; "
            f"book/headlines.yml has {kind}: {row[kind]}, and the page says so."
        )
    return f"{badge(answer)} {measured(answer)}"


def ran(entries: list[dict[str, Any]], results: Mapping[str, Any]) -> str:
    """What was run where, a row for each look of an experiment."""
    rows = []
    for entry in entries:
        for look in (entry, entry["again"]):
            found = results[look["name"]]
            plan, where = found["plan"], found["ran"]
            what = entry["ran"].format_map(plan | {"layers": len(plan.get("hidden", []))})
            rates = [f"{name}: {one['lr']:.3g}" for name, one in found["arms"].items()]
            tuning, seeds = (len(found["seeds"][kind]) for kind in ("tuning", "report"))
            room = where["room"] + (f" {where['numpy']}" if where["room"] == "NumPy" else "")
            how = (
                f"{seeds} seeds, rates chosen on {tuning} others; {room}, "
                f"{where['threads']} thread, {where['cpu_seconds']} s of CPU"
            )
            title = f"**{look['title']}**\n\n`{command(look['name'])}`"
            rows.append([title, f"{what}.", "; ".join(rates) + ".", how])
    return list_table(
        ["Experiment", "What was run", "Rates chosen", "How"], rows, "headlines", "20 34 26 20"
    )


def picture(found: Mapping[str, Any]) -> tuple[str, str]:
    """Test errors over the steps with and without batch normalization, and words for them."""
    plan, arms = found["plan"], found["arms"]
    fig, ax = new_figure()
    alike = arms["with"]["lr"] == arms["without"]["lr"]
    for arm, label in CURVES.items():
        if alike and arm == "with, rate of without":
            continue
        curve = 100 * np.array(arms[arm]["curve"])
        steps = plan["look"] * np.arange(1, curve.shape[1] + 1)
        plot_seeds(curve, ax=ax, x=steps, label=label)
    ax.axhline(100 * plan["target"], color="#555555", linewidth=0.8, linestyle=":", label="_target")
    ax.set(xlabel="steps", ylabel="test errors, %", ylim=(0, 95), xlim=(0, 1.02 * steps[-1]))
    answer = found["answers"][0]
    with_it, without = (f"{past(answer, k)}{2 ** answer[f'mean_{k}']:.0f}" for k in ("a", "b"))
    title = (
        f"To {100 * plan['target']:.0f} % errors: {with_it} steps with batch normalization, "
        f"{without} without"
    )
    fig.suptitle(title, x=0.01, ha="left", fontsize=11, weight="bold")
    label_lines(ax)
    alt = (
        f"Test errors against steps, median and middle half of {len(curve)} runs: without batch "
        f"normalization they stay high for long, with it they fall at once. {title}."
    )
    return to_svg(fig, "h"), alt


def pages(root: Path = ROOT) -> dict[str, str]:
    """The generated files of the page, by name."""
    entries = registry(root)
    looks = [look["name"] for entry in entries for look in (entry, entry["again"])]
    results = {name: result(name, root) for name in looks}
    svg, alt = picture(results["batchnorm-long"])
    return {
        "headlines.md": against(entries, results),
        "headlines-ran.md": ran(entries, results),
        "headlines.svg": svg,
        "headlines-picture.md": f"```{{image}} /book/generated/headlines.svg\n:alt: {alt}\n```\n",
    }
