"""The manuals say what the programs do: transcripts are replayed, every option is there."""

import argparse
import re

import pytest
from cohort import ROOT
from tools_available import need

from dlcourse.__main__ import parser
from dlcourse.grading.bank import exercises
from tools import counts, manuals

LEARNER, INSTRUCTOR = manuals.PAGES
SHOWN = [*manuals.PAGES, ROOT / "README.md", ROOT / "book" / "index.md", ROOT / "CONTRIBUTING.md"]


# Transcripts


@pytest.mark.parametrize("page", manuals.PAGES, ids=lambda path: path.stem)
def test_the_transcripts_are_what_is_printed_now(page):
    need("bubblewrap")
    text = page.read_text(encoding="utf-8")
    assert manuals.replayed(text) == text, "run python -m tools.manuals and look at the difference"


PAGE = """Write this.

```{code-block} python
:caption: answer.py

def clip(grads, max_norm): ...
```

```console
$ python -m dlcourse check clipping \\
    answer.py
clipping: not attempted. Fill in clip(grads, max_norm) in its cell, run that cell, then check again.
$ echo $?
1
$ echo a; echo b >&2
a
b
```

```python
from pathlib import Path

from dlcourse.grading import check

x = 6
```

```python
x * 7 + 0 * Path("answer.py").stat().st_size
```

```text
42
```

And so on.

```text
no output of anything
```

```console
$ python -c "import time; print(time.time(), 'seconds')"
… seconds
```
"""


def test_a_page_that_is_right_stays_as_it_is():
    assert manuals.replayed(PAGE) == PAGE


# What is wrong in the page, and what the replay makes of it.
WRONG = {
    "another verdict": ("clipping: not attempted.", "clipping: correct."),
    "another file": ("(grads, max_norm): ...\n```", "(grads, max_norm): return 1\n```"),
    "another exit status": ("$?\n1\n", "$?\n0\n"),
    "a line too many": ("a\nb\n", "a\nb\nc\n"),
    "a line too few": ("a\nb\n", "a\n"),
    "nothing shown yet": ("text\n42\n", "text\n"),
    "another cell": ("x * 7", "x * 8"),
    "another end of what differs": ("… seconds", "… minutes"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_transcript_that_is_not_so_is_found_and_mended(name):
    old, new = WRONG[name]
    assert PAGE.count(old) == 1
    wrong = PAGE.replace(old, new)
    mended = manuals.replayed(wrong)
    assert mended != wrong
    assert name == "another end of what differs" or manuals.replayed(mended) == mended


def test_the_command_says_which_page_is_stale_and_mends_it(tmp_path, monkeypatch, capsys):
    page = tmp_path / "page.md"
    page.write_text("```python\n6 * 7\n```\n\n```text\n41\n```\n")
    monkeypatch.setattr(manuals, "PAGES", [page])
    monkeypatch.setattr(manuals, "ROOT", tmp_path)
    assert manuals.main(["check"]) == 1 and "41" in page.read_text()
    assert manuals.main([]) == 0 and "42" in page.read_text()
    assert capsys.readouterr().out == "page.md: a transcript has changed\n" * 2
    assert manuals.main(["check"]) == 0 == len(capsys.readouterr().out)


# Options


def commands():
    """Each command's own parser."""
    (action,) = (a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    return action.choices


def options(command):
    return {text for a in commands()[command]._actions for text in a.option_strings} - {"-h"}


def shown(text):
    """The arguments of each ``python -m dlcourse`` in a page's blocks, as a list of words."""
    whole = text.replace("\\\n", " ")
    lines = re.findall(r"^(?:\$ )?(?:.*[;&] )?.*?python -m dlcourse (.+)$", whole, re.MULTILINE)
    return [re.split(r" [|>&#] | \d?> | && ", line)[0].split() for line in lines]


def problems(text):
    """What a page says of a command line that is not so."""
    found = []
    for words in shown(text):
        line = " ".join(words)
        if words[0] not in commands():
            found.append(f"no such command: {line}")
            continue
        named = {word for word in words if word.startswith("--")}
        found += [f"no option {name}: {line}" for name in sorted(named - options(words[0]))]
    called = re.findall(r'\b(?:check|hint|solution|probe|progress)\("(\w+)"', text)
    return found + [f"no exercise {id}" for id in called if id not in {*exercises(), "ema"}]


def undocumented(text):
    """Options that a manual never names."""
    return sorted(
        f"{command} {option}"
        for command in commands()
        for option in options(command) - {"--help"}
        if not re.search(rf"`{option}\b|\s{option}\b", text)
    )


@pytest.mark.parametrize("page", SHOWN, ids=lambda path: path.name)
def test_every_command_shown_exists(page):
    assert problems(page.read_text(encoding="utf-8")) == []


def test_the_manuals_name_every_option():
    texts = [page.read_text(encoding="utf-8") for page in manuals.PAGES]
    assert undocumented("\n".join(texts)) == []
    assert shown(texts[0]) and len(shown(texts[1])) > 5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("$ python -m dlcourse grad in --out out", "no such command: grad in --out out"),
        ("python -m dlcourse grade in --ot out", "no option --ot: grade in --ot out"),
        ("$ python -m dlcourse grade in \\\n  --outt out", "no option --outt: grade in --outt out"),
        ("$ timeout 1 python -m dlcourse check a b --resume", "no option --resume: check a b"),
        ('Call `hint("adma")`.', "no exercise adma"),
    ],
)
def test_a_command_that_does_not_exist_is_found(text, said):
    assert any(problem.startswith(said) for problem in problems(text)), problems(text)


def test_an_option_without_a_word_about_it_is_found():
    text = INSTRUCTOR.read_text(encoding="utf-8") + LEARNER.read_text(encoding="utf-8")
    without = text.replace("--resume", "--resumed")
    assert undocumented(without) == ["grade --resume"]


# Counts of one file, as whoever writes an exercise sees them


def test_what_is_left_to_do_in_a_file_is_named(tmp_path, capsys):
    page = INSTRUCTOR.read_text(encoding="utf-8")
    (source,) = re.findall(r":caption: ema\.py\n([\s\S]*?)\n```", page)
    file = tmp_path / "ema.py"
    file.write_text(source.replace("return path.copy()", "return average(path, beta)"))
    assert counts.main([str(file)]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[1] == "known mistakes rejected: 2/3"
    assert "a known mistake is accepted: ema/last_only" in said
    assert "a known mistake does not get its own hint: ema/last_only" in said
    file.write_text(source.replace("np.array(averages)", "np.concatenate([averages])"))
    assert counts.main([str(file)]) == 0
    assert not any("mutant is" in line for line in capsys.readouterr().out.splitlines())
