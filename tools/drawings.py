"""Which drawings an edition translates, and whether its table of their words is complete."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tools.lettering import Table, UnknownWordsError, lettered, read_table, translated
from tools.registries import ROOT


class Watched(dict[str, str]):
    """A part of the table that remembers which of its entries were asked for."""

    def __init__(self, entries: dict[str, str]) -> None:
        super().__init__(entries)
        self.used: set[str] = set()

    def __getitem__(self, key: str) -> str:
        self.used.add(key)
        return super().__getitem__(key)


def shown(documents: Iterable[str], root: Path = ROOT) -> Iterator[Path]:
    """The notebooks and the generated drawings that translated pages show."""
    for name in documents:
        if (path := root / f"{name}.ipynb").exists():
            yield path
    generated = root / "book" / "generated"
    yield from (p for p in sorted(generated.rglob("*.svg")) if p.stem.count(".") == 0)


def problems(folder: Path, documents: Iterable[str], root: Path = ROOT) -> list[str]:
    """Words of drawings without a translation, and entries that no drawing has any more."""
    table = read_table(folder / "figures.yml")
    watched = Table(Watched(table.words), Watched(table.alts), Watched(table.controls), table.fonts)
    found = []
    for path in shown(documents, root):
        try:
            apply(path, watched)
        except UnknownWordsError as error:
            found.append(f"{path.stem}: {error.args[0]}")
    for name in ("words", "alts", "controls"):
        part = getattr(watched, name)
        unused = sorted(part.keys() - part.used)
        found += [f"figures.yml: no drawing has the {name} {one!r}" for one in unused]
    return found


def apply(path: Path, table: Table) -> str:
    change: Callable[[str, Table], str] = translated if path.suffix == ".ipynb" else lettered
    return change(path.read_text(encoding="utf-8"), table)


def write(language: str, root: Path = ROOT) -> None:
    """Beside each generated drawing its translation, by the name that Sphinx looks for."""
    table = read_table(root / "locale" / language / "figures.yml")
    for path in shown([], root):
        path.with_suffix(f".{language}.svg").write_text(apply(path, table), encoding="utf-8")
