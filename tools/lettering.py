"""The words in stored drawings, put into another language.

Lessons keep their pictures as SVG with live text, and an explorer's frames and sliders in the
state of its widgets. ``figures.yml`` of an edition holds the words; a number may be written ``{}``.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

TEXT = re.compile(r"(<text\b[^>]*>)(.*?)(</text>)", re.S)
LABEL = re.compile(r'(\baria-label=")([^"]*)(")')
VALUES = re.compile(r'(<p class="explore-values">)([^<]*)(</p>)')
FONTS = re.compile(r"""(font-family(?:: |=")[^;"]*)(?=sans-serif)""")
SPAN = re.compile(r'<tspan x="([-\d.]+)[^"]*"([^>]*)>(.*?)</tspan>', re.S)
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?%?")
WIDGETS = "application/vnd.jupyter.widget-state+json"


class UnknownWordsError(LookupError):
    """A drawing has words that the table does not."""


class Table(NamedTuple):
    """Words of drawings, what is said of them, names and choices of sliders; and fonts."""

    words: dict[str, str]
    alts: dict[str, str]
    controls: dict[str, str]
    fonts: str

    def word(self, text: str) -> str:
        return found(self.words, text, "words")

    def alt(self, text: str) -> str:
        """The words for a picture; those of an explorer's frame end with the settings it has."""
        if text in self.alts or not (frame := re.fullmatch(r"(.*) \(([^()]*)\)", text)):
            return found(self.alts, text, "alts")
        return f"{found(self.alts, frame[1], 'alts')}（{self.settings(frame[2])}）"

    def settings(self, text: str) -> str:
        """``rate = 0.95, centred = yes``, each name and choice in its turn."""
        return re.sub(r"[^\W\d_]+", lambda name: self.control(name[0]), text)

    def control(self, text: str) -> str:
        return found(self.controls, text, "controls")


def has_words(text: str) -> bool:
    """Whether there is anything to translate: two Latin letters in a row, outside of tags."""
    return re.search(r"[A-Za-z]{2}", re.sub(r"<[^>]*>", "", text)) is not None


def found(table: dict[str, str], text: str, name: str) -> str:
    """The entry for a text, its numbers put back in their order.

    Raises
    ------
    UnknownWordsError : there is none.
    """
    if not has_words(text):
        return text
    if text in table:
        return table[text]
    numbers = NUMBER.findall(text)
    if (form := NUMBER.sub("{}", text)) in table:
        return table[form].format(*numbers)
    raise UnknownWordsError(f"figures.yml has no {name} for {text!r}; add it, or {form!r}.")


def read_table(path: Path) -> Table:
    return Table(**yaml.safe_load(path.read_text(encoding="utf-8")))


def lettered(svg: str, table: Table) -> str:
    """A drawing with its texts and its label translated, in fonts that have the characters."""
    drawn = TEXT.sub(lambda m: m[1] + relettered(m[2], table) + m[3], svg)
    drawn = LABEL.sub(lambda m: m[1] + in_markup(m[2], table.alt) + m[3], drawn)
    drawn = VALUES.sub(lambda m: m[1] + in_markup(m[2], table.settings) + m[3], drawn)
    return FONTS.sub(lambda m: f"{m[1]}{table.fonts}, ", drawn)


def in_markup(text: str, change: Callable[[str], str]) -> str:
    return html.escape(change(html.unescape(text)))


def relettered(content: str, table: Table) -> str:
    """The content of a text: words, or the single letters in which a label with formulas is set."""
    if not (letters := SPAN.findall(content)):
        return in_markup(content, table.word)
    letters.sort(key=lambda letter: float(letter[0]))
    label = "".join(letter for _, _, letter in letters).replace("\xa0", " ")
    if not has_words(label):
        return content
    x, style, _ = letters[0]
    return f'<tspan x="{x}"{style}>{in_markup(label, table.word)}</tspan>'


def translated(notebook: str, table: Table) -> str:
    """A notebook's text with its pictures, their descriptions and its sliders translated."""
    book = json.loads(notebook)
    for cell in book["cells"]:
        for key in ("metadata", "outputs"):
            if key in cell:
                cell[key] = rewritten(cell[key], table)
    state = book["metadata"].get("widgets", {}).get(WIDGETS, {}).get("state", {})
    for model in state.values():
        model["state"] = rewritten(model["state"], table)
        for key in ("description", "_options_labels"):
            if isinstance(value := model["state"].get(key), str):
                model["state"][key] = table.control(value)
            elif value:
                model["state"][key] = [table.control(one) for one in value]
    return json.dumps(book, ensure_ascii=False)


def rewritten(value: Any, table: Table) -> Any:
    """The value with every drawing in it lettered, and every description under the key ``alt``."""
    if isinstance(value, dict):
        return {
            key: table.alt(one) if key == "alt" else rewritten(one, table)
            for key, one in value.items()
        }
    if isinstance(value, list):
        if all(isinstance(line, str) for line in value) and "<svg" in "".join(value):
            return lettered("".join(value), table)
        return [rewritten(one, table) for one in value]
    if isinstance(value, str) and "<svg" in value:
        return lettered(value, table)
    return value
