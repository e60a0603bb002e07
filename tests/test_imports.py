"""The rules of the house about imports: kept by the package, and each broken once on purpose."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINT = Path(sys.executable).with_name("lint-imports")
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
CONTRACTS = [contract["id"] for contract in SETTINGS["importlinter"]["contracts"]]
# Contract, file, what is added to it; a file that is not there yet is a new one.
PLANTED = [
    ("floors", "plots/charts.py", "from dlcourse import figures"),
    ("floors", "training/loop.py", "from dlcourse.lesson import show"),
    ("floors", "attic.py", ""),
    ("siblings", "scratch/schedules.py", "from dlcourse.scratch.optimizers import SGD"),
    ("siblings", "scratch/preprocessing/scaling.py", "import dlcourse.scratch.schedules"),
    ("siblings", "scratch/models.py", "from dlcourse.scratch.initialization import normal"),
    ("siblings", "reference/losses.py", "from dlcourse.reference.models import MLP"),
    ("circles", "plots/style.py", "from dlcourse.plots import charts"),
    ("circles", "plots/labels.py", "def late():\n    from dlcourse.plots import charts"),
    ("numpy-alone", "scratch/losses.py", "import torch"),
    ("numpy-alone", "arrays.py", "from scipy import linalg"),
    ("numpy-alone", "scratch/preprocessing/whitening.py", "from sklearn.decomposition import PCA"),
    ("twins", "reference/schedules.py", "import matplotlib"),
    ("twins", "reference/preprocessing/scaling.py", "from sklearn import preprocessing"),
    ("grading", "grading/judge.py", "from dlcourse.scratch.optimizers import Adam"),
    ("grading", "grading/sandbox/wire.py", "import torch"),
    ("outside", "../benchmarks/timing.py", "from tools import pages"),
    ("product", "lesson/claims.py", "from tools import ledger"),
]


def lint(root: Path, *contract: str) -> subprocess.CompletedProcess[str]:
    command = [str(LINT), "--no-logo", "--no-cache", *contract]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of all Python files that the contracts speak of."""
    root = tmp_path_factory.mktemp("house")
    for name in SETTINGS["importlinter"]["root_packages"]:
        no_code = shutil.ignore_patterns("__pycache__", "*.npz", "*.txt")
        shutil.copytree(ROOT / name, root / name, ignore=no_code)
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def test_the_house_keeps_its_rules(house: Path) -> None:
    done = lint(house)
    assert done.returncode == 0, done.stdout
    assert f"{len(CONTRACTS)} kept, 0 broken" in done.stdout


@pytest.mark.parametrize(("contract", "file", "line"), PLANTED)
def test_a_planted_import_breaks_its_contract(
    house: Path, contract: str, file: str, line: str
) -> None:
    path = house / "dlcourse" / file
    before = path.read_text(encoding="utf-8") if path.exists() else None
    path.write_text(f"{before or ''}\n{line}\n", encoding="utf-8")
    try:
        done = lint(house, "--contract", contract)
    finally:
        path.unlink() if before is None else path.write_text(before, encoding="utf-8")
    assert done.returncode == 1, done.stdout
    assert "0 kept, 1 broken" in done.stdout or "attic" in done.stdout + done.stderr


def test_every_contract_is_broken_once() -> None:
    assert {contract for contract, _, _ in PLANTED} == set(CONTRACTS)
