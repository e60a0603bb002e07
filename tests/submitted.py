"""Notebooks as students hand them in, for tests that collect them."""

import json
import os
import time

from dlcourse.grading.submissions import collect

KNOWN = {"adam", "sgd", "momentum"}


def cell(exercise, source="def run(): ...", kind="code"):
    tags = [f"exercise:{exercise}"] if exercise else []
    return {"cell_type": kind, "metadata": {"tags": tags}, "source": source}


def notebook(*cells):
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def put(path, *cells, age=0):
    """A notebook, ``age`` seconds old."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notebook(*cells), encoding="utf-8")
    os.utime(path, (time.time() - age,) * 2)


def only(folder):
    (found,) = collect(folder, KNOWN)
    return found
