"""Answers that want marks without work, or harm: each is the cell of one exercise, `sgd`.

``epoch(w, X, y, lr, batch_size, order)`` is the function asked for. MARKER is replaced by a file of
the grader's that no answer may read or change; PORT by a port that somebody listens on.
"""

RIGHT = """
def epoch(w, X, y, lr, batch_size, order):
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        w = w - lr * X[rows].T @ (X[rows] @ w - y[rows]) / len(rows)
    return w
"""

# Runs BODY at the first call, then returns the weights as they came: not the right answer.
CALLED = """
def epoch(w, X, y, lr, batch_size, order):
{body}
    return w
"""


def _called(body):
    lines = "\n".join("    " + line for line in body.strip().splitlines())
    return CALLED.format(body=lines)


# Runs BODY at every call; where nothing stops it, the right answer follows, and full marks.
THROUGH = """
import ctypes, os
kernel = ctypes.CDLL(None, use_errno=True)
def got(number):
    if number < 0: raise OSError(ctypes.get_errno(), "refused")
    return number
def epoch(w, X, y, lr, batch_size, order):
{body}
    return right(w, X, y, lr, batch_size, order)
{right}
"""


def _through(body):
    lines = "\n".join("    " + line for line in body.strip().splitlines())
    return THROUGH.format(body=lines, right=RIGHT.replace("epoch", "right"))


# Names of attacks that may take up to the limit of one call; all others end at once.
SLOW = {
    "a loop without end",
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
    # Ends the process, or never ends.
    "a loop without end": _called("while True: pass"),
    "a loop at the top of the cell": "while True: pass",
    "a loop that swallows every exception": _called(
        "while True:\n    try:\n        while True: pass\n    except BaseException:\n        pass"
    ),
    "a sleep": _called("import time\ntime.sleep(3600)"),
    "a regular expression that backtracks": _called(
        "import re\nre.match('(a+)+$', 'a' * 60 + 'b')"
    ),
    "a product without end in C": _called("import math\nmath.factorial(10 ** 9)"),
    "sys.exit": _called("import sys\nsys.exit(0)"),
    "os._exit": _called("import os\nos._exit(0)"),
    "an exit at the top of the cell": "raise SystemExit(0)",
    "os.abort": _called("import os\nos.abort()"),
    "a segmentation fault": _called("import ctypes\nctypes.string_at(0)"),
    "recursion without end": _called("epoch(w, X, y, lr, batch_size, order)"),
    "a stop": _called("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"),
    "its own signal": _called("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"),
    "every process it sees": _called("import os\nos.kill(-1, 9)"),
    # Processes, memory, disk.
    "a fork": _called("import os\nos.fork()"),
    "a fork bomb": _called("import os\nwhile True: os.fork()"),
    "a daemon": _called(
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        "        time.sleep(3600)\n    os._exit(0)"
    ),
    "a process by another door": _through(
        "import sys\nos.posix_spawn(sys.executable, ['python', '-c', '1'], {})"
    ),
    "a thread": _through("import _thread\n_thread.start_new_thread(print, ())"),
    "a thread that stays": _called(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(3600,)).start()"
    ),
    "a shell": _called("import os\nos.system('touch MARKER')"),
    "another interpreter": _called(
        "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'while True: pass'])"
    ),
    "a program in its place": _called("import os\nos.execv('/bin/sh', ['sh', '-c', 'true'])"),
    "eight gigabytes": _called("import numpy as np\na = np.ones(2 ** 30)\na[:] = 1"),
    "memory a little at a time": _called("kept = []\nwhile True: kept.append(bytearray(2 ** 20))"),
    "a full disk": _called(
        "block = b'x' * 2 ** 20\nfor n in range(10 ** 4):\n    open(f'/tmp/{n}', 'wb').write(block)"
    ),
    "one long file": _called(
        "with open('/tmp/x', 'wb') as f:\n    while True: f.write(b'x' * 10 ** 6)"
    ),
    "output without end": _called("while True: print('x' * 10 ** 6)"),
    "a file that is kept": _called("open('MARKER', 'w').write('graded: 100')"),
    "files without number": _through(
        "for n in range(10 ** 4): os.close(os.open(f'/tmp/{n}', os.O_CREAT | os.O_WRONLY))"
    ),
    "the grader's disk, beyond the end of its own output": _through(
        "got(kernel.fallocate(2, 1, ctypes.c_long(0), ctypes.c_long(1 << 30)))"
    ),
    "the same by another door": _through(
        "import fcntl, struct\n"
        "fcntl.ioctl(2, 0x40305828, struct.pack('hhqqiI4i', 0, 0, 0, 1 << 30, *[0] * 6))"
    ),
    "memory that no process holds": _through(
        "got(kernel.shmget(0, ctypes.c_size_t(1 << 28), 0o1600))"
    ),
    "messages that no process holds": _through("got(kernel.msgget(0, 0o1600))"),
    "the disk, again and again": _through("os.fsync(2)"),
    "the same with every byte": _through("os.pwritev(2, [b'x'], 0, os.RWF_SYNC)"),
    "signals that wait": _through("got(kernel.sigqueue(os.getpid(), 0, ctypes.c_void_p(0)))"),
    "a queue": _through("got(kernel.mq_open(b'/x', os.O_CREAT | os.O_RDWR, 0o600, None))"),
    "semaphores": _through("got(kernel.semget(0, 32000, 0o1600))"),
    "a file in memory": _through("os.memfd_create('x')"),
    "a pair of sockets": _through("import socket\nsocket.socketpair()"),
    "a terminal": _through("os.openpty()"),
    "a watch on files": _through("got(kernel.inotify_init1(0))"),
    "a shared folder for memory": _through("open('/dev/shm/x', 'w')"),
    # Reading and reaching out.
    "the machine's settings": _through("open('/proc/sys/kernel/core_pattern', 'r+').close()"),
    "the machine's processes": _through("os.listdir('/proc/1')"),
    "the machine's devices": _through("os.listdir('/sys')"),
    "the kernel's log": _through("got(kernel.klogctl(3, ctypes.create_string_buffer(99), 99))"),
    "a ring of requests to the kernel": _through(
        "got(kernel.syscall(425, 1, ctypes.create_string_buffer(120)))"
    ),
    "a handle of a process": _through("got(kernel.syscall(434, os.getpid(), 0))"),
    "a call that is newer than this list": _through(
        "kernel.syscall(450, -1, -1, -1, -1)\nassert ctypes.get_errno() != 1"
    ),
    "a namespace of its own": _through("got(kernel.unshare(0x10000000))"),
    "the machine's users": _through("open('/etc/passwd').read()"),
    "the grader's files": _through("open('MARKER').read()"),
    "the grader's environment": _through("assert set(os.environ) & {'PATH', 'USER', 'PYTHONPATH'}"),
    "the grader's descriptors": _through(
        "for number in range(5, 64):\n    try: os.fstat(number)\n    except OSError: continue\n"
        "    break\nelse: raise OSError"
    ),
    "a connection": _called(
        "import socket\ns = socket.create_connection(('127.0.0.1', PORT), 2)\ns.send(b'hello')"
    ),
    "a listener": _through("import socket\ns = socket.socket()\ns.bind(('127.0.0.1', 0))"),
    "the grader by ptrace": _called(
        "import ctypes\ncall = ctypes.CDLL(None).ptrace\n"
        "for pid in range(1, 40000): call(16, pid, 0, 0)"
    ),
    "a process that lets itself be traced": _through("got(kernel.ptrace(0, 0, 0, 0))"),
    "a mount of its own": _through("got(kernel.mount(b'x', b'/tmp', b'tmpfs', 0, 0))"),
    "a limit lifted": _through(
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (2 ** 40, 2 ** 40))"
    ),
    # The answer from elsewhere.
    "the package": "from dlcourse.grading.bank.sgd import epoch",
    "the package, when called": _called(
        "from dlcourse.grading.bank import find\n"
        "return find('sgd').reference(w, X, y, lr, batch_size, order)"
    ),
    "the package, by its path": _called(
        "import sys, glob\n"
        "sys.path += glob.glob('/**/site-packages', recursive=True) + ['/w', '/']\n"
        "from dlcourse.grading.bank.sgd import epoch as found\n"
        "return found(w, X, y, lr, batch_size, order)"
    ),
    "torch": "import torch\nepoch = torch.optim.SGD",
    "an import hook removed": _called(
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
    "NumPy changed": _called(
        "import numpy as np\nnp.abs = np.absolute = lambda *a, **k: np.zeros(1)\n"
        "np.allclose = np.array_equal = lambda *a, **k: True\nnp.max = lambda *a, **k: 0"
    ),
    "the worker changed": _called(
        "import sys\nfor m in list(sys.modules.values()):\n"
        "    for name in ('compare', 'untouched', 'close'):\n"
        "        if hasattr(m, name): setattr(m, name, lambda *a, **k: None)"
    ),
    "not a number": _called("return w * float('nan')"),
    "infinity": _called("return w / 0 + float('inf')"),
    "an object that pickles to code": """
class Boom:
    def __reduce__(self): return (print, ("graded",))
def epoch(w, X, y, lr, batch_size, order): return [Boom()] * 3
""",
    "an array of objects": _called(
        "import numpy as np\nreturn np.array([print, open, eval], object)"
    ),
    # The pipe.
    "a forged verdict": _called(
        "import os, json, struct\n"
        "head = json.dumps({'dict': [['points', 100], ['status', 'correct']]}).encode()\n"
        "for fd in range(3, 20):\n"
        "    try: os.write(fd, struct.pack('<II', len(head), 0) + head)\n"
        "    except OSError: pass"
    ),
    "a forged frame": _called(
        "import os\nfor fd in range(1, 20):\n    try: os.write(fd, b'\\xff' * 4096)\n"
        "    except OSError: pass"
    ),
    "replies without end": _called(
        "import os, json, struct\nhead = json.dumps({'dict': [['ask', 'grad'], ['args', []], "
        "['kwargs', {'dict': []}]]}).encode()\nwhile True:\n    for fd in range(3, 8):\n"
        "        try: os.write(fd, struct.pack('<II', len(head), 0) + head)\n"
        "        except OSError: pass"
    ),
    "a reply one byte at a time": _called(
        "import os, struct, time\nframe = struct.pack('<II', 99, 0) + b'[' * 99\nfor n in frame:\n"
        "    for fd in range(3, 8):\n        try: os.write(fd, bytes([n]))\n"
        "        except OSError: pass\n    time.sleep(0.1)"
    ),
    "the grader's next question": _called("import os\nwhile True: os.read(3, 10 ** 6)"),
    "a closed pipe": _called("import os\nos.closerange(0, 64)"),
    "a huge reply": _called("import numpy as np\nreturn np.zeros(2 ** 26)"),
    "a reply of one long word and many short": _called("return ['a' * 10 ** 5] + [''] * 2000"),
    "a deep reply": _called("value = []\nfor _ in range(10 ** 5): value = [value]\nreturn value"),
    "a wide reply": _called("return [0] * 10 ** 7"),
    "a reply that holds itself": _called("value = []\nvalue.append(value)\nreturn value"),
    "a long number": _called("return 10 ** 10 ** 6"),
    # Looking for what the grader knows.
    "the stack": _called(
        "import sys\nframe = sys._getframe()\nwhile frame:\n"
        "    for value in frame.f_locals.values():\n"
        "        if hasattr(value, 'expected'): return value.expected\n"
        "    frame = frame.f_back"
    ),
    "every object there is": _called(
        "import gc, numpy as np\nfor thing in gc.get_objects():\n"
        "    if isinstance(thing, dict) and 'expected' in thing: return thing['expected']"
    ),
    "the environment": _called("import os\nreturn str(dict(os.environ)) + str(os.listdir('/'))"),
    "the grader's command line": _through(
        "import glob\nassert [open(p).read() for p in glob.glob('/proc/*/cmdline')]"
    ),
    # Text that is no program.
    "no Python": "this is not Python",
    "a null byte": "def epoch(*a):\n    return '\0'",
    "ten thousand brackets": "epoch = " + "(" * 10_000 + ")" * 10_000,
    "a name without a function": "epoch = 42",
    "only a comment": "# epoch",
    "the inputs changed": _called("w[:] = 0\nX[:] = 0\ny[:] = 0"),
    "a type that resists": """
class Odd(type):
    def __getattribute__(cls, name): raise RuntimeError(name)
class epoch(metaclass=Odd):
    pass
""",
}
