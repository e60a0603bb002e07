"""Cells as people write them: what stands in them, and what each is worth at every door.

A row is the cell, its verdict (a cause, or the points) and the cells that were run before it.
``NOWHERE`` is a cell that leaves no function behind in a notebook, so nobody can check it there.
"""

import textwrap

import cells

RIGHT = cells.RIGHT.lstrip()
STEP = "w[name] = w[name] - lr * v[name]"
NOWHERE = "a cell that leaves no function behind"


def inside(text):
    """The right answer with some lines at its beginning."""
    head, rest = RIGHT.split("\n", 1)
    return "\n".join([head, textwrap.indent(textwrap.dedent(text), "    "), rest])


def changed(new, old=STEP):
    """The right answer with another step."""
    assert RIGHT.count(old) == 1
    return RIGHT.replace(old, new)


def prompted(first, next_):
    head, *rest = RIGHT.rstrip().split("\n")
    return "\n".join([first + head, *(next_ + line for line in rest)])


def stepping(step):
    """A right answer that makes its step by a function of the cells before it."""
    return changed(f"w[name] = w[name] - {step}(lr, v[name])")


PUSH = "def push(lr, v):\n    return lr * v\n"
KEYS = "return [{{{}: p for n, p in at.items()}} for at in path]"
ARRAYS = "return [{{n: {} for n, p in at.items()}} for at in path]"
END = "return path"

LAYOUT = {
    "as in the book": (RIGHT, 100),
    "indented": (textwrap.indent(RIGHT, "    "), 100),
    "indented by tabs": (textwrap.indent(RIGHT, "\t"), 100),
    "indented below a remark": ("    # mine\n" + textwrap.indent(RIGHT, "    "), 100),
    "Python's prompts": (prompted(">>> ", "... "), 100),
    "IPython's prompts": (prompted("In [12]: ", "    ...: "), 100),
    "empty lines first": ("\n\n" + RIGHT, 100),
    "line ends of Windows": (RIGHT.replace("\n", "\r\n"), 100),
    "a page break": ("x = '\x0c\u2028'\n" + RIGHT, 100),
    "without an end of line": (RIGHT.rstrip(), 100),
    "a semicolon last": (RIGHT + "run;", 100),
    "not Python yet": ("def run(params, grads, lr, mu:\n    pass\n", "exception", NOWHERE),
    "half indented": ("    x = 1\n" + RIGHT, "exception", NOWHERE),
    "nothing": ("", "stub", NOWHERE),
    "blanks": ("  \n\n", "stub", NOWHERE),
    "a remark": ("# your answer here\n", "stub", NOWHERE),
    "a stub": ("def run(params, grads, lr, mu): ...\n", "stub"),
    "a stub that says so": (inside("raise NotImplementedError"), "stub"),
    "another name": (RIGHT.replace("def run", "def step") + "run = None\ndel run\n", "missing", NOWHERE),
}  # fmt: skip

COMMANDS = {
    "a magic": ("%pwd\n" + RIGHT, 100),
    "a magic that needs a window": ("%matplotlib inline\n" + RIGHT, 100, NOWHERE),
    "a magic as IPython writes it": ('get_ipython().run_line_magic("lsmagic", "")\n' + RIGHT, 100),
    "a shell's command that goes on": ("!echo one \\\n  two\n" + RIGHT, 100),
    "a shell's command with a value": ("n = 3\n!echo {n}\n" + RIGHT, 100),
    "what a shell's command prints": ("found = !echo one\n" + RIGHT, 100),
    "what a magic gives": ("here = %pwd\n" + RIGHT, 100),
    "a magic that goes on": ("%who_ls \\\n  int\n" + RIGHT, 100),
    "help before": ("?len\nlen?\nnp.abs??\n" + RIGHT, 100),
    "help behind": (RIGHT + "?run\nrun?\n", 100),
    "a magic in a block": (RIGHT + "if run:\n    %timeit -n1 -r1 run\n", 100),
    "a magic in the function": (inside("%who_ls"), 100),
    "a timed cell": ("%%time\n" + RIGHT, 100),
    "a timed cell after an empty line": ("\n%%time\n" + RIGHT, 100),
    "a captured cell": ("%%capture\n" + RIGHT, 100),
    "a captured cell with a name": ("%%capture out\n" + RIGHT, 100),
    "a profiled cell": ("%%prun -q\n" + RIGHT, 100),
    "a timed cell with a magic in it": ("%%time\n%pwd\n" + RIGHT, 100),
    "a timed cell, wrong": ("%%time\n" + changed("w[name] = w[name]"), "value"),
    "a timed cell with another's name": ("%%time\n" + stepping("push"), "global", PUSH),
    "a cell timed many times": ("%%timeit -n1 -r1\n" + RIGHT, "missing", NOWHERE),
    "a cell for the shell": ("%%bash\necho def run\n", "missing", NOWHERE),
    "a timed line": ("%time one = 1.0\n" + stepping("one * (lambda a, b: a * b)"), 100),
    "a timed value": ("one = %time 1.0\n" + stepping("one * (lambda a, b: a * b)"), 100),
    "a remainder that begins a line": (
        "%pwd\n" + changed("w[name] = (w[name]\n                % np.inf * np.sign(w[name] * 0 + 1)\n"
                           "                if False else w[name]) - lr * v[name]"), 100),
    "a text with commands in it": (
        'text = """\n%matplotlib inline\n!ls\nlen?\n"""\nassert text.count("%") == 1\n%pwd\n' + RIGHT,
        100),
    "signs that are no commands": (
        inside("assert '%d' % 3 == '3' and f'{1!r:>3} %' and 7 % 4 == 3 and [1] != [2]"), 100),
    "reloading": ("%load_ext autoreload\n%autoreload 2\n" + RIGHT, 100),
    "display in the function": (changed(STEP + "; display(w)"), 100),
    "display below": (RIGHT + "display(run, 1)\n", 100),
    "display imported": ("from IPython.display import display\n" + RIGHT, "exception"),
    "a question": (inside("input('?')"), "exception"),
    "a stop for the debugger": (inside("breakpoint()"), 100),
    "help called": ("help(len)\n" + RIGHT, 100),
    "an exit": (inside("exit()"), "exception"),
}  # fmt: skip

IMPORTS = {
    "pictures, unused": ("import matplotlib.pyplot as plt\n" + RIGHT, "exception"),
    "a package, unused": ("import scipy\n" + RIGHT, "exception"),
    "a name of a package": ("from tqdm import tqdm\n" + RIGHT, "exception"),
    "a part of a package": ("from scipy.linalg import norm as n\n" + RIGHT, "exception"),
    "a package in the function": (inside("import scipy"), "exception"),
    "a package by name": (inside("__import__('scipy')"), "exception"),
    "a package by importlib": ("import importlib\nimportlib.import_module('scipy')\n" + RIGHT, "exception"),
    "a package, if it is there": (
        "try:\n    import scipy\nexcept ImportError:\n    scipy = None\n"
        + inside("assert scipy is None"), 100),
    "a package that is asked for": (
        "import importlib.util\nif importlib.util.find_spec('scipy'):\n    import scipy\n" + RIGHT, 100),
    "a package in a branch not taken": (inside("if lr < 0:\n    import scipy"), 100),
    "a module of one's own": ("import my_helpers\n" + RIGHT, "exception", NOWHERE),
    "a ready-made one": ("import torch\n" + RIGHT, "reference"),
    "a ready-made one in a branch not taken": (inside("if lr < 0:\n    import torch"), "reference"),
    "the book": ("from dlcourse.scratch import optimizers\n" + RIGHT, "reference"),
    "the check, imported": ("from dlcourse.grading import check\n" + RIGHT, "exception"),
    "the check in the cell": (RIGHT + "check('momentum', run)\n", "global"),
    "the standard library": ("import math, re, json, dataclasses, itertools as it\n" + RIGHT, 100),
    "all of a module": ("from math import *\n" + stepping("exp(0) * (lambda a, b: a * b)"), 100),
    "all of NumPy": ("from numpy import *\n" + RIGHT.replace("np.", ""), 100),
    "NumPy by other names": (
        "import numpy, numpy as xp, numpy.linalg\n" + RIGHT.replace("np.", "xp."), 100),
    "NumPy by its name, from another cell": (RIGHT.replace("np.", "numpy."), "global", "import numpy"),
    "NumPy that was never imported": (RIGHT, 100, "del np"),
    "NumPy set to something else": (RIGHT, 100, "np = None"),
}  # fmt: skip

OTHERS = {
    "a number": (stepping("rate * (lambda a, b: a * b)"), "global", "rate = 1.0"),
    "a number in a branch not taken": (inside("if lr < 0:\n    rate"), 100, "rate = 1.0"),
    "a number at the top": ("one = rate\n" + RIGHT, "global", "rate = 1.0"),
    "a number as a default": (RIGHT.replace("mu)", "mu, nu=rate)"), "global", "rate = 1.0"),
    "a trial": (RIGHT + "run(*trial)\n", "global", "trial = {}, [], 0.1, 0.9"),
    "a function": (stepping("push"), "global", PUSH),
    "a function that remembers": (
        stepping("push"), "global",
        "import functools\n@functools.lru_cache\ndef f(lr):\n    return lr\n"
        "def push(lr, v):\n    return f(lr) * v\n"),
    "a cached function": (
        stepping("f"), "global", "import functools\n@functools.lru_cache(None)\ndef g(): pass\n"
        "f = functools.wraps(g)(lambda lr, v: lr * v)\n"),
    "a partial one": (
        stepping("push"), "global", "import functools\npush = functools.partial(lambda a, b: a * b)"),
    "a static one": (
        stepping("B.push"), "global",
        "class B:\n    @staticmethod\n    def push(lr, v):\n        return lr * v\n"),
    "an instance's": (
        stepping("b.push"), "global",
        "class B:\n    def push(self, lr, v):\n        return lr * v\nb = B()\n"),
    "one in a dict": (stepping("tools['push']"), "global", PUSH + "tools = {'push': push}"),
    "a decorator": ("@same\n" + RIGHT, "global",
                    "import functools\ndef same(f):\n    return functools.wraps(f)(lambda *a: f(*a))"),
    "by a name in the namespace": (stepping("globals()['push']"), "exception", PUSH),
    "the last output": (stepping("_ * (lambda a, b: a * b)"), "global", "1.0"),
}  # fmt: skip

NAMES = {
    "a global": (RIGHT.replace("    v =", "    global v\n    v ="), 100),
    "a global and a trial": (
        RIGHT.replace("    v =", "    global v\n    v =")
        + "run({'w': np.ones(2)}, [{'w': np.ones(2)}], 0.1, 0.9)\n", 100),
    "a global by its text": (inside("globals()['late'] = 1.0\nassert late"), 100),
    "a global that lasts": (
        "seen = []\n" + changed(STEP + " + 1e-2 * len(seen); seen.append(1)"), "memory"),
    "a global that is kept": (
        "kept = {}\n" + RIGHT.replace("{name: np.zeros_like(p) for name, p in params.items()}",
        "kept\n    for name, p in params.items(): kept.setdefault(name, np.zeros_like(p))"), "memory"),
    "a factory with a nonlocal": (
        "def made():\n    count = 0\n    def push(lr, v):\n        nonlocal count\n        count += 1\n"
        "        return lr * v\n    return push\npush = made()\n" + stepping("push"), 100),
    "a decorator": (
        "import functools\ndef same(f):\n    @functools.wraps(f)\n    def g(*a, **k):\n"
        "        return f(*a, **k)\n    return g\n@same\n" + RIGHT, 100),
    "a decorator without wraps": (
        "def same(f):\n    def g(params, grads, lr, mu):\n        return f(params, grads, lr, mu)\n"
        "    return g\n@same\n" + RIGHT, 100),
    "a callable object": (
        "class Ball:\n    def __call__(self, params, grads, lr, mu):\n"
        "        return step(params, grads, lr, mu)\n" + RIGHT.replace("run", "step")
        + "run = Ball()\n", 100),
    "a method": (
        "class Ball:\n    def go(self, params, grads, lr, mu):\n"
        "        return step(params, grads, lr, mu)\n" + RIGHT.replace("run", "step")
        + "run = Ball().go\n", 100),
    "a lambda": (
        RIGHT.replace("run", "step") + "run = lambda params, grads, lr, mu: step(params, grads, lr, mu)\n",
        100),
    "a partial": (
        "import functools\n" + RIGHT.replace("run", "step").replace("mu)", "mu, nu)")
        + "run = functools.partial(step, nu=1)\n", 100),
    "any arguments": (
        RIGHT.replace("run", "step") + "def run(*args, **kwargs):\n    return step(*args, **kwargs)\n", 100),
    "hints of unknown types": (
        "from __future__ import annotations\n"
        + RIGHT.replace("params, grads", "params: dict[str, NDArray], grads: List"), 100),
    "a dataclass": (
        "from dataclasses import dataclass\nfrom typing import ClassVar\n@dataclass\nclass State:\n"
        "    v: float\n    count: ClassVar[int] = 0\n" + inside("assert State(1.0) == State(1.0)"), 100),
    "only when it is the page": ("if __name__ == '__main__':\n    one = 1\n" + inside("one"), 100),
    "an await outside": ("async def one():\n    return 1.0\nx = await one()\n" + inside("x"), 100),
    "an async answer": ("async " + RIGHT, "type"),
    "newer syntax": (
        inside("if (θ := lr) < 0: pass\nmatch θ:\n    case 3: pass\n    case _: ˍ = f'{θ=}'"), 100),
    "other parameters": (RIGHT.replace("mu", "beta"), "signature"),
    "a default that is an object": (RIGHT.replace("mu)", "beta, x=object())"), "signature"),
}  # fmt: skip

DOINGS = {
    "nine megabytes of prints": (changed(STEP + "; print('x' * 100_000)") + "print('x' * 9_000_000)\n", 100),
    "prints to the other stream": (
        "import sys, logging\n" + changed(STEP + "; print('x' * 10**6, file=sys.stderr)")
        + "sys.stdout.write('x' * 10**6)\nlogging.warning('x')\n", 100),
    "a pool of threads": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        + inside("with ThreadPoolExecutor(2) as pool: list(pool.map(abs, [1]))"), 100),
    "a thread at the top": (
        "import threading\nt = threading.Thread(target=int)\nt.start()\nt.join()\n" + RIGHT, 100),
    "a file in a thread": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        + inside("with ThreadPoolExecutor(1) as pool: list(pool.map(open, ['/etc/passwd']))"), "exception"),
    "a file of the machine": (inside("open('/etc/passwd').close()"), "exception"),
    "a file it writes": ("np.save('kept.npy', np.ones(2))\n" + RIGHT, "exception"),
    "a file of Python's": ("import os\n" + inside("open(os.__file__).read()"), 100),
    "a program": (inside("import subprocess; subprocess.run(['true'])"), "exception"),
    "a connection": (inside("import socket; socket.socket()"), "exception"),
    "an exit": (inside("raise SystemExit"), "exception"),
    "an odd exception": ("class Stop(BaseException): pass\n" + inside("raise Stop('x')"), "exception"),
    "a generator's end": (inside("raise StopIteration"), "exception"),
    "no bottom": (inside("return run(params, grads, lr, mu)"), "exception"),
    "warnings as errors": (
        "import warnings\nwarnings.simplefilter('error')\nnp.seterr(all='raise')\n"
        + inside("np.ones(1) / 0"), 100),
    "changes its input": (changed("params[name] -= 0.0; " + STEP), 100),
    "changes its input, seen": (
        inside("for p in params.values(): p += 0.0 * p + 1e-9"), "modified"),
    "NumPy's text as keys": (changed(KEYS.format("np.str_(n)"), END), 100),
    "a name of an enumeration as key": (
        "from enum import StrEnum\nclass K(StrEnum):\n    W = 'W'\n    b = 'b'\n    w = 'w'\n"
        "    first = 'first'\n    second = 'second'\n" + changed(KEYS.format(
            "K(n) if n in list(K) else n"), END), 100),
    "objects as keys": (
        "class K: pass\n" + changed(KEYS.format("K()"), END), "keys"),
    "numbers as keys": (changed(KEYS.format("np.int64(len(n))"), END), "keys"),
    "other kinds of dict": (
        "from collections import OrderedDict, defaultdict\n"
        + changed("return [OrderedDict(at) for at in path]", END), 100),
    "arrays of objects": (changed(ARRAYS.format("p.astype(object)"), END), "type"),
    "arrays of Decimal": (
        "from decimal import Decimal\n" + changed(ARRAYS.format(
            "np.array([Decimal(1)] * p.size).reshape(p.shape)"), END), "type"),
    "complex arrays": (changed(ARRAYS.format("p + 0j"), END), "type"),
    "Boolean arrays": (changed(ARRAYS.format("p > 0"), END), "type"),
    "a Decimal": (
        "from decimal import Decimal\n" + changed(ARRAYS.format("Decimal(1)"), END), "type"),
    "lists": (changed(ARRAYS.format("p.tolist()"), END), 100),
    "single precision": (changed(ARRAYS.format("p.astype(np.float32)"), END), 100),
    "says where an object lies": (inside("raise ValueError(object())"), "exception"),
}  # fmt: skip

CELLS = {
    f"{kind}: {name}": row
    for kind, rows in {
        "layout": LAYOUT,
        "commands": COMMANDS,
        "imports": IMPORTS,
        "of another cell": OTHERS,
        "names": NAMES,
        "does": DOINGS,
    }.items()
    for name, row in rows.items()
}
