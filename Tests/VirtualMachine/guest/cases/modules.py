# SPDX-License-Identifier: Apache-2.0
"""A kernel that lacks an address family: the message names the module to load."""

import re

from .. import kernel
from ..daemon import Daemon
from ..registry import case
from ..waiting import equal, true


def check_refusal(listen, *names):
    """usherd cannot start with such a listener, and one of these names of modules is in what it says."""
    daemon = Daemon(f'[listener.absent]\nlisten = "{listen}"\nservice = "echo"\n', wait=False)
    equal(daemon.process.wait(20), 69, f"the exit status without the module; usherd said {daemon.said()}")
    message = daemon.record("failed")["message"].replace(listen, "")
    true(re.search("module|modprobe", message), f"no word of a module: {message}")
    words = re.findall("[a-z-]+", message.replace("_", "-"))
    true(set(names) & set(words), f"none of the modules {', '.join(names)} is named: {message}")


@case("vsock", before_modules=True)
def vsock_without_its_module():
    check_refusal("vsock://any:7007", "vsock")


@case("rds", before_modules=True)
def rds_without_its_module():
    check_refusal("rds://127.0.0.1:7007", "rds")


@case("can", before_modules=True)
def can_without_its_module():
    check_refusal("can://vcan0", "can", "can-raw")


@case("can", before_modules=True)
def can_without_the_module_of_raw_frames():
    # The family is there now, its protocol for raw frames is not.
    kernel.load("can")
    check_refusal("can://vcan0", "can-raw")
