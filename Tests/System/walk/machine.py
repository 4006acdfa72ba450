# SPDX-License-Identifier: Apache-2.0
"""A machine: a Debian root in which systemd runs as the first process, looked at and driven from outside."""

import ctypes
import os
import shutil
import signal
import subprocess

from .waiting import true, wait_for

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
BOOT_SECONDS = 60
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
               "DEBIAN_FRONTEND": "noninteractive", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0", "HOME": "/root"}


class CannotBoot(Exception):
    """Why no machine can be had on this host."""


class Machine:
    """Has a network of its own, which is loopback and nothing else. `leader` is its first process."""

    def __init__(self, root):
        self.root = root
        self.console = f"{root}.console"
        self.process = None
        self.leader = None
        self.transcript = []

    # Power.

    def boot(self):
        words = ["systemd-nspawn", "--quiet", f"--directory={self.root}", f"--machine=usher-walk-{os.getpid()}",
                 "--private-network", "--link-journal=no", "--resolv-conf=off", "--timezone=off", "--console=pipe"]
        if not os.path.isdir("/run/systemd/system"):
            # There is no systemd here that could keep a register or give it a unit.
            words += ["--register=no", "--keep-unit"]
        with open(self.console, "wb") as console:
            self.process = subprocess.Popen([*words, "--boot"], stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                                            start_new_session=True, preexec_fn=self.end_with_this_process)
        try:
            self.leader = wait_for("the first process", self.find_leader, BOOT_SECONDS)
            wait_for("systemd to be done", self.is_up, BOOT_SECONDS)
        except TimeoutError as failure:
            raise CannotBoot(f"{failure}; the console: {self.said()[-2000:]}") from failure
        self.enter_network()

    @staticmethod
    def end_with_this_process():
        """Has the kernel turn the machine off if the driver is killed."""
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    def find_leader(self):
        if self.process.poll() is not None:
            raise CannotBoot(f"systemd-nspawn exited with {self.process.returncode}: {self.said()[-2000:]}")
        for child in os.listdir("/proc"):
            try:
                with open(f"/proc/{child}/stat", encoding="ascii", errors="replace") as file:
                    name, rest = file.read().rsplit(")", 1)
                if child.isdigit() and int(rest.split()[1]) == self.process.pid and name.endswith("(systemd"):
                    return int(child)
            except (OSError, IndexError):
                continue
        return None

    def is_up(self):
        self.find_leader()
        state = self.run("systemctl", "is-system-running", check=False).strip()
        return state in ("running", "degraded")

    def enter_network(self):
        """From now on, this thread's sockets are the machine's."""
        with open(f"/proc/{self.leader}/ns/net", "rb") as namespace:
            if LIBC.setns(namespace.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

    def power_off(self):
        """Shuts it down as its operator would, and by force if that takes long."""
        if not self.process or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def said(self):
        """What came on its console."""
        with open(self.console, encoding="utf-8", errors="replace") as file:
            return file.read()

    # What is in it.

    def run(self, *words, check=True, tell=False):
        """Runs a program in it and returns what it prints, errors included. With `tell`, that is part of the transcript."""
        result = self.start(*words)
        text = result.stdout
        if tell:
            self.transcript.append(f"$ {' '.join(words)}\n{text}")
        if check and result.returncode != 0:
            raise AssertionError(f"`{' '.join(words)}` exited with {result.returncode}: {text.strip()}")
        return text

    def start(self, *words):
        """Runs a program in it and returns how that went."""
        return subprocess.run(
            ["nsenter", f"--target={self.leader}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--", *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            env=ENVIRONMENT, check=False)

    def path(self, path):
        """Where this host sees a path of the machine."""
        return f"/proc/{self.leader}/root{path}"

    def read(self, path):
        with open(self.path(path), encoding="utf-8", errors="replace") as file:
            return file.read()

    def write(self, path, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        with open(self.path(path), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(path), mode)

    def copy_in(self, source, path):
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        shutil.copy(source, self.path(path))

    def exists(self, path):
        return os.path.lexists(self.path(path))

    def files(self):
        """All that lies on its disk, but for what comes and goes by itself."""
        found = set()
        for top in ("etc", "usr", "var", "opt", "srv", "root"):
            for directory, directories, names in os.walk(os.path.join(self.root, top)):
                inside = os.path.relpath(directory, self.root)
                found.update(f"/{inside}/{name}" for name in directories + names)
        true(found, "the machine has no files")
        return found
