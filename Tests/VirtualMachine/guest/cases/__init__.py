# SPDX-License-Identifier: Apache-2.0
"""The cases. A file here registers its own when it is imported; they run in this order."""

from . import modules, ground, vsock, forward, health, reloading, can, gateway, rds, congestion, disturbed, client, examples  # noqa: F401
