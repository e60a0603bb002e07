"""System calls an answer has no use for, refused by the kernel (EPERM).

Two filters, as classic BPF programs. `launch` is in force before the interpreter starts and leaves
it just enough to start; `run` is added by the worker before it reads a line of the answer: from
then on nothing can start a process, run a program or open a socket; threads can be started, of
which there is a limit elsewhere. Stands alone, like ``wire.py``.
"""

from __future__ import annotations

import ctypes
import errno
import signal
import struct
from collections.abc import Sequence

Step = tuple[int, int, int, int]
"""Of a program: what to do, how far to jump if so and if not, and with which number."""

# Numbers by machine: (AUDIT_ARCH, {name: number}). A call that a machine lacks is left out.
MACHINES: dict[str, tuple[int, dict[str, int]]] = {
    "x86_64": (
        0xC000003E,
        {
            "ioctl": 16, "msync": 26, "shmget": 29, "shmat": 30, "socket": 41, "connect": 42,
            "socketpair": 53, "clone": 56, "fork": 57, "vfork": 58, "execve": 59, "semget": 64,
            "msgget": 68, "fsync": 74, "fdatasync": 75, "ptrace": 101, "syslog": 103,
            "rt_sigqueueinfo": 129, "personality": 135, "modify_ldt": 154, "pivot_root": 155,
            "chroot": 161, "sync": 162, "acct": 163, "mount": 165, "umount2": 166,
            "swapon": 167, "reboot": 169, "init_module": 175, "delete_module": 176,
            "quotactl": 179, "io_setup": 206, "timer_create": 222, "mq_open": 240,
            "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250,
            "inotify_init": 253, "unshare": 272, "splice": 275, "tee": 276, "sync_file_range": 277,
            "vmsplice": 278, "fallocate": 285, "inotify_init1": 294, "rt_tgsigqueueinfo": 297,
            "perf_event_open": 298, "fanotify_init": 300, "name_to_handle_at": 303,
            "open_by_handle_at": 304, "syncfs": 306, "setns": 308, "process_vm_readv": 310,
            "process_vm_writev": 311, "kcmp": 312, "finit_module": 313, "memfd_create": 319,
            "kexec_file_load": 320, "bpf": 321, "execveat": 322, "userfaultfd": 323,
            "pwritev2": 328,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "io_setup": 0, "inotify_init1": 26, "ioctl": 29, "umount2": 39, "mount": 40,
            "pivot_root": 41, "fallocate": 47, "chroot": 51, "quotactl": 60, "vmsplice": 75,
            "splice": 76, "tee": 77, "sync": 81, "fsync": 82, "fdatasync": 83,
            "sync_file_range": 84, "acct": 89, "personality": 92, "unshare": 97,
            "kexec_load": 104, "init_module": 105, "delete_module": 106, "timer_create": 107,
            "syslog": 116, "ptrace": 117,
            "rt_sigqueueinfo": 138, "reboot": 142, "mq_open": 180, "msgget": 186, "semget": 190,
            "shmget": 194, "shmat": 196, "socket": 198, "socketpair": 199, "connect": 203,
            "add_key": 217, "request_key": 218, "keyctl": 219, "clone": 220, "execve": 221,
            "swapon": 224, "msync": 227, "rt_tgsigqueueinfo": 240, "perf_event_open": 241,
            "fanotify_init": 262, "name_to_handle_at": 264, "open_by_handle_at": 265,
            "syncfs": 267, "setns": 268, "process_vm_readv": 270, "process_vm_writev": 271,
            "kcmp": 272, "finit_module": 273, "memfd_create": 279, "bpf": 280, "execveat": 281,
            "userfaultfd": 282, "pwritev2": 287, "kexec_file_load": 294,
        },
    ),
}  # fmt: skip

# From here on every machine has the same numbers, and every kernel adds some (io_uring, new mounts,
# handles of processes). All are refused but these, which a library may well use.
NEWER = 424
KEPT = {
    "close_range": 436, "openat2": 437, "faccessat2": 439, "epoll_pwait2": 441,
    "futex_waitv": 449, "fchmodat2": 452, "futex_wake": 454, "futex_wait": 455,
    "futex_requeue": 456, "mseal": 462,
}  # fmt: skip

# What the interpreter and its loader need to start; the worker gives these up as well.
STARTING = {"execve", "clone", "fork", "vfork", "ioctl"}

# A thread is a process that shares all it has. The C library starts it by clone3, whose flags no
# filter can see, and where the kernel is said to have none by clone, with these flags and no others
# (musl adds one that means nothing).
CLONE3, THREAD, NOTHING = 435, 0x3D0F00, 0x400000

# What ties a process to its parent is not untied.
PRCTL, PARENT_GONE = {"x86_64": 157, "aarch64": 167}, 1

LOAD, AND, EQUAL, AT_LEAST, RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
NUMBER, ARCH, ARGUMENT = 0, 4, 16
KILL, REFUSE, LACKING = 0x80000000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
ALLOW = 0x7FFF0000
X32 = 0x40000000  # calls of the x32 interface have this bit: the same calls by other numbers


def launch(machine: str) -> bytes:
    """The filter for bubblewrap's ``--seccomp``."""
    return _program(machine, STARTING, {*KEPT.values(), CLONE3})


def run(machine: str) -> bytes:
    """The filter that the worker adds."""
    clone = MACHINES[machine][1]["clone"]
    first = [(EQUAL, 0, 1, CLONE3), (RETURN, 0, 0, LACKING), (EQUAL, 0, 5, clone)]
    first += [(LOAD, 0, 0, ARGUMENT), (AND, 0, 0, 0xFFFFFFFF ^ NOTHING), (EQUAL, 0, 1, THREAD)]
    first += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, REFUSE)]
    first += [(EQUAL, 0, 4, PRCTL[machine]), (LOAD, 0, 0, ARGUMENT), (EQUAL, 0, 1, PARENT_GONE)]
    first += [(RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]
    return _program(machine, set(), set(KEPT.values()), first)


def install(program: bytes) -> None:
    """Put this process, and all it would start, under a filter. There is no way back."""
    libc = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(program, len(program))
    fprog = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    no_new_privileges, seccomp, filter_mode = 38, 22, 2
    if libc.prctl(no_new_privileges, 1, 0, 0, 0) or libc.prctl(seccomp, filter_mode, fprog, 0, 0):
        raise OSError(ctypes.get_errno(), "the filter of system calls could not be installed")


def end_with_parent() -> None:
    """Have the kernel end this process when its parent is gone, even a parent that was killed."""
    if ctypes.CDLL(None, use_errno=True).prctl(PARENT_GONE, signal.SIGKILL):
        raise OSError(ctypes.get_errno(), "the process could not be tied to its parent")


def _program(machine: str, allowed: set[str], newer: set[int], first: Sequence[Step] = ()) -> bytes:
    """Wrong machine: kill. A call of the list, or a newer one, not allowed: EPERM. Else: go on."""
    arch, calls = MACHINES[machine]
    refused = sorted(number for name, number in calls.items() if name not in allowed)
    steps = [(LOAD, 0, 0, ARCH), (EQUAL, 1, 0, arch), (RETURN, 0, 0, KILL), (LOAD, 0, 0, NUMBER)]
    if machine == "x86_64":
        steps += [(AT_LEAST, 0, 1, X32), (RETURN, 0, 0, REFUSE)]
    steps += first
    for number in refused:
        steps += [(EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSE)]
    for number in sorted(newer):
        steps += [(EQUAL, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    steps += [(AT_LEAST, 0, 1, NEWER), (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("<HBBI", *step) for step in steps)
