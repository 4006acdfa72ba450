# SPDX-License-Identifier: Apache-2.0
"""Medians, and how far they can be trusted."""

from dataclasses import dataclass
from math import comb
from statistics import median


@dataclass
class Summary:
    median: float
    low: float
    high: float
    count: int


def summarize(values):
    """The median with a 95 % interval that assumes nothing about the distribution: two order statistics, chosen so
    that the true median lies outside with a probability of at most 5 % (binomial). Below six values no two are far
    enough apart for that, and the interval is the extremes."""
    ordered = sorted(values)
    count = len(ordered)
    if count == 0:
        return None
    cut, outside = 0, 2 * comb(count, 0) / 2**count
    while cut + 1 < count / 2 and outside + 2 * comb(count, cut + 1) / 2**count <= 0.05:
        cut += 1
        outside += 2 * comb(count, cut) / 2**count
    return Summary(median(ordered), ordered[cut], ordered[count - 1 - cut], count)
