"""Icons, formulas and sizes as the build puts them into pages; unknown ones stop it."""

import multiprocessing
import re
import sys
from pathlib import Path

import pytest
from sphinx.errors import ExtensionError

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "book" / "_ext"))
import dlcourse_formulas as formulas
import dlcourse_icons as icons
import dlcourse_sizes as sizes

# icons


def test_an_icon_becomes_the_svg_that_the_script_would_draw():
    tag = '<i class="theme fa-solid fa-sun fa-lg" data-mode="light" title="Light"></i>'
    page = f"<button>\n{tag}</button>"
    done = icons.finish(page, searches=False)
    assert re.search(r'<svg class="icon theme fa-solid fa-sun fa-lg" data-mode="light"', done)
    assert 'aria-hidden="true"' in done and ' d="M' in done and "<i" not in done


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ('<i class="fa-solid fa-sunn"></i>', "no icon 'sunn' of the style 'fa-solid'"),
        ('<i class="fa-regular fa-bars"></i>', "no icon 'bars' of the style 'fa-regular'"),
        ('<i class="fa-solid"></i>', "One icon was expected"),
        ('<i class="fa-solid fa-sun fa-moon"></i>', "One icon was expected"),
        ('<i class="fa-solid fa-sun">words</i>', "was not understood"),
        ('<b class="fa-solid fa-sun"></b>', "was not understood"),
    ],
)
def test_an_unknown_icon_stops_the_build(tag, message):
    with pytest.raises(ExtensionError, match=message):
        icons.finish(f"<p>{tag}</p>", searches=False)


def test_an_icon_may_be_a_span_and_stand_beside_words():
    page = '<span class="fa-solid fa-bars"></span> <span class="words">fa-bars</span>'
    assert re.fullmatch(
        r'<svg class="icon [^>]*><path [^>]*/></svg> <span class="words">fa-bars</span>',
        icons.finish(page, searches=False),
    )


def test_a_style_is_not_mixed_up_with_another():
    assert icons.icon("sun", "fa-solid") != icons.icon("sun", "fa-regular")


def test_only_the_page_that_searches_loads_the_index():
    page = '<script src="../searchindex.js"></script>\n<script src="course.js"></script>\n'
    assert icons.finish(page, searches=True) == page
    assert icons.finish(page, searches=False) == '<script src="course.js"></script>\n'


def test_a_page_knows_its_theme_and_its_columns_before_it_is_painted():
    layout = (icons.THEME.parent / "layout.html").read_text(encoding="utf-8")
    page = layout.replace("{{ default_mode }}", "auto")
    assert icons.LATE_THEME in page, "the theme's script has changed"
    done = icons.finish(page + '<div class="bd-content"><i id="pst-secondary-sidebar">', True)
    assert icons.LATE_THEME not in done and "matchMedia" in done
    assert '<div class="bd-content with-contents">' in done


def test_the_icon_script_goes():
    page = '<script defer src="_static/scripts/fontawesome.js?digest=1"></script>\n<p>'
    assert icons.finish(page, searches=False) == "<p>"


def test_a_letter_of_the_icon_font_becomes_a_mask():
    css = (
        r'html{--pst-icon-bell:"\f0f3"}.note:after{content:var(--pst-icon-bell);'
        r"font:var(--fa-font-solid)}.fa-sun:before{content:'x'}.fade{opacity:1}.fa,.fas{x:1}"
        r"@font-face{font-family:Font Awesome\ 6 Free;src:url(f.woff2)}"
    )
    done = icons.restyle(css)
    assert "--pst-icon-bell:url(" in done and "mask-image:var(--pst-icon-bell)" in done
    assert ".fade{opacity:1}" in done and ".fa-sun" not in done and ".fas" not in done
    assert "font" not in done


def test_an_unknown_letter_stops_the_build():
    with pytest.raises(ExtensionError, match="no icon 'e999'"):
        icons.restyle(r'html{--pst-icon-bell:"\e999"}')


# formulas


@pytest.fixture(scope="module")
def mathjax():
    if not formulas.MATHJAX.exists():
        pytest.skip("node_modules is empty: `make vendor` fills it")


def test_a_formula_is_set_with_its_mathml(mathjax):
    done = formulas.typeset(r"\frac{\kappa}{2}", display=True)
    assert done.startswith("<mjx-container") and 'display="true"' in done
    assert "<mfrac><mi>κ</mi><mn>2</mn></mfrac>" in done and "tabindex" not in done


@pytest.mark.parametrize(
    ("tex", "message"),
    [
        (r"\kapa", r"Undefined control sequence \\kapa in the formula \\kapa"),
        (r"\frac{1}{", "Missing close brace"),
    ],
)
def test_a_formula_that_is_none_stops_the_build(mathjax, tex, message):
    with pytest.raises(ExtensionError, match=message):
        formulas.typeset(tex)


def test_the_style_sheet_keeps_the_glyphs_of_the_pages_and_no_others(mathjax):
    css = formulas.stylesheet()
    rules = re.findall(r"[^{}]+\{[^{}]*\}", css)
    assert "".join(rules) == css.strip(), "a brace in a string would end its rule"
    kept = formulas.keep_glyphs(css, {"mjx-c7B", "mjx-c1D705"})
    assert "mjx-c7B::before" in kept and r'content:"\7B"' in kept and "mjx-c1D705" in kept
    assert "mjx-c1D706" not in kept and "MathJax_Math-Italic" in kept
    assert len(kept) < len(css) / 5


def test_a_formula_is_set_once_for_all_builds_by_the_same_recipe(mathjax, tmp_path, monkeypatch):
    kept = formulas.Store()
    monkeypatch.setattr(formulas, "store", kept)
    kept.open(tmp_path / "_build" / "formulas.json", formulas.recipe())
    line, block = formulas.typeset("x^7"), formulas.typeset("x^7", display=True)
    css = formulas.stylesheet()
    kept.save()
    monkeypatch.setattr(formulas, "running", lambda: pytest.fail("MathJax was asked again"))
    kept.open(kept.path, formulas.recipe())
    assert (formulas.typeset("x^7"), formulas.typeset("x^7", display=True)) == (line, block)
    assert line != block and formulas.stylesheet() == css
    with pytest.raises(pytest.fail.Exception, match="asked again"):
        formulas.typeset("x^8")
    kept.open(kept.path, "another recipe")
    with pytest.raises(pytest.fail.Exception, match="asked again"):
        formulas.typeset("x^7")


@pytest.mark.parametrize("changed", ["mathjax/package.json", "typeset.cjs", "formulas.py"])
def test_the_recipe_is_another_when_a_part_of_it_is(tmp_path, monkeypatch, changed):
    for name in ("mathjax/package.json", "typeset.cjs", "formulas.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    monkeypatch.setattr(formulas, "MATHJAX", tmp_path / "mathjax")
    monkeypatch.setattr(formulas, "HERE", tmp_path)
    monkeypatch.setattr(formulas, "__file__", str(tmp_path / "formulas.py"))
    before = formulas.recipe()
    assert formulas.recipe() == before
    (tmp_path / changed).write_text("changed", encoding="utf-8")
    assert formulas.recipe() != before


@pytest.mark.parametrize("text", ["", "{", "[]", '{"recipe": "r"}', '{"recipe": "r", "made": 3}'])
def test_a_file_of_formulas_that_is_broken_begins_anew(tmp_path, text):
    kept, path = formulas.Store(), tmp_path / "formulas.json"
    path.write_text(text, encoding="utf-8")
    kept.open(path, "r")
    assert kept.made == {}
    kept.add("line x", "X")
    kept.save()
    kept.open(path, "r")
    assert kept.made == {"line x": "X"} and [one.name for one in tmp_path.iterdir()] == [path.name]


def test_each_process_has_a_mathjax_of_its_own(mathjax):
    """One that two processes ask gives the one the other's answer."""
    mine = formulas.running()
    assert formulas.running() is mine
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(_asks_another_than, (id(mine),))


def _asks_another_than(parents):
    return id(formulas.running()) != parents


# sizes


@pytest.mark.parametrize(
    ("name", "content", "size"),
    [
        ("a.svg", b'<svg width="72pt" height="36.0pt" viewBox="0 0 72 36">', (96, 48)),
        ("b.svg", b'<svg stroke-width="2" viewBox="0 0 72 36" width="100%">', (72, 36)),
        ("b.svg", b'<svg style="width: 3px">', None),
        ("c.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes([0, 0, 1, 0, 0, 0, 0, 9]), (256, 9)),
        ("d.jpg", b"", None),
    ],
)
def test_a_picture_says_its_size(tmp_path, name, content, size):
    (tmp_path / name).write_bytes(content)
    assert sizes.size_of(tmp_path / name) == size
