"""Hostile answers that reach for the machine: processes, threads, memory, disk, files, network.

The two templates are those of all attacks; see ``attacks.py`` for what MARKER and PORT stand for.
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


def called(body):
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


def through(body):
    lines = "\n".join("    " + line for line in body.strip().splitlines())
    return THROUGH.format(body=lines, right=RIGHT.replace("epoch", "right"))


MACHINE = {
    # Processes, memory, disk.
    "a fork": called("import os\nos.fork()"),
    "a fork bomb": called("import os\nwhile True: os.fork()"),
    "a daemon": called(
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        "        time.sleep(3600)\n    os._exit(0)"
    ),
    "a process by another door": through(
        "import sys\nos.posix_spawn(sys.executable, ['python', '-c', '1'], {})"
    ),
    "more threads than it may": through(
        "import threading, time\nthreading.stack_size(2 ** 15)\nfor n in range(100):\n"
        "    threading.Thread(target=time.sleep, args=(9,), daemon=True).start()\ntime.sleep(0.5)"
    ),
    "threads without end": called(
        "import _thread, time\n_thread.stack_size(2 ** 15)\n"
        "while True: _thread.start_new_thread(time.sleep, (9,))"
    ),
    "threads without end, and much to say": called(
        "import _thread, time\n_thread.stack_size(2 ** 15)\n"
        "while True:\n    _thread.start_new_thread(time.sleep, (9,))\n    print('x' * 10 ** 5)"
    ),
    "a process for a thread": through(
        "number = {'x86_64': 56, 'aarch64': 220}[os.uname().machine]\n"
        "got(kernel.syscall(number, 17, 0, 0, 0, 0))"
    ),
    "a thread that stays": called(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(3600,)).start()"
    ),
    "a shell": called("import os\nos.system('touch MARKER')"),
    "another interpreter": called(
        "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'while True: pass'])"
    ),
    "a program in its place": called("import os\nos.execv('/bin/sh', ['sh', '-c', 'true'])"),
    "eight gigabytes": called("import numpy as np\na = np.ones(2 ** 30)\na[:] = 1"),
    "memory a little at a time": called("kept = []\nwhile True: kept.append(bytearray(2 ** 20))"),
    "a full disk": called(
        "block = b'x' * 2 ** 20\nfor n in range(10 ** 4):\n    open(f'/tmp/{n}', 'wb').write(block)"
    ),
    "one long file": called(
        "with open('/tmp/x', 'wb') as f:\n    while True: f.write(b'x' * 10 ** 6)"
    ),
    "output without end": called("while True: print('x' * 10 ** 6)"),
    "a file that is kept": called("open('MARKER', 'w').write('graded: 100')"),
    "files without number": through(
        "for n in range(10 ** 4): os.close(os.open(f'/tmp/{n}', os.O_CREAT | os.O_WRONLY))"
    ),
    "the grader's disk, beyond the end of what is printed": through(
        "got(kernel.fallocate(2, 1, ctypes.c_long(0), ctypes.c_long(1 << 30)))"
    ),
    "the same by another door": through(
        "import fcntl, struct\n"
        "fcntl.ioctl(2, 0x40305828, struct.pack('hhqqiI4i', 0, 0, 0, 1 << 30, *[0] * 6))"
    ),
    "the grader's disk, by what is printed": through("import mmap\nmmap.mmap(2, 1 << 20).flush()"),
    "memory that no process holds": through(
        "got(kernel.shmget(0, ctypes.c_size_t(1 << 28), 0o1600))"
    ),
    "messages that no process holds": through("got(kernel.msgget(0, 0o1600))"),
    "the disk, again and again": through("os.fsync(os.open('/w/worker.py', 0))"),
    "the same by its mapping": through(
        "import mmap\nfile = mmap.mmap(os.open('/w/worker.py', 0), 0, mmap.MAP_PRIVATE)\n"
        "got(kernel.msync(ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(file))), "
        "len(file), 4))"
    ),
    "the same for a part of it": through(
        "got(kernel.sync_file_range(os.open('/w/worker.py', 0), ctypes.c_long(0), "
        "ctypes.c_long(0), 7))"
    ),
    "the same with every byte": through("os.pwritev(2, [b'x'], -1, os.RWF_SYNC)"),
    "signals that wait": through("got(kernel.sigqueue(os.getpid(), 0, ctypes.c_void_p(0)))"),
    "a queue": through("got(kernel.mq_open(b'/x', os.O_CREAT | os.O_RDWR, 0o600, None))"),
    "semaphores": through("got(kernel.semget(0, 32000, 0o1600))"),
    "a file in memory": through("os.memfd_create('x')"),
    "a pair of sockets": through("import socket\nsocket.socketpair()"),
    "a terminal": through("os.openpty()"),
    "a watch on files": through("got(kernel.inotify_init1(0))"),
    "a shared folder for memory": through("open('/dev/shm/x', 'w')"),
    # Reading and reaching out.
    "the machine's settings": through("open('/proc/sys/kernel/core_pattern', 'r+').close()"),
    "the machine's processes": through("os.listdir('/proc/1')"),
    "the machine's devices": through("os.listdir('/sys')"),
    "the kernel's log": through("got(kernel.klogctl(3, ctypes.create_string_buffer(99), 99))"),
    "a ring of requests to the kernel": through(
        "got(kernel.syscall(425, 1, ctypes.create_string_buffer(120)))"
    ),
    "a handle of a process": through("got(kernel.syscall(434, os.getpid(), 0))"),
    "a call that is newer than this list": through(
        "kernel.syscall(450, -1, -1, -1, -1)\nassert ctypes.get_errno() != 1"
    ),
    "a namespace of its own": through("got(kernel.unshare(0x10000000))"),
    "the machine's users": through("open('/etc/passwd').read()"),
    "the grader's files": through("open('MARKER').read()"),
    "the grader's environment": through("assert set(os.environ) & {'PATH', 'USER', 'PYTHONPATH'}"),
    "the grader's descriptors": through(
        "for number in range(5, 64):\n    try: os.fstat(number)\n    except OSError: continue\n"
        "    break\nelse: raise OSError"
    ),
    "a connection": called(
        "import socket\ns = socket.create_connection(('127.0.0.1', PORT), 2)\ns.send(b'hello')"
    ),
    "a listener": through("import socket\ns = socket.socket()\ns.bind(('127.0.0.1', 0))"),
    "the grader by ptrace": called(
        "import ctypes\ncall = ctypes.CDLL(None).ptrace\n"
        "for pid in range(1, 40000): call(16, pid, 0, 0)"
    ),
    "a process that lets itself be traced": through("got(kernel.ptrace(0, 0, 0, 0))"),
    "a mount of its own": through("got(kernel.mount(b'x', b'/tmp', b'tmpfs', 0, 0))"),
    "a limit lifted": through(
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (2 ** 40, 2 ** 40))"
    ),
}
