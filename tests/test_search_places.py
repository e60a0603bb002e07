"""What the search knows of a page: prose, formulas in Unicode, places, who introduces a term."""

import sys

import pytest
from docutils import nodes
from docutils.core import publish_doctree

from tools.registries import ROOT

sys.path.insert(0, str(ROOT / "book" / "_ext"))

import dlcourse_search
import search_places
import search_text


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\beta_1, \beta_2", "β₁, β₂"),
        (r"\eta_t = \eta_0\, e^{-\beta t}", "ηₜ = η₀ e^(-β t)"),
        (r"\frac{2(1 + \beta)}{1 + 2\beta}", "(2(1 + β))/(1 + 2β)"),
        (r"\tfrac12 \lVert w \rVert^2", "1/2 ‖w‖²"),
        (r"W \Sigma W^\top", "W Σ Wᵀ"),
        (r"\|w\|^2 \bmod 2", "‖w‖² mod 2"),
        (r"\begin{split}a &= b \\ c &= d\end{split}", "a = b c = d"),
        (r"\hat m", "m̂"),
    ],
)
def test_a_formula_is_read_in_unicode(tex, text):
    assert search_text.unicode_of(tex) == text


PAGE = r"""
Momentum
========

A valley with :math:`\kappa = 100`, and *heavy ball* in it.

.. code:: python

   check("momentum", run_it)

Why memory helps
----------------

The ratio is the condition number, :math:`\kappa`.

What you can now say
--------------------

*Bias correction* and condition numbers.

.. raw:: html

   <script>furniture</script>
"""


@pytest.fixture
def lesson():
    doctree = publish_doctree(PAGE, settings_overrides={"doctitle_xform": False})
    return list(search_places.places(doctree, "lessons/2-optimizers/momentum"))


def test_sections_are_places_and_furniture_is_not_prose(lesson):
    assert [place.anchor for place in lesson] == [
        "momentum",
        "why-memory-helps",
        "what-you-can-now-say",
    ]
    top, why, _ = lesson
    assert top.text == "A valley with κ = 100, and heavy ball in it."
    assert (top.names, top.code, top.stressed) == (["momentum"], ["run_it"], ["heavy ball"])
    assert why.text == "The ratio is the condition number, κ."
    assert not any("furniture" in place.text for place in lesson)


@pytest.mark.parametrize(
    ("term", "anchor"),
    [
        ("momentum", "momentum"),
        ("heavy ball", "momentum"),
        ("condition number", "why-memory-helps"),
        ("memory that helps", None),
        ("helpful memories", "why-memory-helps"),
        ("bias correction", None),  # what closes a page introduces nothing
        ("number", "why-memory-helps"),
    ],
)
def test_a_term_belongs_to_the_section_that_introduces_it(lesson, term, anchor):
    place = dlcourse_search.defining(term, "术语", lesson)
    assert (place and place.anchor) == anchor


def test_a_translated_section_introduces_a_term_by_its_other_name(lesson):
    lesson[1].title, lesson[1].text = "为何需要记忆", "其比值即条件数，κ。"
    lesson[2].text = "条件数。"
    assert dlcourse_search.defining("condition number", "条件数", lesson) is lesson[1]
    assert dlcourse_search.defining("condition number", "矩条件", lesson) is None


def test_a_term_of_no_page_stops_the_build(lesson):
    entry = {"term": "momentum", "chinese": "动量", "lesson": "lessons/2-optimizers/momentum"}
    dlcourse_search.define({entry["lesson"]: lesson}, [entry])
    assert lesson[0].names == ["momentum", "momentum", "动量"]
    with pytest.raises(dlcourse_search.UndefinedTermError, match="no such page"):
        dlcourse_search.define({entry["lesson"]: lesson}, [entry | {"lesson": "lessons/gone"}])


def row(*cells):
    table = publish_doctree(
        f".. list-table::\n   :class: {cells[0]}\n\n"
        + "\n".join(f"   {'* -' if i == 0 else '  -'} {cell}" for i, cell in enumerate(cells[1:]))
    )
    return table, list(search_places.places(table, "book/page"))


def test_rows_get_addresses_and_the_names_one_would_type():
    table, (place,) = row("notation", r":math:`\beta_1`", "``betas``", "weights", r":math:`\rho`")
    assert place.anchor == "symbol-beta-1" and place.title == "β₁ (betas)"
    assert place.names == [r"\beta_1", "β₁", "betas"]
    assert place.text == "weights. Elsewhere ρ"
    assert [r["ids"] for r in table.findall(nodes.row)] == [["symbol-beta-1"]]


@pytest.mark.parametrize(
    ("more", "text"), [((), "w²"), (("Penalties", "decay", "Krogh"), "w². Penalties. decay. Krogh")]
)
def test_an_algorithm_has_the_columns_it_needs(more, text):
    _, (place,) = row("algorithms", "L2", ":math:`w^2`", "``l2``", "``Decay``", *more)
    assert (place.anchor, place.text) == ("algorithm-l2", text)
    assert place.names == ["L2", "l2", "Decay"]


def test_a_row_is_read_in_the_words_of_an_edition():
    table, (english,) = row("glossary", "step", "步", "one", "Momentum")
    assert english.text == "one. Introduced in Momentum"
    words = {search_places.INTRODUCED: "。见 {}"}
    *_, chinese = search_places.places(table, "book/page", words)
    assert chinese.text == "one。见 Momentum"


def test_two_rows_of_one_letter_get_two_addresses():
    both = (
        ".. list-table::\n   :class: notation\n"
        + "\n   * - :math:`x`\n     - —\n     - a\n     - —\n" * 2
    )
    found = search_places.places(publish_doctree(both), "book/notation")
    assert [place.anchor for place in found] == ["symbol-x", "symbol-x-2"]


def test_a_row_of_the_ledger_without_an_id_stops_the_build():
    with pytest.raises(ValueError, match="has no id"):
        row("claims", ".. raw:: html\n\n          <b>gone</b>", "says", "holds", "—", "1")


def test_the_index_is_one_script(lesson):
    text = dlcourse_search.script(lesson, {lesson[0].page: "Momentum"})
    assert text.startswith('window.dlcourseIndex={"pages":[["lessons/2-optimizers/momentum.html"')
    assert text.endswith("};\n") and "\n" not in text[:-1]
