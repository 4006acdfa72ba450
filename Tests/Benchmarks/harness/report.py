# SPDX-License-Identifier: Apache-2.0
"""The Markdown that a run prints."""

from .resting import LISTENERS

MEBIBYTE = 1024 * 1024


def preamble(machine, processors, meter, timed):
    lines = [
        f"{machine['processor']}, {machine['processors']} processors"
        + (" (virtual)" if machine["hypervisor"] else "")
        + f"; {machine['kernel']}; {machine['distribution']}.",
        f"Server on processor {processors.server}, load on processor {processors.load}; time by {meter}.",
    ]
    if timed and timed.slots:
        foreign, steal = timed.foreign_share(), timed.steal_share()
        if foreign and steal:
            if timed.rounds < timed.plan.rounds:
                lines.append(f"Only {timed.rounds} of {timed.plan.rounds} rounds fitted into the time; the host is busy.")
            line = (f"Meanwhile other programs had {foreign.median:.0%} of the server's processor, and the hypervisor "
                    f"withheld {steal.median:.0%} (medians of all slots)")
            if timed.plan.steal_limit < 1:
                line += f"; slots with more than {timed.plan.steal_limit:.0%} withheld are left out"
            lines.append(line + ".")
    return "\n".join(lines)


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


def timed_table(run):
    heads = ["workload", "server", "µs CPU/op", "÷ minimal C", "spread", "goal", "op/s", "load's CPU", "slots"]
    rows, previous = [], None
    for row in run.rows():
        title = f"{row.workload.title} (op: {row.workload.operation})" if row.workload is not previous else ""
        previous = row.workload
        cells = [title, row.server.title]
        if row.failure:
            cells += [f"failed: {row.failure}"] + [""] * 6
        elif row.cost is None:
            cells += ["no quiet slot"] + [""] * 5 + [f"0/{row.planned}"]
        else:
            ratio = row.ratio if row.server.name != "minimal" else None
            cells += [
                f"{row.cost.median / 1000:.2f}",
                f"{ratio.median:.3f}" if ratio else "1" if row.ratio else "–",
                _range(ratio, ".3f") if ratio else "",
                f"≤ {row.goal:.2f}" if row.goal else "",
                f"{row.rate.median:.0f}",
                f"{row.load.median:.0%}",
                f"{row.cost.count}/{row.planned}",
            ]
        rows.append(cells)
    remarks = [f"- {row.workload.name}, {row.server.title}: {remark}"
               for row in run.rows() for remark in sorted(set(row.remarks))]
    return _table(heads, rows) + ("\n\nRemarks:\n\n" + "\n".join(remarks) if remarks else "")


def timed_failures(run):
    """What must not happen: usherd or the minimal program did not do its work, or left records out."""
    return [f"{row.workload.name}, {row.server.title}: {what}" for row in run.rows()
            if row.server.every_round for what in ([row.failure] if row.failure else []) + row.remarks]


def idle_table(measured, titles):
    heads = ["idle", "server", "connections", "bytes each", "goal", "VmRSS at rest", "Pss at rest"]
    rows = []
    for number, idle in enumerate(measured):
        cells = ["memory, after one message on each connection" if number == 0 else "", titles[idle.server]]
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
        lines.append(f"- {titles[idle.server]}, holding {idle.connections} idle connections: "
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
