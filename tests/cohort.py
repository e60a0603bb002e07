"""Synthetic cohorts: folders of notebooks with right, wrong and hostile answers, and a command.

python tests/cohort.py FOLDER STUDENTS [EXERCISE ...]     a class to rehearse grading with
"""

import functools
import json
import os
import random
import subprocess
import sys
from pathlib import Path

from standalone import source

from dlcourse.grading.bank import exercises

ROOT = Path(__file__).resolve().parents[1]

# One cell each; {entry} is the function's name. None of them may earn a point.
HOSTILE = [
    "import os\ndef {entry}(*a, **k):\n    os._exit(0)\n",
    "def {entry}(*a, **k):\n    raise SystemExit\n",
    "import torch\n{entry} = torch.nn.Linear\n",
    "from dlcourse.grading.bank import find\n{entry} = find('sgd').reference\n",
    "import os\nos.fork()\n",
    "def {entry}(*a, **k):\n    return open('/etc/passwd').read()\n",
    "def {entry}(*a, **k):\n    return [[0] * 10 ** 6]\n",
    "def {entry}(*a, **k):\n    raise ValueError('\\ud800 <script>alert(1)</script>')\n",
    "this is not Python",
]


LOOP = "def {entry}(*a, **k):\n    while True: pass\n"
"""Costs the whole limit of a call, so it is mixed in only where asked for."""


def cell(exercise, text):
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"tags": [f"exercise:{exercise}"]},
        "outputs": [],
        "source": text,
    }


def notebook(answers):
    """A notebook with these answers, by exercise."""
    cells = [cell(exercise, text) for exercise, text in answers.items()]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def right(exercise):
    spec = exercises()[exercise]
    return source(spec.reference, spec.entry)


def wrong(exercise, which=0):
    spec = exercises()[exercise]
    return source(spec.mistakes[which].answer, spec.entry)


def right_functions(spec):
    return [spec.reference, *(variant.answer for variant in spec.variants)]


@functools.cache
def rights(exercise):
    """The texts of all right answers to an exercise that a cohort can hold."""
    spec = exercises()[exercise]
    return {source(function, spec.entry) for function in right_functions(spec)}


def answers(rng, ids, share_right=0.6, share_hostile=0.05, share_loops=0.0):
    """What one student hands in: mostly right, the rest known mistakes, here and there hostile."""
    found = {}
    for id in ids:
        spec = exercises()[id]
        wrongs = [mistake.answer for mistake in spec.mistakes]
        pool = right_functions(spec) if rng.random() < share_right else wrongs
        found[id] = source(rng.choice(pool), spec.entry)
        if rng.random() < share_hostile:
            found[id] = rng.choice(HOSTILE).format(entry=spec.entry)
        if rng.random() < share_loops:
            found[id] = LOOP.format(entry=spec.entry)
    return found


def cohort(folder, students, ids=None, seed=1, **shares):
    """``students`` folders with a notebook each; the same files for the same seed."""
    rng = random.Random(seed)
    for number in range(students):
        path = Path(folder, f"s{number:03}", "answers.ipynb")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(notebook(answers(rng, ids or exercises(), **shares)), encoding="utf-8")
    return Path(folder)


def words(*arguments):
    """``python -m dlcourse ...`` as a command line."""
    return [sys.executable, "-m", "dlcourse", *map(str, arguments)]


def environment(**changes):
    """That of this process, with the package to be found and no progress bar."""
    ours = {"PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1", "OPENBLAS_NUM_THREADS": "1"}
    return {**os.environ, **ours, **{name: str(value) for name, value in changes.items()}}


def command(*arguments, timeout=120, **changes):
    """Run it to its end."""
    return subprocess.run(
        words(*arguments),
        env=environment(**changes),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


if __name__ == "__main__":
    cohort(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
