"""What a reader would read of a piece of a page: prose, with formulas as one types them."""

from __future__ import annotations

import functools
import re

from docutils import nodes
from pylatexenc import latex2text
from pylatexenc.latexwalker import LatexMacroNode

SUBSCRIPTS = str.maketrans("0123456789+-=()aeijkmnrtx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑᵢⱼₖₘₙᵣₜₓ")
SUPERSCRIPTS = str.maketrans("0123456789+-=()inT", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁱⁿᵀ")
# What has no such characters keeps its limits: e^(-β t).
_BRACED = re.compile(r"(?<!\\)([_^])\{([^{}]*[^{}\\a-zA-Z][^{}]*)\}")
_RAISED = re.compile(r"(?<!\\)([_^])(?:\{([^{}\\]+)\}|([0-9A-Za-z]))")

# Tables whose rows are places of their own.
ROW_BY_ROW = {"notation", "glossary", "algorithms", "claims"}
# No reader searches for these: code and its outputs, pictures, furniture of the page; what decides
# a claim, and who said it.
SKIPPED = (
    nodes.raw,
    nodes.literal_block,
    nodes.doctest_block,
    nodes.comment,
    nodes.image,
    nodes.title,
    nodes.section,
    nodes.thead,
    nodes.label,
    nodes.Invisible,
)


def _fraction(node: LatexMacroNode, l2tobj: latex2text.LatexNodes2Text) -> str:
    """``a/b``, with brackets where the eye would read it otherwise."""
    parts = [l2tobj.nodelist_to_text([part]).strip() for part in node.nodeargd.argnlist]
    return "/".join(f"({part})" if re.search(r"[-+−/ ]", part) else part for part in parts)


@functools.cache
def _converter() -> latex2text.LatexNodes2Text:
    known = latex2text.get_default_latex_context_db()
    fractions = [latex2text.MacroTextSpec("frac", simplify_repl=_fraction)]
    known.add_context_category("fractions", macros=fractions, prepend=True)
    spaces = "based-on-source"
    return latex2text.LatexNodes2Text(known, math_mode="text", strict_latex_spaces=spaces)


def _raise(match: re.Match[str]) -> str:
    """A subscript or superscript in its own characters, where Unicode has them all."""
    what = match[2] or match[3]
    moved = what.translate(SUBSCRIPTS if match[1] == "_" else SUPERSCRIPTS)
    return "{" + moved + "}" if not set(moved) & set(what) else match[0]


@functools.cache
def unicode_of(tex: str) -> str:
    r"""A formula in one line of Unicode: ``\beta_1 \le 0.9`` is ``β₁ ≤ 0.9``."""
    tex = re.sub(r"\\[td]frac(?![a-zA-Z])", r"\\frac", tex.replace("\n", " "))
    tex = re.sub(r"\\(?:[bB]ig+[lr]?|left|right|displaystyle|textstyle)(?![a-zA-Z])", "", tex)
    tex = re.sub(r"\^\{?\\top\}?", "ᵀ", tex).replace(r"\bmod", r"\ mod\ ")
    tex = re.sub(r"\\lVert\s*|\s*\\rVert(?![a-zA-Z])|\\\|", "‖", tex)
    tex = _BRACED.sub(r"\1(\2)", _RAISED.sub(_raise, tex))
    text = _converter().latex_to_text(tex.replace("&", " "))
    text = re.sub(r"\s*([=←→≤≥≈<>∼≪≫∈])\s*", r" \1 ", text)
    return " ".join(text.split()).replace("ϵ", "ε")


def prose(node: nodes.Node) -> str:
    """The text of a node without what stands in sections of its own."""
    parts: list[str] = []
    _gather(node, parts)
    text = " ".join("".join(parts).split())
    return re.sub(r" ([,.;:!?)])", r"\1", text)


def _gather(node: nodes.Node, parts: list[str]) -> None:
    for child in node.children:
        if isinstance(child, nodes.Text):
            parts.append(child.astext())
        elif isinstance(child, nodes.math):
            parts.append(unicode_of(child.astext()))
        elif isinstance(child, nodes.math_block):
            parts.append(f" {unicode_of(child.astext())} ")
        elif not _skipped(child):
            apart = "" if isinstance(child, nodes.Inline) else " "
            parts.append(apart)
            _gather(child, parts)
            parts.append(apart)


def _skipped(node: nodes.Element) -> bool:
    return (
        isinstance(node, SKIPPED)
        or str(node.get("nb_element", "")).startswith("cell_code")
        or bool({"claim-how", "claim-source"} & set(node["classes"]))
        or (isinstance(node, nodes.table) and bool(ROW_BY_ROW & set(node["classes"])))
    )
