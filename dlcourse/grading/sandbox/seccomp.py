"""System calls an answer has no use for, refused by the kernel (EPERM).

Two filters, as classic BPF programs. `launch` is in force before the interpreter starts and leaves
it just enough to start; `run` is added by the worker before it reads a line of the answer: from
then on nothing can start a process, run a program or open a socket. Stands alone, like ``wire.py``.
"""

from __future__ import annotations

import ctypes
import errno
import struct

# Numbers by machine: (AUDIT_ARCH, {name: number}). A call that a machine lacks is left out.
MACHINES: dict[str, tuple[int, dict[str, int]]] = {
    "x86_64": (
        0xC000003E,
        {
            "socket": 41, "connect": 42, "clone": 56, "fork": 57, "vfork": 58, "execve": 59,
            "ptrace": 101, "pivot_root": 155, "acct": 163, "chroot": 161, "mount": 165,
            "umount2": 166, "swapon": 167, "reboot": 169, "init_module": 175,
            "delete_module": 176, "quotactl": 179, "kexec_load": 246, "add_key": 248,
            "request_key": 249, "keyctl": 250, "unshare": 272, "perf_event_open": 298,
            "name_to_handle_at": 303, "open_by_handle_at": 304, "setns": 308,
            "process_vm_readv": 310, "process_vm_writev": 311, "finit_module": 313, "bpf": 321,
            "execveat": 322, "userfaultfd": 323, "io_uring_setup": 425, "io_uring_enter": 426,
            "io_uring_register": 427, "open_tree": 428, "move_mount": 429, "fsopen": 430,
            "pidfd_open": 434, "clone3": 435, "pidfd_getfd": 438, "memfd_create": 319,
            "memfd_secret": 447,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "umount2": 39, "mount": 40, "pivot_root": 41, "chroot": 51, "quotactl": 60,
            "acct": 89, "unshare": 97, "kexec_load": 104, "init_module": 105,
            "delete_module": 106, "ptrace": 117, "reboot": 142, "socket": 198, "connect": 203,
            "add_key": 217, "request_key": 218, "keyctl": 219, "clone": 220, "execve": 221,
            "swapon": 224, "perf_event_open": 241, "name_to_handle_at": 264,
            "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270,
            "process_vm_writev": 271, "finit_module": 273, "memfd_create": 279, "bpf": 280,
            "execveat": 281, "userfaultfd": 282, "io_uring_setup": 425, "io_uring_enter": 426,
            "io_uring_register": 427, "open_tree": 428, "move_mount": 429, "fsopen": 430,
            "pidfd_open": 434, "clone3": 435, "pidfd_getfd": 438, "memfd_secret": 447,
        },
    ),
}  # fmt: skip

# What the interpreter and its loader need to start; the worker gives these up as well.
STARTING = {"execve", "clone", "clone3", "fork", "vfork"}

LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
KILL, REFUSE, ALLOW = 0x80000000, 0x00050000 | errno.EPERM, 0x7FFF0000
X32 = 0x40000000  # calls of the x32 interface have this bit: the same calls by other numbers


def launch(machine: str) -> bytes:
    """The filter for bubblewrap's ``--seccomp``."""
    return _program(machine, STARTING)


def run(machine: str) -> bytes:
    """The filter that the worker adds."""
    return _program(machine, set())


def install(program: bytes) -> None:
    """Put this process, and all it would start, under a filter. There is no way back."""
    libc = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(program, len(program))
    fprog = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    no_new_privileges, seccomp, filter_mode = 38, 22, 2
    if libc.prctl(no_new_privileges, 1, 0, 0, 0) or libc.prctl(seccomp, filter_mode, fprog, 0, 0):
        raise OSError(ctypes.get_errno(), "the filter of system calls could not be installed")


def _program(machine: str, allowed: set[str]) -> bytes:
    """Wrong machine: kill. A call of the list that is not allowed: EPERM. Any other: go on."""
    arch, calls = MACHINES[machine]
    refused = sorted(number for name, number in calls.items() if name not in allowed)
    steps = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, arch), (RETURN, 0, 0, KILL), (LOAD, 0, 0, 0)]
    if machine == "x86_64":
        steps += [(AT_LEAST, 0, 1, X32), (RETURN, 0, 0, REFUSE)]
    for number in refused:
        steps += [(EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSE)]
    steps.append((RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("<HBBI", *step) for step in steps)
