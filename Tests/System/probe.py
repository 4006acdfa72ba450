# SPDX-License-Identifier: Apache-2.0
"""Tries what the sandbox of usherd.service is to forbid, and what it is to allow. Runs in the machine, in that sandbox, and
prints a line for each thing: `WHAT: allowed` or `WHAT: ERRNO`."""

import ctypes
import errno
import os
import socket

LIBC = ctypes.CDLL(None, use_errno=True)
PTRACE_ATTACH = 16
INIT_MODULE = {"x86_64": 175, "aarch64": 105}[os.uname().machine]
CLONE_NEWUSER = 0x10000000
PROT_READ_WRITE_EXECUTE = 7
MAP_PRIVATE_ANONYMOUS = 0x22


def call(function, *arguments):
    """Calls a function of libc; fails as it does."""
    result = getattr(LIBC, function)(*arguments)
    if result == -1:
        raise OSError(ctypes.get_errno(), function)


def write(path):
    with open(path, "w", encoding="ascii") as file:
        file.write("x")
    os.unlink(path)


def executable_memory():
    LIBC.mmap.restype = ctypes.c_ssize_t
    call("mmap", None, ctypes.c_size_t(4096), PROT_READ_WRITE_EXECUTE, MAP_PRIVATE_ANONYMOUS, -1, ctypes.c_long(0))


def set_user_id_file():
    path = "/run/usherd/probe"
    with open(path, "w", encoding="ascii"):
        pass
    try:
        os.chmod(path, 0o4755)
    finally:
        os.unlink(path)


ATTEMPTS = {
    "write to /etc": lambda: write("/etc/usherd/probe"),
    "write to /usr": lambda: write("/usr/local/probe"),
    "write to /var/lib": lambda: write("/var/lib/probe"),
    "list /root": lambda: os.listdir("/root"),
    "see another process": lambda: os.listdir("/proc/1"),
    "trace a process": lambda: call("ptrace", PTRACE_ATTACH, os.getppid(), None, None),
    "load a module": lambda: call("syscall", INIT_MODULE, b"", ctypes.c_ulong(0), b""),
    "mount": lambda: call("mount", b"none", b"/tmp", b"tmpfs", 0, None),
    "set the clock": lambda: call("settimeofday", ctypes.byref((ctypes.c_long * 2)(1, 0)), None),
    "become another user": lambda: os.setuid(1),
    "make a namespace": lambda: call("unshare", CLONE_NEWUSER),
    "make memory executable": executable_memory,
    "make a set-user-id file": set_user_id_file,
    "open a packet socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
    "open a netlink socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "open a device": lambda: open("/dev/console", "rb").close(),
    "write to /run/usherd": lambda: write("/run/usherd/probe"),
    "write to /var/log/usherd": lambda: write("/var/log/usherd/probe"),
    "open a TCP socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close(),
}

for what, attempt in ATTEMPTS.items():
    try:
        attempt()
        print(f"{what}: allowed", flush=True)
    except OSError as failure:
        print(f"{what}: {errno.errorcode.get(failure.errno, failure.errno)}", flush=True)
