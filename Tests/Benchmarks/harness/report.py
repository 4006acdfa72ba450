# SPDX-License-Identifier: Apache-2.0
"""The Markdown that a run prints."""

from . import latency, loss
from .resting import LISTENERS

MEBIBYTE = 1024 * 1024

ROUNDS_TO_TELL = 3
"""With fewer, a goal is only named."""


def preamble(machine, processors, meter):
    return (f"{machine['processor']}, {machine['processors']} processors"
            + (" (virtual)" if machine["hypervisor"] else "")
            + f"; {machine['kernel']}; {machine['distribution']}.\n"
            f"Server on processor {processors.server}, load on processor {processors.load}; time by {meter}.")


def circumstances(run):
    """How undisturbed the slots were; "" if there are none."""
    foreign, steal = run.foreign_share(), run.steal_share()
    if not foreign or not steal:
        return ""
    lines = []
    if run.rounds < run.plan.rounds:
        lines.append(f"{run.rounds} of {run.plan.rounds} rounds fitted into the time.")
    line = (f"Meanwhile other programs had {foreign.median:.0%} of the server's processor, and the hypervisor "
            f"withheld {steal.median:.0%} (medians of all slots)")
    if run.plan.steal_limit < 1:
        line += f"; slots with more than {run.plan.steal_limit:.0%} withheld are left out"
    return "\n".join([*lines, line + "."])


def versions(servers):
    lines = ["Compared:", ""]
    for server in servers:
        reason = server.missing()
        lines.append(f"- {server.title}: " + (f"left out, {reason}" if reason else server.version()))
    return "\n".join(lines)


def _table(heads, rows):
    """Columns after the first two are numbers, to the right."""
    rule = ["---"] * 2 + ["---:"] * (len(heads) - 2)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [heads, rule, *rows])


def _range(summary, form):
    return f"{summary.low:{form}}–{summary.high:{form}}"


def _goal(row, rows):
    """What usherd is to reach, and whether it does."""
    if row.server.name != "usherd" or not row.ratio:
        return ""
    ratios = {other.server.name: other.ratio.median for other in rows
              if other.workload is row.workload and other.ratio}
    ceiling, origin = row.workload.goal.ceiling(ratios)
    said = f"≤ {ceiling:.2f}" + (f" ({origin})" if origin else "")
    return said + _verdict(row.ratio.count, row.ratio.median <= ceiling, row.ratio.low > ceiling)


def _verdict(rounds, reached, missed):
    if rounds < ROUNDS_TO_TELL:
        return ""
    return ": reached" if reached else ": missed" if missed else ": open"


def timed_table(run):
    reference = next(server.title for server in run.servers if server.name == run.reference)
    heads = ["workload", "server", "µs CPU/op", f"÷ {reference}", "spread", "goal", "op/s", "load's CPU", "slots"]
    rows, table, previous = run.rows(), [], None
    for row in rows:
        title = f"{row.workload.title} (op: {row.workload.operation})" if row.workload is not previous else ""
        previous = row.workload
        cells = [title, row.server.title]
        if row.failure:
            cells += [f"failed: {row.failure}"] + [""] * 6
        elif row.cost is None:
            cells += ["no quiet slot"] + [""] * 5 + [f"0/{row.planned}"]
        else:
            ratio = row.ratio if row.server.name != run.reference else None
            cells += [
                f"{row.cost.median / 1000:.2f}",
                f"{ratio.median:.3f}" if ratio else "1" if row.ratio else "–",
                _range(ratio, ".3f") if ratio else "",
                _goal(row, rows),
                f"{row.rate.median:.0f}",
                f"{row.load.median:.0%}",
                f"{row.cost.count}/{row.planned}",
            ]
        table.append(cells)
    remarks = [f"- {row.workload.name}, {row.server.title}: {remark}"
               for row in rows for remark in sorted(set(row.remarks))]
    return _table(heads, table) + ("\n\nRemarks:\n\n" + "\n".join(remarks) if remarks else "")


def timed_failures(run):
    """What must not happen: usherd or the minimal program did not do its work, or left records out."""
    return [f"{row.workload.name}, {row.server.title}: {what}" for row in run.rows()
            if row.server.required for what in ([row.failure] if row.failure else []) + row.remarks]


def growth_table(growths):
    heads = ["growth", "server", "quotient", "spread", "goal"]
    rows, previous = [], None
    for growth, server, quotient in growths:
        goal = ""
        if server.name == "usherd":
            goal = f"≤ {growth.at_most:.2f}" + _verdict(quotient.count, quotient.median <= growth.at_most,
                                                        quotient.low > growth.at_most)
        rows.append([growth.title if growth is not previous else "", server.title, f"{quotient.median:.3f}",
                     _range(quotient, ".3f"), goal])
        previous = growth
    return _table(heads, rows)


def loss_table(floods, servers, taken):
    heads = ["loss", "server", "due/s", "sent/s", "lost", "in each round", "lost elsewhere"]
    table, previous = [], None
    for row in loss.rows(floods, servers, taken):
        cells = [row.flood.title if row.flood is not previous else "", row.server.title, f"{row.rate}"]
        previous = row.flood
        if row.failure:
            cells += [f"failed: {row.failure}"] + [""] * 3
        else:
            cells += [f"{row.held.median:.0f}", f"{row.share.median:.2%}", _range(row.share, ".2%"),
                      f"{row.elsewhere.median:.2%}"]
        table.append(cells)
    return _table(heads, table)


def latency_table(servers, taken):
    rows = list(latency.rows(servers, taken))
    best = min((row for row in rows if not row.server.required and not row.failure), key=lambda row: row.p99,
               default=None)
    heads = ["latency", "server", "p50, µs", "p99, µs", "p99 of each round", "rounds", "goal"]
    table = []
    for number, row in enumerate(rows):
        cells = [f"{taken[0].rate} messages a second of {latency.SIZE} bytes over {latency.CONNECTIONS} connections, "
                 "from when each was due" if number == 0 else "", row.server.title]
        if row.failure:
            cells += [f"failed: {row.failure}"] + [""] * 4
        else:
            goal = ""
            if row.server.name == "usherd" and best:
                goal = f"≤ {best.p99 / 1000:.0f} ({best.server.name})"
                goal += _verdict(row.rounds, row.p99 <= best.p99, row.low > best.high)
            cells += [f"{row.p50 / 1000:.0f}", f"{row.p99 / 1000:.0f}",
                      f"{row.low / 1000:.0f}–{row.high / 1000:.0f}", f"{row.rounds}/{row.of}", goal]
        table.append(cells)
    return _table(heads, table)


def idle_table(measured):
    heads = ["idle", "server", "connections", "bytes each", "goal", "VmRSS at rest", "Pss at rest"]
    rows = []
    for number, idle in enumerate(measured):
        cells = ["memory, after one message on each connection" if number == 0 else "", idle.title]
        if idle.failure:
            cells += [f"failed: {idle.failure}"] + [""] * 4
        else:
            cells += [str(idle.connections), f"{idle.bytes_a_connection:.0f}",
                      "≤ 1024" if idle.server == "usherd" else "",
                      f"{idle.resident / MEBIBYTE:.1f} MiB", f"{idle.proportional / MEBIBYTE:.1f} MiB"]
        rows.append(cells)
    lines = [_table(heads, rows), ""]
    for idle in measured:
        if idle.wakeups is None:
            continue
        lines.append(f"- {idle.title}, holding {idle.connections} idle connections: "
                     f"{idle.wakeups} wake-ups in 2 s; {_calls(idle)} (goal: none)")
    return "\n".join(lines)


def _calls(idle):
    if idle.system_calls is None:
        return "system calls not counted, as strace is not installed"
    total = sum(idle.system_calls.values())
    said = f"{total} system calls in {idle.traced_seconds:.0f} s under `strace -f -c`"
    return said + (f" ({', '.join(sorted(idle.system_calls))})" if total else "")


def start_lines(start):
    if start.failure:
        return f"- usherd, start: failed: {start.failure}"
    return (f"- usherd, start to READY=1 with {LISTENERS} listeners: median {start.median:.1f} ms, "
            f"{min(start.milliseconds):.1f}–{max(start.milliseconds):.1f} ms in {len(start.milliseconds)} starts "
            f"(goal: ≤ 50 ms)\n"
            f"- usherd, memory at rest with {LISTENERS} listeners: VmRSS {start.resident / MEBIBYTE:.1f} MiB, "
            f"Pss {start.proportional / MEBIBYTE:.1f} MiB (goal: VmRSS ≤ 12 MB)")
