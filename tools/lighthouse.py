"""Lighthouse over the built site, served compressed as a web server would: ``make lighthouse``.

Not a part of ``make test``: its numbers swing with the load of the machine. ``npm exec`` fetches
the pinned Lighthouse once; the browser is the one the tests use.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.vendor import npm_command

LIGHTHOUSE = "lighthouse@13.5.0"
PAGES = (
    "book/index.html",
    "lessons/2-optimizers/momentum.html",
    "lessons/5-normalization/batch.html",
    "book/claims.html",
)
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
METRICS = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time")
SHIFT = "cumulative-layout-shift"
WEIGHT = "total-byte-weight"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-quic"
PACKED = (".html", ".css", ".js", ".mjs", ".json", ".svg", ".csv")


class Compressed(http.server.SimpleHTTPRequestHandler):
    """A file server that compresses text and lets browsers keep what never changes."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if path.suffix not in PACKED or not path.is_file():
            return super().do_GET()
        body = _packed(path)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)) + "; charset=utf-8")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@functools.cache
def _packed(path: Path) -> bytes:
    return gzip.compress(path.read_bytes(), 6)


@contextlib.contextmanager
def served(site: Path) -> Iterator[str]:
    """The address of ``site`` on a loopback port of the system's choice."""
    handler = functools.partial(Compressed, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def measure(address: str, desktop: bool) -> dict[str, Any]:
    """Lighthouse's report on one page, as it writes it."""
    chrome = next(filter(None, map(shutil.which, BROWSERS)), None)
    if chrome is None:
        raise SystemExit(f"none of {', '.join(BROWSERS)} is installed: see `make programs`")
    npm = npm_command()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [*npm, "exec", "--yes", LIGHTHOUSE, "--", address, f"--chrome-flags={FLAGS}"]
        command += ["--output=json", f"--output-path={report}", "--quiet"]
        command += [f"--only-categories={','.join(CATEGORIES)}"]
        command += ["--preset=desktop"] if desktop else []
        path = os.pathsep.join([str(Path(npm[0]).parent), os.environ.get("PATH", "")])
        environment = {**os.environ, "CHROME_PATH": chrome, "PATH": path}
        done = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, check=False
        )
        if not report.exists():
            raise SystemExit(f"Lighthouse failed on {address}:\n{done.stdout}{done.stderr}")
        return json.loads(report.read_text(encoding="utf-8"))


def row(report: dict[str, Any]) -> list[str]:
    """Scores out of 100, times in seconds, layout shift, kilobytes."""
    audits = report["audits"]
    scores = [_number(report["categories"][name]["score"], 100, ".0f") for name in CATEGORIES]
    times = [_number(audits[name].get("numericValue"), 1e-3, ".2f") for name in METRICS]
    shift = _number(audits[SHIFT].get("numericValue"), 1, ".3f")
    return [*scores, *times, shift, _number(audits[WEIGHT].get("numericValue"), 1 / 1024, ".0f")]


def _number(value: float | None, scale: float, form: str) -> str:
    """A dash where Lighthouse gave up, as it does on a machine that is too busy."""
    return "—" if value is None else format(value * scale, form)


def main(site: str, *pages: str) -> None:
    """Print a table: a row for each page on a desktop and on a phone."""
    root = Path(site)
    if not (root / PAGES[0]).exists():
        raise SystemExit(f"{site} has no {PAGES[0]}; run `make site` first")
    print("| page | device | perf | a11y | best | SEO | FCP s | LCP s | TBT s | CLS | kB |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    with served(root) as address:
        for page in pages or PAGES:
            for device in ("desktop", "mobile"):
                cells = row(measure(address + page, desktop=device == "desktop"))
                print(f"| {page} | {device} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
