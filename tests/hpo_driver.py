"""A search in a process of its own, to be killed; its words are: journal side n seed how.

``how``: "plain"; "torn", which writes every line in two halves; and two that must not survive,
"uncut", which leaves half lines in the file, and "buffered", which keeps lines in memory for a
while. With a scheduler's address as sixth word it runs over Dask.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
import traceback

import numpy as np

from dlcourse.scratch import hpo
from dlcourse.scratch.hpo import Categorical, Float, Int
from dlcourse.scratch.hpo.journal import Journal

SPACE = {
    "x": Float(-1, 1),
    "opt": Categorical({"sgd": {"momentum": Float(0, 0.99)}, "adam": None}),
    "n": Int(1, 100, log=True),
}


def value_of(params):
    return params["x"] ** 2 + params["n"] / 1000 + params.get("momentum", 0.2)


class Objective:
    """Says in a file of its own when a trial starts and ends, then gives its value."""

    def __init__(self, side, seconds):
        self.side, self.seconds = str(side), seconds

    def note(self, word, params):
        file = os.open(self.side, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, f"{word} {params['x'].hex()}\n".encode())
        os.close(file)

    def __call__(self, params):
        self.note("start", params)
        time.sleep(self.seconds)
        self.note("end", params)
        return value_of(params)


def _halves(seconds):
    def put(self, line):
        for part in (line[: len(line) // 2], line[len(line) // 2 :]):
            os.write(self._file, part)
            time.sleep(seconds)

    return put


def _later(self, line):
    self.held = getattr(self, "held", b"") + line
    if len(self.held) > 4096:
        os.write(self._file, self.held)
        self.held = b""


def main(journal, side, n, seed, how, address=None):
    if how in ("torn", "uncut"):
        Journal._put = _halves(0.003 if how == "torn" else 0.01)
    if how == "uncut":
        Journal._cut = lambda self, size: None
    if how == "buffered":
        Journal._put = _later
    search = hpo.RandomSearch(SPACE, np.random.default_rng(int(seed)))
    executor = None
    if address:
        from distributed import Client

        executor = Client(address).get_executor()
    objective = Objective(side, 0.02 if address else 0.0005)
    objective.note("life", {"x": 0.0})
    print("ready", os.getpid(), flush=True)
    best = hpo.minimize(objective, search, int(n), executor=executor, journal=journal)
    print(best.value.hex(), flush=True)


def serve():
    """Run each line of words that comes in in a process of its own, ready in no time."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                main(*json.loads(line))
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        print("exit", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


class Drivers:
    """Starts drivers one after the other, and says how each ended."""

    def __init__(self, *imports):
        self.imports = imports  # once, not in each driver

    def __enter__(self):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.server = subprocess.Popen(
            [sys.executable, __file__, *self.imports], text=True, **pipes
        )
        return self

    def __exit__(self, *_):
        self.server.stdin.close()
        self.server.stdout.close()
        self.server.stderr.close()
        self.server.wait(20)

    def start(self, *words):
        """The process id of a driver that is about to begin."""
        print(json.dumps(list(map(str, words))), file=self.server.stdin, flush=True)
        word, pid = self.server.stdout.readline().split()
        assert word == "ready", self.server.stderr.read()
        return int(pid)

    def end(self):
        """Its exit code and the best value, or None."""
        best = None
        while (words := self.server.stdout.readline().split())[0] != "exit":
            best = float.fromhex(words[0])
        return int(words[1]), best


if __name__ == "__main__":
    for name in sys.argv[1:]:
        importlib.import_module(name)
    serve()
