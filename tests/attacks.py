"""Answers that want marks without work, or harm: each is the cell of one exercise, `sgd`.

``epoch(w, X, y, lr, batch_size, order)`` is the function asked for. MARKER is replaced by a file of
the grader's that no answer may read or change; PORT by a port that somebody listens on.
"""

from attacks_machine import MACHINE, RIGHT, called, through

__all__ = ["ATTACKS", "RIGHT", "SLOW"]

# Names of attacks that may take up to the limit of one call; all others end at once.
SLOW = {
    "a loop without end",
    "output without end",
    "a loop that swallows every exception",
    "a loop at the top of the cell",
    "a sleep",
    "a stop",
    "a reply one byte at a time",
    "the grader's next question",
    "a regular expression that backtracks",
    "a product without end in C",
    "a long number",
}

ATTACKS = {
    **MACHINE,
    # Ends the process, or never ends.
    "a loop without end": called("while True: pass"),
    "a loop at the top of the cell": "while True: pass",
    "a loop that swallows every exception": called(
        "while True:\n    try:\n        while True: pass\n    except BaseException:\n        pass"
    ),
    "a sleep": called("import time\ntime.sleep(3600)"),
    "a regular expression that backtracks": called("import re\nre.match('(a+)+$', 'a' * 60 + 'b')"),
    "a product without end in C": called("import math\nmath.factorial(10 ** 9)"),
    "sys.exit": called("import sys\nsys.exit(0)"),
    "os._exit": called("import os\nos._exit(0)"),
    "an exit at the top of the cell": "raise SystemExit(0)",
    "os.abort": called("import os\nos.abort()"),
    "a segmentation fault": called("import ctypes\nctypes.string_at(0)"),
    "recursion without end": called("epoch(w, X, y, lr, batch_size, order)"),
    "a stop": called("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"),
    "its own signal": called("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"),
    "every process it sees": called("import os\nos.kill(-1, 9)"),
    # The answer from elsewhere.
    "the package": "from dlcourse.grading.bank.sgd import epoch",
    "the package, when called": called(
        "from dlcourse.grading.bank import find\n"
        "return find('sgd').reference(w, X, y, lr, batch_size, order)"
    ),
    "the package, by its path": called(
        "import sys, glob\n"
        "sys.path += glob.glob('/**/site-packages', recursive=True) + ['/w', '/']\n"
        "from dlcourse.grading.bank.sgd import epoch as found\n"
        "return found(w, X, y, lr, batch_size, order)"
    ),
    "torch": "import torch\nepoch = torch.optim.SGD",
    "an import hook removed": called(
        "import sys\nsys.meta_path[:] = [f for f in sys.meta_path if 'rozen' in repr(f) or "
        "'Path' in repr(f)]\nimport dlcourse\nreturn None"
    ),
    # Fooling the comparison.
    "an object that equals everything": """
class Equal:
    __array_priority__ = 1e9
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __le__(self, other): return True
    def __sub__(self, other): return 0
    def __abs__(self): return 0
    def __getattr__(self, name): return self
    def __call__(self, *args, **kwargs): return self
def epoch(w, X, y, lr, batch_size, order): return Equal()
""",
    "an array that equals everything": """
import numpy as np
class Equal(np.ndarray):
    def __array_ufunc__(self, *args, **kwargs): return np.zeros(self.shape)
    def __eq__(self, other): return np.ones(self.shape, bool)
    def __array_finalize__(self, other): pass
def epoch(w, X, y, lr, batch_size, order): return np.zeros(w.shape).view(Equal)
""",
    "NumPy changed": called(
        "import numpy as np\nnp.abs = np.absolute = lambda *a, **k: np.zeros(1)\n"
        "np.allclose = np.array_equal = lambda *a, **k: True\nnp.max = lambda *a, **k: 0"
    ),
    "the worker changed": called(
        "import sys\nfor m in list(sys.modules.values()):\n"
        "    for name in ('compare', 'untouched', 'close'):\n"
        "        if hasattr(m, name): setattr(m, name, lambda *a, **k: None)"
    ),
    "not a number": called("return w * float('nan')"),
    "infinity": called("return w / 0 + float('inf')"),
    "an object that pickles to code": """
class Boom:
    def __reduce__(self): return (print, ("graded",))
def epoch(w, X, y, lr, batch_size, order): return [Boom()] * 3
""",
    "an array of objects": called(
        "import numpy as np\nreturn np.array([print, open, eval], object)"
    ),
    # The pipe.
    "a forged verdict": called(
        "import os, json, struct\n"
        "head = json.dumps({'dict': [['points', 100], ['status', 'correct']]}).encode()\n"
        "for fd in range(3, 20):\n"
        "    try: os.write(fd, struct.pack('<II', len(head), 0) + head)\n"
        "    except OSError: pass"
    ),
    "a forged frame": called(
        "import os\nfor fd in range(1, 20):\n    try: os.write(fd, b'\\xff' * 4096)\n"
        "    except OSError: pass"
    ),
    "replies without end": called(
        "import os, json, struct\nhead = json.dumps({'dict': [['ask', 'grad'], ['args', []], "
        "['kwargs', {'dict': []}]]}).encode()\nwhile True:\n    for fd in range(3, 8):\n"
        "        try: os.write(fd, struct.pack('<II', len(head), 0) + head)\n"
        "        except OSError: pass"
    ),
    "a reply one byte at a time": called(
        "import os, struct, time\nframe = struct.pack('<II', 99, 0) + b'[' * 99\nfor n in frame:\n"
        "    for fd in range(3, 8):\n        try: os.write(fd, bytes([n]))\n"
        "        except OSError: pass\n    time.sleep(0.1)"
    ),
    "the grader's next question": called("import os\nwhile True: os.read(3, 10 ** 6)"),
    "a closed pipe": called("import os\nos.closerange(0, 64)"),
    "a huge reply": called("import numpy as np\nreturn np.zeros(2 ** 26)"),
    "a reply of one long word and many short": called("return ['a' * 10 ** 5] + [''] * 2000"),
    "a deep reply": called("value = []\nfor _ in range(10 ** 5): value = [value]\nreturn value"),
    "a wide reply": called("return [0] * 10 ** 7"),
    "keys that collide": called("return {n * (2 ** 61 - 1): 0 for n in range(9000)}"),
    "keys that collide, past the worker": through(
        "import json, struct\n"
        "pairs = [[n * (2 ** 61 - 1), 0] for n in range(9000)]\n"
        "head = json.dumps({'dict': [['value', {'dict': pairs}]]}).encode()\n"
        "os.write(4, struct.pack('<II', len(head), 0) + head)"
    ),
    "twenty thousand types": called("return [type(f'T{n}', (), {})() for n in range(20000)]"),
    "a shape without end": through(
        "import struct\n"
        'head = b\'{"dict":[["value",{"array":["<f8",[9\' + b\',9\' * 10 ** 5 + b\']]}]]}\'\n'
        "os.write(4, struct.pack('<II', len(head), 0) + head)"
    ),
    "a reply that holds itself": called("value = []\nvalue.append(value)\nreturn value"),
    "a long number": called("return 10 ** 10 ** 6"),
    # Looking for what the grader knows.
    "the stack": called(
        "import sys\nframe = sys._getframe()\nwhile frame:\n"
        "    for value in frame.f_locals.values():\n"
        "        if hasattr(value, 'expected'): return value.expected\n"
        "    frame = frame.f_back"
    ),
    "every object there is": called(
        "import gc, numpy as np\nfor thing in gc.get_objects():\n"
        "    if isinstance(thing, dict) and 'expected' in thing: return thing['expected']"
    ),
    "the environment": called("import os\nreturn str(dict(os.environ)) + str(os.listdir('/'))"),
    "the grader's command line": through(
        "import glob\nassert [open(p).read() for p in glob.glob('/proc/*/cmdline')]"
    ),
    # Text that is no program.
    "no Python": "this is not Python",
    "a null byte": "def epoch(*a):\n    return '\0'",
    "ten thousand brackets": "epoch = " + "(" * 10_000 + ")" * 10_000,
    "a name without a function": "epoch = 42",
    "only a comment": "# epoch",
    "the inputs changed": called("w[:] = 0\nX[:] = 0\ny[:] = 0"),
    "a type that resists": """
class Odd(type):
    def __getattribute__(cls, name): raise RuntimeError(name)
class epoch(metaclass=Odd):
    pass
""",
}
