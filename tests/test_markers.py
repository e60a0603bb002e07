"""Marks joined into paths: the drawing stays the same to the pixel, and says it in less text."""

import browser as look
import pytest

from tools import markers

chromium = look.chromium

MARK = '<use xlink:href="#m" x="{x}" y="{y}" style="fill: #0072b2; stroke: #d55e00"/>\n'
DRAWING = """<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="200" height="60"
viewBox="0 0 100 30"><defs><path id="m" d="M -3 2 L 3 2 L 0 -3 z" style="stroke-width: 0.8"/></defs>
<clipPath id="c"><rect x="5" y="5" width="88" height="20"/></clipPath>
<g clip-path="url(#c)" stroke="#0000ff">{marks}</g></svg>"""


def marks(count):
    return "".join(MARK.format(x=4 + 2.5 * i, y=8 + (i * i) % 14) for i in range(count))


def drawing(inside):
    return DRAWING.format(marks=inside)


def pixels(chromium, tmp_path, svg):
    (tmp_path / "page.html").write_text(f"<!DOCTYPE html><body>{svg}</body>", encoding="utf-8")
    with look.visit(chromium, (tmp_path / "page.html").as_uri()) as page:
        return page.query_selector("svg").screenshot()


def test_joined_marks_look_the_same(chromium, tmp_path):
    apart = drawing(marks(30))
    joined = markers.join(apart)
    assert joined.count("<use") == 1 and len(joined) < len(apart) / 2
    seen = pixels(chromium, tmp_path, apart)
    assert pixels(chromium, tmp_path, joined) == seen
    # Planted errors: a mark that is cut off by its marker's box, and one that is not there.
    for wrong in (
        joined.replace(' overflow="visible"', ""),
        joined.replace(" marker-end=", " data-end="),
    ):
        assert wrong != joined and pixels(chromium, tmp_path, wrong) != seen


@pytest.mark.parametrize(
    "inside",
    [
        marks(3),  # too few
        marks(4).replace("#0072b2", "#000000", 1),  # of two colors
        marks(4).replace("#m", "#n", 1),  # of two forms
        marks(4).replace('x="4.0"', 'transform="scale(2)" x="4.0"', 1),  # turned or scaled
        marks(4).replace(" style=", ' transform="scale(2)" style='),
        marks(2) + "<path/>" + marks(2),  # something lies between
    ],
)
def test_marks_that_are_not_alike_stay_apart(inside):
    assert markers.join(drawing(inside)) == drawing(inside)


def test_two_runs_have_a_marker_each():
    joined = markers.join(drawing(marks(4) + "<g></g>" + marks(5)))
    assert [joined.count(f'<marker id="m-{n}"') for n in (1, 2, 3)] == [1, 1, 0]
    assert joined.count('marker-mid="url(#m-2)"') == 1
