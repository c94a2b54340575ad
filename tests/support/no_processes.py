"""Makes starting a process deadly, so that a test can claim that a command starts none.

A seccomp filter (seccomp(2)) ends the process with SIGSYS when it calls fork, vfork, or clone for anything but a
thread. clone3 says that it does not exist, because its flags are behind a pointer that a filter cannot follow; the C
library falls back to clone. The filter needs no privileges, and holds for execve'd programs too.
"""

import ctypes
import platform
import struct

PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
KILL = 0x80000000
ERRNO_ENOSYS = 0x00050000 | 38
ALLOW = 0x7FFF0000
CLONE_THREAD = 0x00010000

LOAD, JUMP_EQUAL, JUMP_SET, RETURN = 0x20, 0x15, 0x45, 0x06
OFFSET_NUMBER, OFFSET_ARGUMENT = 0, 16

# clone, clone3, those without flags.
NUMBERS = {"x86_64": (56, 435, (57, 58)), "aarch64": (220, 435, ())}


def _program():
    clone, clone3, plain = NUMBERS[platform.machine()]
    lines = [(LOAD, 0, 0, OFFSET_NUMBER)]
    for number in plain:
        lines += [(JUMP_EQUAL, 0, 1, number), (RETURN, 0, 0, KILL)]
    lines += [
        (JUMP_EQUAL, 0, 1, clone3),
        (RETURN, 0, 0, ERRNO_ENOSYS),
        (JUMP_EQUAL, 0, 3, clone),
        (LOAD, 0, 0, OFFSET_ARGUMENT),
        (JUMP_SET, 1, 0, CLONE_THREAD),
        (RETURN, 0, 0, KILL),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *line) for line in lines), len(lines)


CODE, LENGTH = _program()
LIBC = ctypes.CDLL(None, use_errno=True)


class _Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]


FILTER = _Filter(LENGTH, CODE)


def forbid_processes():
    """For subprocess's `preexec_fn`."""
    if LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_NO_NEW_PRIVS")
    if LIBC.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(FILTER), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_SECCOMP")
