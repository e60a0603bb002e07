"""A stored lesson beside a fresh run of it: text, figures, widgets and claims, each by its own
measure.

Another processor changes last digits. So text is compared with numbers after ≈ masked, figures to a
twentieth of a point, the records of claims to four digits; verdicts, words and structure exactly.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from tools.stored import WIDGET_STATE, WIDGET_VIEW, code_cells

POINTS = 0.05
TAG = re.compile(r"(<[^>]*>)")
VALUE = re.compile(r"(#[0-9a-f]{6})\b|(?<![#\w.])(-?\d+(?:\.\d+)?)(?![\w.%])")
NUMBER = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)(?![\w.])")
VIEW = re.compile(r'viewBox="0 0 ([\d.]+) ')
APPROXIMATE = re.compile(r"≈\s*[-+−]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?%?")


def differences(stored: Any, fresh: Any) -> list[str]:
    """Everything in which two runs of one notebook differ beyond what machines may."""
    found = []
    old, new = list(code_cells(stored)), list(code_cells(fresh))
    if [cell.id for cell in old] != [cell.id for cell in new]:
        return ["the cells are not the same."]
    for before, after in zip(old, new, strict=True):
        if len(before.outputs) != len(after.outputs):
            count = f"{len(before.outputs)} outputs stored, {len(after.outputs)} now"
            found.append(f"cell {before.id}: {count}.")
            continue
        for number, pair in enumerate(zip(before.outputs, after.outputs, strict=True)):
            found += [
                f"cell {before.id}, output {number}: {text}" for text in output_differences(*pair)
            ]
        if before.metadata.get("mystnb") != after.metadata.get("mystnb"):
            found.append(f"cell {before.id}: the alt text in the metadata is another.")
    return found + widget_differences(stored, fresh)


def output_differences(old: Any, new: Any) -> Iterator[str]:
    """Everything in which one output of two runs differs."""
    if old.output_type != new.output_type:
        yield f"{old.output_type} stored, {new.output_type} now."
        return
    if old.output_type == "stream":
        yield from _texts("text", old.text, new.text)
    elif old.output_type == "error":
        yield from _texts("error", f"{old.ename}: {old.evalue}", f"{new.ename}: {new.evalue}")
    else:
        if old.data.keys() != new.data.keys():
            yield f"forms {sorted(old.data)} stored, {sorted(new.data)} now."
            return
        for kind, content in old.data.items():
            if kind == "image/svg+xml":
                share = old.get("metadata", {}).get("dlcourse", {}).get("tolerance", 0.0)
                yield from figure_differences(content, new.data[kind], share)
            elif isinstance(content, str):
                yield from _texts(kind, content, new.data[kind])
            elif content != new.data[kind]:
                yield f"{kind} is another."
        records = (o.get("metadata", {}).get("dlcourse", {}) for o in (old, new))
        yield from record_differences(*records)


def _texts(kind: str, old: str, new: str) -> Iterator[str]:
    before, after = (APPROXIMATE.sub("≈", text).splitlines() for text in (old, new))
    for one, other in zip(before, after, strict=False):
        if one != other:
            yield f"{kind}: {one[:80]!r} stored, {other[:80]!r} now."
            return
    if len(before) != len(after):
        yield f"{kind}: {len(before)} lines stored, {len(after)} now."


def figure_differences(old: str, new: str, tolerance: float = 0.0) -> list[str]:
    """Structure and words exactly, places to ``POINTS``, colors to one of 255 levels.

    A figure of chaotic runs says how far it may differ: ``tolerance`` is a share of its width for
    places, of 255 for colors, of themselves for the numbers in its words.
    """
    before, after = TAG.split(old), TAG.split(new)
    if len(before) != len(after):
        return [f"figure: {len(before) // 2} elements stored, {len(after) // 2} now."]
    size = max((float(n) for n in VIEW.findall(old)), default=0.0)
    limits = {"places": max(POINTS, tolerance * size), "colors": max(1, tolerance * 255)}
    worst = {"places": 0.0, "colors": 0.0}
    for one, other in zip(before, after, strict=True):
        if one == other:
            continue
        if not one.startswith("<"):
            if not _same_words(one, other, tolerance):
                return [f"figure: the words {one.strip()!r} stored, {other.strip()!r} now."]
            continue
        parts, others = VALUE.split(one), VALUE.split(other)
        if parts[::3] != others[::3]:
            old_part, new_part = next(
                (a, b) for a, b in zip(parts[::3], others[::3], strict=False) if a != b
            )
            return [f"figure: {old_part[:80]!r} stored, {new_part[:80]!r} now."]
        for a, b in zip(parts[1::3], others[1::3], strict=True):
            if a and b:
                levels = (abs(int(a[i : i + 2], 16) - int(b[i : i + 2], 16)) for i in (1, 3, 5))
                worst["colors"] = max(worst["colors"], *levels)
            elif a or b:
                return [f"figure: {one[:80]!r} stored, {other[:80]!r} now."]
        pairs = zip(parts[2::3], others[2::3], strict=True)
        moves = (abs(float(a) - float(b)) for a, b in pairs if a and b)
        worst["places"] = max(worst["places"], *moves, 0.0)
    return [
        f"figure: {name} differ by {worst[name]:.3g} {unit}."
        for name, unit in (("places", "points"), ("colors", "of 255"))
        if worst[name] > limits[name]
    ]


def _same_words(one: str, other: str, tolerance: float) -> bool:
    one, other = (APPROXIMATE.sub("≈", text) for text in (one, other))
    parts, others = NUMBER.split(one), NUMBER.split(other)
    if parts[::2] != others[::2]:
        return False
    return all(
        a == b or math.isclose(float(a), float(b), rel_tol=tolerance)
        for a, b in zip(parts[1::2], others[1::2], strict=True)
    )


def record_differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """The records of a claim: numbers to four digits, an exact claim's error to its tolerance.

    A chaotic claim is another draw on another processor: half of its interval, the same verdict.
    """
    if old.keys() != new.keys():
        return [f"record: {sorted(old)} stored, {sorted(new)} now."]
    if "claims" in new:
        if len(old["claims"]) != len(new["claims"]):
            return [f"record: {len(old['claims'])} claims stored, {len(new['claims'])} now."]
        pairs = zip(old["claims"], new["claims"], strict=True)
        return [words for pair in pairs for words in record_differences(*pair)]
    slack = new.get("tol", 0.0)
    if old.get("chaotic"):
        slack = (old["interval"][1] - old["interval"][0]) / 2
    return [
        f"record: {name} = {old[name]!r} stored, {new[name]!r} now."
        for name in old
        if not _close(old[name], new[name], slack)
    ]


def _close(old: Any, new: Any, slack: float) -> bool:
    if isinstance(old, float) and isinstance(new, float):
        return math.isclose(old, new, rel_tol=1e-4, abs_tol=max(1e-6, slack))
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return all(_close(a, b, slack) for a, b in zip(old, new, strict=True))
    return bool(old == new)


def widget_differences(stored: Any, fresh: Any) -> list[str]:
    """The state of the widgets: the same models, the same links, the same frames.

    Frames may differ by the largest tolerance that a figure with sliders of the lesson names.
    """
    old, new = (
        notebook.metadata.get("widgets", {}).get(WIDGET_STATE, {}).get("state", {})
        for notebook in (stored, fresh)
    )
    if old.keys() != new.keys():
        return [f"widgets: {len(old)} models stored, {len(new)} now, or other ones."]
    outputs = (output for cell in code_cells(stored) for output in cell.outputs)
    records = (o.metadata.get("dlcourse", {}) for o in outputs if WIDGET_VIEW in o.get("data", {}))
    share = max((record.get("tolerance", 0.0) for record in records), default=0.0)
    found = []
    for name, model in old.items():
        other = new[name]
        if {**model, "state": None} != {**other, "state": None}:
            found.append(f"widgets: model {name} is of another kind.")
            continue
        before, after = model["state"], other["state"]
        for key in before.keys() | after.keys():
            one, two = before.get(key), after.get(key)
            if isinstance(one, str) and isinstance(two, str) and "<svg" in one:
                found += [f"widgets: {text}" for text in figure_differences(one, two, share)]
            elif one != two:
                found.append(f"widgets: {model['model_name']}.{key} is another.")
    return found
