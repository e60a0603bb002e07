"""The Chinese edition: complete, as the English text is now; each check finds its planted error."""

import re
import subprocess
import sys

import pytest
import yaml
from babel.messages.catalog import Catalog

from tools import drawings, editions, finish, lettering
from tools.registries import ROOT
from tools.translations import (
    compared,
    compiled,
    counted,
    documents,
    faults,
    home,
    needs_words,
    off_terms,
    read_edition,
)

ZH = "zh_CN"
TABLE = lettering.read_table(home(ZH) / "figures.yml")


def test_nothing_waits_for_a_translator():
    """Once for all pages, in a process of its own: Sphinx and pytest do not share one well."""
    code = (
        "from tools import translations; print(*translations.problems('zh_CN'), sep='\\n', end='')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [], "run `make messages` and translate what it lists"


def test_the_pages_that_were_promised_are_translated():
    parts = {f"book/parts/{path.stem}" for path in (ROOT / "book" / "parts").glob("*.md")}
    fourth = {f"lessons/4-preprocessing/{name}" for name in ("scale", "whitening")}
    assert len(parts) == 7
    assert {"book/index", "book/notation", "book/glossary"} | parts | fourth <= set(documents(ZH))


TEXT = "A step of $2\\eta$ in [Momentum](momentum.ipynb): see `lr`. It takes 1,346 steps, or 5%."
GOOD = "[动量](momentum.ipynb)一课中 $2\\eta$ 的一步：见 `lr`。要 1,346 步，即 5%。"


def kept(*entries):
    catalog = Catalog()
    for message, string, *flags in entries:
        catalog.add(message, string, flags=flags)
    return list(compared("page", [TEXT], catalog))


def test_a_translation_that_keeps_everything_passes():
    assert kept((TEXT, GOOD)) == []


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([(TEXT.replace("step", "pace"), GOOD)], ["new or changed", "no longer in the page"]),
        ([], ["new or changed"]),
        ([(TEXT, "")], ["not translated"]),
        ([(TEXT, GOOD, "fuzzy")], ["the English has changed"]),
        ([(TEXT, GOOD), ("Gone.", "没有了。")], ["no longer in the page"]),
    ],
)
def test_a_changed_paragraph_is_found(entries, said):
    found = kept(*entries)
    assert len(found) == len(said)
    assert all(words in problem for words, problem in zip(said, found, strict=True)), found


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("$2\\eta$", "$\\eta$", "lost the formula $2\\eta$"),
        ("$2\\eta$", "", "lost the formula $2\\eta$"),
        ("(momentum.ipynb)", "(adam.ipynb)", "adds the link ](adam.ipynb)"),
        ("`lr`", "lr", "lost the code or role `lr`"),
        ("1,346", "1,364", "lost the number 1,346"),
        ("5%", "5", "lost the number 5%"),
        ("即", "即 20", "adds the number 20"),
        ("动量", "<b>动量", "adds the tag <b>"),
        ("要", "**要。**他", "has a * that marks nothing"),
    ],
)
def test_a_lost_formula_link_or_number_is_found(old, new, said):
    assert any(fault.startswith(said) for fault in faults(TEXT, GOOD.replace(old, new)))


def test_a_term_that_the_glossary_calls_otherwise_is_found():
    message = "[Dropout](dropout.ipynb) is no *early stopping*; `dropout` is its name."
    assert list(off_terms(message, "[丢弃法](dropout.ipynb)不是*提前停止*。")) == []
    said = list(off_terms(message, "[丢弃法](dropout.ipynb)不是*早停*。"))
    assert said == ["does not call early stopping 提前停止, as the glossary does"]


def test_what_needs_no_words_is_not_asked_for():
    assert not any(map(needs_words, ["$\\theta$", "`params`, `theta`", "\\frac12 \\text{ and } x"]))
    assert needs_words("$w$ and `lr`, and words")


def test_counts_are_put_into_words_without_a_catalog():
    words = read_edition(ZH)["counts"]
    badge = '<span class="claim-badge claim-holds">holds</span>'
    line = f"1,040 identities and definitions: 1,039 {badge}, 1 fails"
    assert counted(line, words) == f"1,040 条恒等式与定义：1,039 {badge}，1 fails"
    with pytest.raises(SystemExit, match="no words for the count '3 rumours'"):
        counted("3 rumours", words)


def test_every_count_that_the_pages_have_is_compiled(tmp_path):
    compiled(ZH, tmp_path)
    assert len(list(tmp_path.rglob("*.mo"))) == len(documents(ZH))


SVG = """<svg style="font-family: 'DejaVu Sans', sans-serif" aria-label="{alt}">
<text x="1">{text}</text><text>10⁰</text></svg>"""
ALT = "Contours of the loss over weight and bias, and the path of gradient descent"


def test_a_drawing_speaks_chinese():
    drawn = lettering.lettered(SVG.format(text="346 steps", alt=f"{ALT} (rate = 0.95)"), TABLE)
    assert ">346 步<" in drawn and ">10⁰<" in drawn
    assert "等高线" in drawn and "（学习率 = 0.95）" in drawn
    assert "'DejaVu Sans', 'PingFang SC'" in drawn
    assert "CJK" in lettering.lettered('<svg font-family="Verdana, sans-serif">', TABLE)
    values = '<p class="explore-values">centred = yes, rate = 0.95</p>'
    drawn = lettering.lettered(SVG.format(text="", alt=ALT) + values, TABLE)
    assert ">中心化 = 是, 学习率 = 0.95</p>" in drawn


def test_a_label_set_letter_by_letter_is_read_and_translated():
    at = {"f": 0, "l": 3, "a": 5, "t": 9}
    flat = "".join(f'<tspan x="{at[one]}" y="2">{one}</tspan>' for one in "aflt")
    drawn = lettering.lettered(SVG.format(text=flat, alt=ALT), TABLE)
    assert '<tspan x="0" y="2">平坦</tspan></text>' in drawn
    kappa = '<tspan x="0">κ</tspan>\n<tspan x="4">₂</tspan>'
    assert kappa in lettering.lettered(SVG.format(text=kappa, alt=ALT), TABLE)


@pytest.mark.parametrize("fault", [{"text": "347 paces"}, {"alt": "A hill"}, {"text": "paces"}])
def test_a_drawing_with_unknown_words_is_found(fault):
    drawing = SVG.format(**({"text": "346 steps", "alt": ALT} | fault))
    with pytest.raises(lettering.UnknownWordsError, match=r"figures\.yml has no"):
        lettering.lettered(drawing, TABLE)


def test_words_that_no_drawing_has_are_found(tmp_path):
    (tmp_path / "zh").mkdir()
    table = TABLE._asdict() | {"words": {"346 steps": "346 步", "a hill": "山"}, "alts": {}}
    (tmp_path / "zh" / "figures.yml").write_text(yaml.safe_dump(table | {"controls": {}}), "utf-8")
    folder = tmp_path / "book" / "generated"
    folder.mkdir(parents=True)
    (folder / "x.svg").write_text("<svg><text>346 steps</text></svg>", encoding="utf-8")
    assert drawings.problems(tmp_path / "zh", [], tmp_path) == [
        "figures.yml: no drawing has the words 'a hill'"
    ]


def editions_made(*given, **environment):
    """What make would build besides the English edition."""
    done = subprocess.run(
        ["make", "-n", *given], cwd=ROOT, capture_output=True, text=True,
        env={"PATH": "/usr/bin:/bin", **environment}, check=True,
    )  # fmt: skip
    return re.findall(r"tools\.editions (\S+)", done.stdout)


def test_the_zip_has_the_edition_that_was_built_or_is_asked_for(tmp_path):
    assert editions_made("zip", f"SITE={tmp_path}") == []
    assert editions_made("zip", f"SITE={tmp_path}", "LANG=zh_CN") == [ZH]
    (tmp_path / ZH).mkdir()
    assert editions_made("zip", f"SITE={tmp_path}") == [ZH]


def test_only_make_s_own_lang_chooses_an_edition():
    def recipe(*given, **environment):
        return editions_made("book", *given, **environment)

    assert recipe("LANG=zh_CN") == [ZH]
    assert recipe() == recipe(LANG=ZH) == recipe("LANG=C.UTF-8") == recipe("LANG=en_US.UTF-8") == []
    assert recipe("LANG=zh") == ["zh"], "and the tool says what it knows"
    with pytest.raises(SystemExit, match="LANG must be zh_CN; got 'zh'"):
        editions.main("zh")


def test_the_two_editions_are_joined_as_often_as_one_likes(tmp_path):
    page = f"<html><head></head><body>{editions.BUTTONS}<b></b></div></body></html>"
    for name in ("book/notation.html", "book/map.html", "zh_CN/book/notation.html",
                 "zh_CN/book/map.html", "zh_CN/only.html"):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    for _ in range(2):
        editions.connect(tmp_path, ZH, {"here": "中文", "there": "English"}, ["book/notation"])
    english = (tmp_path / "book" / "notation.html").read_text(encoding="utf-8")
    chinese = (tmp_path / "zh_CN" / "book" / "notation.html").read_text(encoding="utf-8")
    assert re.findall('href="(.*?)"', english) == ["../zh_CN/book/notation.html"] * 2
    assert re.findall('href="(.*?)"', chinese) == ["../../book/notation.html"] * 2
    assert english.count(">中文</a>") == chinese.count(">English</a>") == 1
    assert "alternate" not in (tmp_path / "book" / "map.html").read_text(encoding="utf-8")
    assert (tmp_path / "zh_CN" / "only.html").read_text(encoding="utf-8") == page


def test_the_side_bar_is_translated():
    toc = editions.contents(ZH)
    assert "caption: 七章内容" in toc and "title: 动量与 Nesterov 加速梯度" in toc
    asked = [page["file"] for part in yaml.safe_load(toc)["parts"]
             for page in editions.listed(part["chapters"]) if "title" not in page]  # fmt: skip
    assert set(asked) | {"book/index"} == set(documents(ZH)), "these have their own titles"
    titles = {editions.title_of_page(page["file"]) for part in yaml.safe_load(toc)["parts"]
              for page in editions.listed(part["chapters"])}  # fmt: skip
    assert read_edition(ZH)["titles"].keys() <= titles, "no page is called so any more"


@pytest.mark.parametrize("part", ["captions", "titles"])
def test_a_new_caption_or_title_is_asked_for(part, monkeypatch):
    told = read_edition(ZH) | {part: {}}
    monkeypatch.setattr(editions, "read_edition", lambda *_: told)
    with pytest.raises(SystemExit, match=f"nothing under {part} for 'Before you|'Three ways"):
        editions.contents(ZH)


def test_the_first_page_says_its_language(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "index.html").touch()
    finish.main(str(tmp_path), read_edition(ZH)["first"])
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in text and "<h1>训练深度网络</h1>" in text
