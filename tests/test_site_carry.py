"""The site carried away: packed, opened from its folder, printed; files saved, not shown."""

import zipfile
from pathlib import Path

import browser as look
import pypdfium2
import pytest
from test_site import SITE

from tools import downloads, offline

LESSON = "lessons/2-optimizers/momentum"
TEXT = '{"cells": []}'
BUTTON = (
    '<a href="notebook.ipynb" target="_blank"\n   class="btn btn-sm btn-download-source-button"'
)

chromium = look.chromium


@pytest.fixture(scope="module")
def carried(tmp_path_factory):
    """The folder that comes out of the zip."""
    folder = tmp_path_factory.mktemp("carried")
    offline.pack(SITE, folder / "site.zip")
    zipfile.ZipFile(folder / "site.zip").extractall(folder)
    assert (folder / "site.zip").stat().st_size < 30e6
    return folder / offline.FOLDER


def left_behind(site):
    """What the built site has and this folder lacks: all links were seen to resolve there."""
    names = {path.relative_to(SITE) for path in SITE.rglob("*") if path.is_file()}
    return [str(name) for name in sorted(names)
            if not (site / name).is_file() and name.name not in offline.NOTHING]  # fmt: skip


def test_the_unpacked_site_is_complete(carried):
    assert left_behind(carried) == []
    moved = carried / "_sources" / f"{LESSON}.ipynb"
    moved.rename(carried / "elsewhere.ipynb")
    assert left_behind(carried) == [f"_sources/{LESSON}.ipynb"]  # planted
    (carried / "elsewhere.ipynb").rename(moved)


def test_a_lesson_opened_from_the_folder_is_saved_and_printed(carried, chromium, tmp_path):
    with look.visit(chromium, (carried / f"{LESSON}.html").as_uri(), dark=True) as page:
        with page.expect_download() as waiting:
            page.evaluate("document.querySelector('.btn-download-source-button').click()")
        name = waiting.value.suggested_filename
        saved = Path(waiting.value.path()).read_bytes()
        page.pdf(path=tmp_path / "lesson.pdf", print_background=True, prefer_css_page_size=True)
        assert page.noise == []
    assert (name, saved) == ("momentum.ipynb", (SITE / "_sources" / f"{LESSON}.ipynb").read_bytes())
    first = pypdfium2.PdfDocument(tmp_path / "lesson.pdf")[0]
    assert first.render(scale=0.5).to_pil().convert("L").resize((1, 1)).getpixel((0, 0)) > 200
    words = first.get_textpage().get_text_range()
    assert "Momentum" in words and "Show code" not in words and "Contents" not in words


@pytest.mark.parametrize("protocol", ["folder", "server"])
def test_a_file_is_saved_not_shown(chromium, tmp_path, protocol):
    script = (SITE.parents[1] / "book" / "assets" / "download.js").read_text()
    (tmp_path / "notebook.ipynb").write_text(TEXT)
    text = f"<a {BUTTON[3:]} id='get'>get</a><script>{script}</script>"
    (tmp_path / "page.html").write_text(text)
    assert downloads.mend(tmp_path) == 1
    with look.serve(tmp_path) as served:
        start = served if protocol == "server" else tmp_path.as_uri() + "/"
        page = chromium.new_page()
        page.goto(start + "page.html")
        with page.expect_download() as waiting:
            page.click("#get")
        assert waiting.value.suggested_filename == "notebook.ipynb"
        assert Path(waiting.value.path()).read_text() == TEXT
        page.close()


def unsaved(site):
    """Pages whose button shows the notebook's text instead of saving it."""
    return [
        page.relative_to(site).as_posix()
        for page in sorted(site.rglob("*.html"))
        if downloads.BUTTON.search(page.read_text(encoding="utf-8"))
    ]


def test_every_button_that_offers_a_file_saves_it(tmp_path):
    assert unsaved(SITE) == []
    assert "download" in (SITE / f"{LESSON}.html").read_text(encoding="utf-8")
    (tmp_path / "page.html").write_text(BUTTON + ">get</a>")
    assert unsaved(tmp_path) == ["page.html"]


def test_the_same_site_gives_the_same_zip_and_a_heavy_one_is_refused(tmp_path, monkeypatch):
    site = tmp_path / "site"
    with pytest.raises(SystemExit, match="must hold the built book: run `make book`"):
        offline.pack(site, tmp_path / "a.zip")
    (site / ".doctrees").mkdir(parents=True)
    (site / ".doctrees" / "x.pickle").write_text("left out")
    for name in ("index.html", "page.html"):
        (site / name).write_text(name)
    assert offline.main([str(site), str(tmp_path / "a.zip")]) == 0
    assert offline.pack(site, tmp_path / "b.zip") == 2
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    monkeypatch.setattr(offline, "LARGEST", 10)
    with pytest.raises(SystemExit, match=r"at most 0 MB; the largest file is .*index\.html"):
        offline.pack(site, tmp_path / "c.zip")
    assert not (tmp_path / "c.zip").exists()
