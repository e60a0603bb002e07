"""Cells whose results, or whose reach beyond Python, are odd; rows as in ``odd_cells.py``."""

from odd_cells import ARRAYS, END, KEYS, NOWHERE, RIGHT, changed, inside


def resulting(value):
    """A right answer that returns ``value`` instead of its path."""
    return changed(f"return {value}", END)


COMMANDS = {
    "what the shell prints, counted": ("found = !ls\n" + inside("assert len(found) == 0"), 100),
    "what the shell prints, by its lines": (
        "found = !ls\nfor line in found.grep('a').fields(0) + found.l: print(line)\n"
        + inside("found.n + found.s"), 100),
    "what the shell prints, by a magic": ("found = %sx ls\n" + inside("list(found)"), 100),
    "the first line of it": ("one = !echo one\nprint(one[0])\n" + RIGHT, "exception"),
    "IPython, kept": ("ip = get_ipython()\n" + inside("ip.run_line_magic('pwd', '')"), 100),
}  # fmt: skip

NAMES = {
    "of site": (inside("copyright"), "global"),
    "of site, called": (inside("credits()"), "global"),
    "of site, outside": ("license\n" + RIGHT, "global"),
    "of IPython": (inside("__IPYTHON__"), "global"),
    "a builtin of another cell": (
        inside("rate"), "global", "import builtins; builtins.rate = 1.0"),
    "a builtin of its own": (
        "import builtins\nbuiltins.one = 1.0\n" + inside("assert one == builtins.one"), 100),
    "all of the builtins": (
        "from builtins import *\nimport builtins\n"
        + inside("assert issubclass(IOError, Exception) and 'credits' not in dir(builtins)"), 100),
    "what stands in for Python's own": (
        "import sys\nfrom importlib import import_module\nout = sys.stdout\n"
        + inside("import_module('math'); out.flush()"), 100),
}  # fmt: skip

DOINGS = {
    "a pool of processes": (
        "from multiprocessing import Pool\n" + inside("Pool(2)"), "exception"),
    "the same by another name": (
        "from concurrent.futures import ProcessPoolExecutor\n"
        + inside("with ProcessPoolExecutor(2) as pool: list(pool.map(abs, [1]))"), "exception"),
    "a pool of threads that needs what processes share": (
        "from multiprocessing.pool import ThreadPool\n"
        + inside("with ThreadPool(2) as pool: pool.map(abs, [1])"), "exception"),
    "memory that processes share": (
        "from multiprocessing import shared_memory\n"
        + inside("shared_memory.SharedMemory(create=True, size=8)"), "exception"),
    "a lock of processes": (
        "import multiprocessing\n" + inside("multiprocessing.Lock()"), "exception"),
    "a file for a while": (
        "import tempfile\n" + inside("tempfile.TemporaryFile()"), "exception"),
    "a folder for a while": ("import tempfile\ntempfile.mkdtemp()\n" + RIGHT, "exception"),
    "a page of the net": (
        "import urllib.request\n" + inside("urllib.request.urlopen('http://a.invalid')"),
        "exception"),
    "a fork": ("import os\n" + inside("os.fork()"), "exception"),
    "what is said of a crash": (
        "import faulthandler\n" + inside("faulthandler.dump_traceback()"), 100),
    "prints past Python": (
        "import os, sys\n" + inside("os.write(sys.stdout.fileno(), b'x')"), 100),
}  # fmt: skip

RESULTS = {
    "keys that are no numbers": (
        resulting("[{float('nan'): p for p in at.values()} for at in path]"), "keys"),
    "one that is no number, twice": (
        resulting("[{**at, np.nan: 1, float('nan'): 2} for at in path]"), "keys"),
    "no number in a key": (
        resulting("[{(np.nan, n): p for n, p in at.items()} for at in path]"), "keys"),
    "no number in a set": (changed(ARRAYS.format("{float('nan'), float('nan')}"), END), "type"),
    "no number in a dict below": (
        changed(ARRAYS.format("{float('nan'): p, float('nan'): np.inf}"), END), "type"),
    "a Boolean of NumPy's": (changed(ARRAYS.format("np.bool_(True)"), END), "type"),
    "a dict that gives other values": (
        "class D(dict):\n    def __getitem__(self, key): return 0\n"
        + resulting("[D(at) for at in path]"), 100),
    "a dict that lists no values": (
        "class D(dict):\n    def items(self): return []\n" + resulting("[D(at) for at in path]"),
        "keys"),
    "a list of another length": (
        "class L(list):\n    def __len__(self): return 1\n" + resulting("L(path)"), 100),
    "a list that lists nothing": (
        "class L(list):\n    def __iter__(self): return iter([])\n" + resulting("L(path)"),
        "length"),
    "text that hashes otherwise": (
        "class S(str):\n    def __hash__(self): return 1\n"
        + changed(KEYS.format("S(n)"), END), 100),
    "an array of dicts": (resulting("np.array(path, dtype=object)"), "type"),
    "more parts than cross": (changed(ARRAYS.format("[0] * 40_000"), END), "exception"),
    "more parts at a later probe": (
        changed("return path if len(path) < 3 else path + [0] * 40_000", END), "exception"),
    "more keys than cross": (
        resulting("[{**at, **dict.fromkeys(map(str, range(101)))} for at in path]"), "exception"),
    "an array that is too long": (changed(ARRAYS.format("np.zeros(2 * 10**6)"), END), "exception"),
    "a number that is too long": (changed(ARRAYS.format("10**5000"), END), "exception"),
    "a list in itself": (changed("path.append(path); return path", END), "exception"),
}  # fmt: skip

MARK = "\ufeff"
LAYOUT = {
    "a mark of the byte order": (MARK + RIGHT, "exception", NOWHERE),
    "one below a remark": ("# mine\n" + MARK + RIGHT, "exception", NOWHERE),
    "one that ends the cell": (RIGHT + MARK, "exception", NOWHERE),
    "one in a text and a remark": (
        f"text = '{MARK}'\nassert len(text) == 1  # {MARK}\n" + RIGHT, 100),
}  # fmt: skip

CELLS = {
    f"{kind}: {name}": row
    for kind, rows in {
        "commands": COMMANDS,
        "names": NAMES,
        "does": DOINGS,
        "gives": RESULTS,
        "layout": LAYOUT,
    }.items()
    for name, row in rows.items()
}
