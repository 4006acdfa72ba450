# SPDX-License-Identifier: Apache-2.0
"""The whole way of a user, on a booted Debian: from the package to the purge."""
