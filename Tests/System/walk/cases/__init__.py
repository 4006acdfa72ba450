# SPDX-License-Identifier: Apache-2.0
"""The cases. Importing them in this order registers them in this order."""

from . import install, reloading, journal, rotation, dying, activation, sandbox, examples, endurance, versions

__all__ = ["install", "reloading", "journal", "rotation", "dying", "activation", "sandbox", "examples", "endurance", "versions"]
