"""What an answer finds when it looks around in the sandbox: each wall by itself, seen from inside.

The attacks of ``attacks.py`` fail at the first wall they meet; this says that the others stand too.
"""

import os
import platform
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tools_available import need

from dlcourse.grading import sandbox
from dlcourse.grading.sandbox import Limits, Sandbox, SandboxError, launch
from dlcourse.grading.sandbox.child import ChildError
from dlcourse.grading.sandbox.launch import ENVIRONMENT, interpreter

# Numbers that are no defaults, so that a limit is known to come from here.
LIMITS = Limits(cpu=7, memory=(1 << 30) - (1 << 20), processes=6, disk=3 << 20)

LOOK = """
def look(refused, folders):
    import ctypes, os, resource, sys
    libc = ctypes.CDLL(None, use_errno=True)
    seen = {"limits": {}, "calls": {}}
    for kind in ("AS", "CPU", "NPROC", "FSIZE", "NOFILE", "CORE"):
        seen["limits"][kind] = list(resource.getrlimit(getattr(resource, "RLIMIT_" + kind)))
    for name, number in refused.items():
        ctypes.set_errno(0)
        libc.syscall(number, 0, 0, 0, 0, 0)
        seen["calls"][name] = ctypes.get_errno()
    asked = {"seccomp": 21, "no new privileges": 39}
    seen["asked"] = {name: libc.prctl(number, 0, 0, 0, 0) for name, number in asked.items()}
    header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    libc.capget(header, data)
    seen["rights"] = sum(data)
    seen["writable"] = [
        path for path in folders if os.path.isdir(path) and not os.statvfs(path).f_flag & 1
    ]
    seen["there"] = [path for path in folders if os.path.lexists(path)]
    seen["root"] = sorted(os.listdir("/"))
    seen["host"] = os.uname().nodename
    seen["user"] = [os.getuid(), os.getgid()]
    seen["environment"] = dict(os.environ)
    seen["folder"] = [os.getcwd(), *os.listdir()]
    seen["input"] = os.fstat(0).st_rdev == os.stat("/dev/null").st_rdev
    seen["number"] = os.getpid()
    seen["path"] = sys.path
    installed = os.path.join(os.path.dirname(os.__file__), "site-packages")
    seen["installed"] = os.listdir(installed) if os.path.isdir(installed) else []
    return seen
"""

# Calls that succeed, or fail otherwise than by EPERM, when nobody refuses them.
REFUSED = {
    **{"socket": 41, "connect": 42, "execve": 59, "ptrace": 101, "unshare": 272, "clone": 56},
    **{"fsync": 74, "fdatasync": 75, "sync_file_range": 277, "msync": 26, "fallocate": 285},
    **{"process_vm_readv": 310, "process_vm_writev": 311, "memfd_create": 319, "execveat": 322},
    **{"io_uring_setup": 425, "pidfd_open": 434, "keyctl": 250, "add_key": 248},
    **{"userfaultfd": 323, "name_to_handle_at": 303, "fork by its x32 number": 0x40000000 | 57},
}
EPERM, ENOSYS = 1, 38
CLONE3 = 435
"""Said not to be there: the C library then starts its threads by clone, whose flags can be seen."""
FOLDERS = ["/", "/tmp", "/dev", "/dev/shm", "/w", "/w/site", "/usr/lib", "/proc", "/sys", "/home",
           "/root", "/run", "/var", "/mnt"]  # fmt: skip


def asked(subject, **given):
    functions = {name: value for name, value in given.items() if callable(value)}
    request = {"names": list(given), "given": given, "over": None}
    return subject.child.ask(request, functions)


@pytest.fixture(scope="module", autouse=True)
def _bubblewrap():
    need("bubblewrap")


@pytest.fixture(scope="module")
def seen():
    """What the answer saw."""
    calls = {**REFUSED, "clone3": CLONE3} if platform.machine() == "x86_64" else {}
    with Sandbox(limits=LIMITS).answer(LOOK, "look") as subject:
        subject.facts()
        reply = asked(subject, refused=calls, folders=FOLDERS)
    assert "value" in reply, reply
    return reply["value"]


def test_every_limit_is_set_and_hard(seen):
    expected = {
        **{"AS": LIMITS.memory, "CPU": LIMITS.cpu, "NPROC": LIMITS.processes},
        **{"FSIZE": LIMITS.disk, "NOFILE": 64, "CORE": 0},
    }
    assert seen["limits"] == {kind: [limit, limit] for kind, limit in expected.items()}


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are those of x86-64")
def test_calls_are_refused_one_by_one(seen):
    expected = {**dict.fromkeys(REFUSED, EPERM), "clone3": ENOSYS}
    assert seen["calls"] == expected


def test_a_filter_and_no_rights(seen):
    assert seen["asked"] == {"seccomp": 2, "no new privileges": 1}
    assert seen["rights"] == 0
    assert seen["user"] == [65534, 65534]


def test_a_filter_is_there_before_the_worker_adds_its_own():
    command = launch.bubblewrap(LIMITS)
    words = command.words[: command.words.index("--") + 1]
    words += [str(interpreter()), "-I", "-S", "-c"]
    words.append("import ctypes; print(ctypes.CDLL(None).prctl(21, 0, 0, 0, 0))")
    source, target = os.pipe()
    os.write(target, command.filter)
    os.close(target)
    words[words.index("{filter}")] = str(source)
    said = subprocess.check_output(words, pass_fds=[source])
    os.close(source)
    assert said == b"2\n", "2 stands for a filter, 0 for none"


def test_nothing_can_be_written_to(seen):
    assert {"/", "/tmp", "/dev", "/w", "/usr/lib"} <= set(seen["there"])
    assert seen["writable"] == []
    assert seen["folder"] == ["/tmp"]


def test_there_is_no_machine_around_it(seen):
    assert seen["number"] <= 3  # bubblewrap's own come first, in a count of their own
    assert seen["host"] == "grader" != socket.gethostname()
    assert seen["environment"] == {**ENVIRONMENT, "PWD": "/tmp"}
    assert seen["input"] is True


def test_nothing_is_there_but_what_python_and_numpy_need(seen):
    allowed = {"dev", "tmp", "w", "usr", "lib", "lib32", "lib64", "etc"}
    allowed |= {Path(path).parts[1] for path in (interpreter(), sys.base_prefix)}
    assert {"w", "tmp"} <= set(seen["root"]) <= allowed
    assert not {"/proc", "/sys", "/run", "/var", "/mnt"} & set(seen["there"])
    assert seen["path"][:2] == ["/w", "/w/site"] and seen["installed"] == []


def test_limits_alone_are_limits_and_a_filter_in_an_empty_folder():
    with Sandbox("rlimits", limits=LIMITS).answer(LOOK, "look") as subject:
        subject.facts()
        seen = asked(subject, refused={}, folders=FOLDERS)["value"]
    assert seen["limits"]["AS"] == [LIMITS.memory] * 2 and seen["limits"]["CPU"] == [LIMITS.cpu] * 2
    assert seen["asked"]["seccomp"] == 2 and "/tmp" in seen["writable"]
    assert len(seen["folder"]) == 1 and Path(seen["folder"][0]).name == "empty"


# Time

DRIP = """
import os, time
def drip(times):
    for fd in range(3, 20):
        try:
            os.write(fd, b"\\x10\\0\\0\\0\\0\\0\\0\\0")
        except OSError:
            continue
        for _ in range(times):
            time.sleep(0.1)
            os.write(fd, b" ")
"""
NAP = "import time\ndef nap(seconds):\n    time.sleep(seconds)\n    return 0\n"


def test_a_reply_that_drips_ends_with_the_call():
    """A byte now and then is no reply: the limit is for the whole of it."""
    with Sandbox(limits=Limits(call=1.0, total=60.0)).answer(DRIP, "drip") as subject:
        subject.facts()
        with pytest.raises(ChildError, match=r"within the limit of 1 s for one call"):
            asked(subject, times=18)


def test_calling_back_buys_no_time():
    source = "def ask(grad):\n    while True: grad(1.0)\n"
    with Sandbox(limits=Limits(call=1.0, total=4.0)).answer(source, "ask") as subject:
        subject.facts()
        with pytest.raises(ChildError, match=r"within the limit of 1 s for one call"):
            asked(subject, grad=lambda x: x)


def test_all_calls_together_have_a_limit():
    with Sandbox(limits=Limits(call=60.0, total=1.0)).answer(NAP, "nap") as subject:
        subject.facts()
        assert asked(subject, seconds=0.0)["value"] == 0
        with pytest.raises(ChildError, match=r"within the limit of 1 s in all"):
            asked(subject, seconds=5.0)


def test_a_reply_of_too_many_nodes_is_not_sent():
    source = "def wide(count): return [0] * count\n"
    with Sandbox().answer(source, "wide") as subject:
        subject.facts()
        assert asked(subject, count=1000)["value"] == [0] * 1000
        kind, _, said, _ = asked(subject, count=200_000)["failure"]
        assert kind == "WireError" and "return arrays, not nested lists" in said


@pytest.mark.parametrize(("call", "name"), [("system", "Darwin"), ("machine", "riscv64")])
def test_a_machine_without_a_filter_is_refused(call, name, monkeypatch):
    monkeypatch.setattr(platform, call, lambda: name)
    with pytest.raises(SandboxError, match=f"There is no sandbox for .*{name}"):
        Sandbox()


@pytest.mark.parametrize("body", ["raise OSError", "return None", "return 0"])
def test_a_self_test_that_says_nothing_is_no_pass(body, monkeypatch):
    monkeypatch.setattr(sandbox, "ATTEMPTS", f"def escapes(marker): {body}\n")
    with pytest.raises(SandboxError, match="does not hold"):
        Sandbox()


def test_what_is_printed_is_kept_in_part():
    source = "print('x' * 100_000)\ndef nap(seconds): pass\n"
    with Sandbox(limits=Limits(output=50)).answer(source, "nap") as subject:
        subject.facts()
        assert subject.child.output() == "x" * 50


LOOP = "def loop():\n    {}\n    while True: pass\n"


def test_a_loop_is_stopped_by_what_it_computes_not_by_the_clock():
    limits = Limits(call=60.0, total=60.0, compute=0.2)
    with Sandbox(limits=limits).answer(LOOP.format(""), "loop") as subject:
        subject.facts()
        with pytest.raises(ChildError, match=r"^no result within the limit of 0.2 s of comp") as it:
            asked(subject)
    assert it.value.kind == "TimeoutError"


def test_time_that_the_machine_takes_is_not_computing():
    with Sandbox(limits=Limits(compute=0.2)).answer(NAP, "nap") as subject:
        subject.facts()
        assert asked(subject, seconds=0.5)["value"] == 0


def test_each_call_computes_for_itself():
    source = (
        "import time\ndef work(seconds):\n    end = time.process_time() + seconds\n"
        "    while time.process_time() < end: pass\n    return 1\n"
    )
    with Sandbox(limits=Limits(compute=0.4)).answer(source, "work") as subject:
        subject.facts()
        assert [asked(subject, seconds=0.25)["value"] for _ in range(3)] == [1, 1, 1]


def test_who_stops_that_clock_meets_the_other_one():
    undo = "import signal; signal.setitimer(signal.ITIMER_PROF, 0)"
    limits = Limits(call=1.0, total=4.0, compute=0.2)
    with Sandbox(limits=limits).answer(LOOP.format(undo), "loop") as subject:
        subject.facts()
        with pytest.raises(ChildError, match=r"^no reply within the limit of 1 s for one call"):
            asked(subject)


def test_a_reply_that_is_too_long_is_asked_for_once():
    source = "calls = []\ndef wide():\n    calls.append(0)\n    return [len(calls)] * 10**6\n"
    with Sandbox().answer(source, "wide") as subject:
        subject.facts()
        request = {"names": [], "given": {}, "over": None}
        first, second = subject._ask(request), subject._ask(request)
    assert first.type == "WireError" and second is first
