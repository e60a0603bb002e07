"""Every number in a lesson's prose is one that a cell of the lesson computes.

Numbers of three or more significant digits are looked for in what the cells print and in the
numbers their code is given; 3.16 in the prose is found in a printed 3.1623, 98.5% in a printed
0.985. Years of citations and arXiv numbers pass. A number that comes from elsewhere, a paper's
say, is named in the cell that quotes it, as ``<!-- numbers: 0.0488, 4603 -->``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tools.stored import alt_of, code_cells

NUMBER = r"\d{1,3}(?:(?:,|\{,\}|\u2009|\u202f|\\,)\d{3})+(?:\.\d+)?|\d+\.\d+|\d+"
TOKEN = re.compile(
    rf"(?<![\w.#/])({NUMBER})"
    r"(?:[eE]([-+]?\d+)|\s*(?:×|\\times|\\cdot)\s*10(?:\^\{?([-−+]?\d+)\}?|([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)))?"
    r"\s?(\\?%|percent\b)?"
)
PRINTED = re.compile(r"(?<![\w.])(\d+(?:,\d{3})+(?:\.\d+)?|\d+\.?\d*|\.\d+)(?:[eE]([-+]?\d+))?(%)?")
MARKER = re.compile(r"<!--\s*numbers:(.*?)-->", re.S)
SKIPPED = re.compile(
    r"```.*?```|`[^`]*`|<!--.*?-->|\]\([^)]*\)|https?://\S+|"
    r"arXiv[:\s]*\d{4}\.\d{4,5}|§+\s*[\d.]+",
    re.S,
)
YEAR_BEFORE = re.compile(r"(?:\(|\[|[Ii]n |[Ss]ince |[Oo]f |et al\.,? |, )$|[A-Z]\w+ $")
SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")


class Number(NamedTuple):
    """A number as written: its text, value, the size of its last digit."""

    text: str
    value: float
    unit: float
    percent: bool


def numbers_in(text: str) -> Iterator[Number]:
    """The numbers of three or more significant digits in a piece of prose; years are left out."""
    text = MARKER.sub("", text)
    text = SKIPPED.sub(lambda m: " " * len(m.group()), text)
    for match in TOKEN.finditer(text):
        digits = re.sub(r"[^\d.]", "", match[1])
        if _significant(digits) < 3 or _is_year(digits, text[: match.start()]):
            continue
        power = match[2] or match[3] or (match[4] or "").translate(SUPERSCRIPT) or "0"
        scale = 10.0 ** int(power.replace("−", "-"))
        decimals = len(digits.partition(".")[2])
        value, unit = float(digits) * scale, scale * 10.0**-decimals
        yield Number(match[0].strip(), value, unit, bool(match[5]))


def _significant(digits: str) -> int:
    if "." in digits:
        return len(digits.replace(".", "").lstrip("0"))
    return len(digits.strip("0"))


def _is_year(digits: str, before: str) -> bool:
    return bool(re.fullmatch(r"(19|20)\d\d", digits) and YEAR_BEFORE.search(before[-24:]))


def computed_numbers(notebook: Any) -> list[float]:
    """What the cells print, and the numbers their code is given."""
    found = []
    for cell in code_cells(notebook):
        for node in ast.walk(_parsed(cell)):
            if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
                found.append(float(node.value))
        for output in cell.outputs:
            for match in PRINTED.finditer(_printed(output)):
                value = float(match[1].replace(",", "")) * 10.0 ** int(match[2] or 0)
                found.append(value / 100 if match[3] else value)
    return found


def _parsed(cell: Any) -> ast.AST:
    lines = [line for line in cell.source.splitlines() if not line.startswith(("%", "!"))]
    return ast.parse("\n".join(lines))


def _printed(output: Any) -> str:
    """What an output computed: not the words of a picture, nor the sentence of a claim."""
    if output.output_type == "stream":
        return str(output.text)
    text = str(output.get("data", {}).get("text/plain", ""))
    if alt_of(output):
        return ""
    if output.get("metadata", {}).get("dlcourse", {}).keys() & {"claim", "claims"}:
        lines = text.splitlines()
        return "\n".join(lines[i + 2] for i, line in enumerate(lines) if line.startswith("claim "))
    return text


def prose_of(notebook: Any) -> Iterator[tuple[str, str]]:
    """All words a person wrote, with the place: text, and strings in code (titles, alt texts)."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            yield f"cell {cell.id}: prose", cell.source
        elif cell.cell_type == "code":
            for node in ast.walk(_parsed(cell)):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield f"cell {cell.id}: a string", node.value


def unprinted_numbers(notebook: Any) -> list[str]:
    """The numbers of the prose that no output prints, each with the nearest that one does."""
    known = computed_numbers(notebook)
    found = []
    for place, text in prose_of(notebook):
        excused = [n for mark in MARKER.findall(text) for n in numbers_in(f" {mark} ")]
        used = set()
        for number in numbers_in(text):
            if any(abs(number.value - other.value) <= 1e-9 * other.value for other in excused):
                used.add(number.value)
            elif not any(_same(number, value) for value in known):
                near = min(known, key=lambda value: abs(value - number.value), default=None)
                tail = "" if near is None else f" (nearest: {near:.6g})"
                found.append(f"{place} says {number.text}, no output prints it{tail}.")
        found += [
            f"{place} excuses {other.text}, which it does not say."
            for other in excused
            if not any(abs(value - other.value) <= 1e-9 * other.value for value in used)
        ]
    return found


def _same(number: Number, value: float) -> bool:
    """Whether a computed value, rounded as the prose rounds, is the number in the prose."""
    half = 0.5 * number.unit * (1 + 1e-9)
    if number.percent and abs(number.value / 100 - value) <= half / 100:
        return True
    return abs(number.value - value) <= half
