# SPDX-License-Identifier: Apache-2.0
"""Changes the sources in one place at a time and looks whether the unit tests notice.

Each change is built on the debug build that is there, and the unit tests run until the first failure: those of its module,
then those of the modules that stand on it. The file is put back afterwards, whatever happens. Changes that do not compile
say nothing and are not counted.
"""

import argparse
import collections
import os
import random
import re
import signal
import subprocess
import sys
import time

# The modules that have tests, each before those that depend on it.
MODULES = [
    "Addresses", "LinuxSystem", "TOML", "ProxyProtocol", "Policy", "Relaying", "Configuration", "HostAccess", "Records", "Reactor",
    "Services", "Supervisor",
]

Mutation = collections.namedtuple("Mutation", "path line kind before after")

# What is replaced within a line: kind, what to look for, and what to put there.
REPLACEMENTS = [
    ("comparison", r" < ", " <= "),
    ("comparison", r" <= ", " < "),
    ("comparison", r" > ", " >= "),
    ("comparison", r" >= ", " > "),
    ("equality", r" == ", " != "),
    ("equality", r" != ", " == "),
    ("logic", r" && ", " || "),
    ("logic", r" \|\| ", " && "),
    ("off by one", r" \+ 1\b(?!\.)", ""),
    ("off by one", r" - 1\b(?!\.)", ""),
    ("arithmetic", r" \+ (?!1\b)", " - "),
    ("arithmetic", r" &\+ ", " &- "),
    ("arithmetic", r" \+= ", " -= "),
    ("arithmetic", r" -= ", " += "),
    ("arithmetic", r" &\+= ", " &-= "),
    ("bound", r"\bmin\(", "max("),
    ("bound", r"\bmax\(", "min("),
    ("constant", r"\breturn true\b", "return false"),
    ("constant", r"\breturn false\b", "return true"),
]

# A statement that only calls something, and one that only resets something.
CALL = re.compile(r"^(_ = |try )*[a-zA-Z_][\w.?]*(\[[^\]]*\][\w.?]*)?\([^{}]*\)$")
RESET = re.compile(r"^[a-zA-Z_][\w.?]* = (nil|0|-1|true|false|\[\]|\[:\]|\.max|UInt64\.max|\.[a-z]\w*)$")
CONDITION = re.compile(r"^(\} else )?(if|guard|while) ((?:(?!let |var |case |#available).)+?) (\{.*|else \{.*)$")
# Statements that say what must hold, or that a program cannot do without.
LEFT_ALONE = re.compile(r"^(super\.|precondition|preconditionFailure|fatalError|assert|print\(|import |@|//|#)")


def code_of(line):
    """The line without its comment, with its strings blanked so that nothing in them is changed."""
    code = re.sub(r'"(?:[^"\\]|\\.)*"', lambda found: '"' + "\0" * (len(found.group()) - 2) + '"', line)
    return code.split("//")[0].rstrip()


def mutations_of(path):
    """Every change of a file, in the order of its lines."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    debug = 0
    for number, line in enumerate(lines):
        stripped = line.strip()
        if stripped.startswith("#if"):
            debug += 1 if debug or "DEBUG" in stripped or "FAULT_INJECTION" in stripped else 0
        elif stripped.startswith("#endif") and debug:
            debug -= 1
        if debug or not stripped or LEFT_ALONE.match(stripped):
            continue
        code = code_of(line)
        indent = line[: len(line) - len(line.lstrip())]
        for kind, pattern, replacement in REPLACEMENTS:
            for found in re.finditer(pattern, code):
                yield Mutation(path, number, kind, line, line[: found.start()] + replacement + line[found.end() :])
        statement = code.strip()
        condition = CONDITION.match(statement)
        if condition and "," not in condition.group(3):
            prefix, word, what, rest = condition.groups()
            tail = line.rstrip()[len(line.rstrip()) - len(rest) :]
            start = line.index(word + " ") + len(word) + 1
            yield Mutation(path, number, "negation", line, f"{line[:start]}!({line[start:start + len(what)]}) {tail}")
        if CALL.match(statement) and statement.count("(") == statement.count(")"):
            yield Mutation(path, number, "dropped call", line, indent + "_ = ()")
        if RESET.match(statement):
            yield Mutation(path, number, "dropped assignment", line, indent + "_ = ()")


def sources(paths):
    for path in paths:
        if path.endswith(".swift"):
            yield path
        for directory, _, names in sorted(os.walk(path)):
            yield from (os.path.join(directory, name) for name in sorted(names) if name.endswith(".swift"))


def contained():
    """What a command begins with so that all processes that it starts end with it: a PID namespace of its own.

    Exit tests start processes in groups of their own, and a change may keep one from ending.
    """
    for options in ([], ["--user", "--map-current-user"]):
        # libdispatch looks for its threads in /proc, and crashes where they are not.
        prefix = ["unshare", *options, "--pid", "--mount-proc", "--fork", "--kill-child"]
        if subprocess.run([*prefix, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return prefix
    return []


def build():
    return subprocess.run(
        ["scripts/build-tests"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    ).returncode == 0


def noticed(options, limit, to_end=False):
    """What the first unit test that fails says, or that they crashed or came to no end; `None` where all pass.

    With `to_end` all tests run, and it is what each test that failed says; if none says anything, the last lines printed.
    """
    command = [*contained(), "swift", "test", "--skip-build", "--disable-xctest", *options]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True
    )
    late = False

    def stop(*_):
        nonlocal late
        late = True
        os.killpg(process.pid, signal.SIGKILL)

    # What hangs writes nothing, so the alarm has to end the reading.
    signal.signal(signal.SIGALRM, stop)
    signal.alarm(limit)
    said, last = [], collections.deque(maxlen=30)
    try:
        failing = False
        for line in process.stdout:
            # A comment follows its failure in lines of its own.
            failing = line.startswith("✘") or failing and not line.startswith(("◇", "✔", "➜"))
            if failing and not to_end:
                return line.strip()
            (said if failing else last).append(line.rstrip())
        if process.wait() == 0:
            return None
        end = f"no end after {limit} s" if late else f"the tests ended with {process.returncode}"
        return "\n".join([end, *(said or last)]) if to_end else end
    finally:
        signal.alarm(0)
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()


def judge(mutation, own, all_suites, limit):
    """`killed`, `survived` or `stillborn`, and which test noticed."""
    with open(mutation.path, encoding="utf-8") as file:
        text = file.read()
    lines = text.split("\n")
    lines[mutation.line] = mutation.after
    try:
        with open(mutation.path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))
        if not build():
            return "stillborn", None
        # The suites that fail each system call take the longest, and mostly are not needed.
        by = noticed(["--filter", own, "--skip", "FaultTests"], limit) or noticed(["--filter", all_suites], limit)
        return "killed" if by else "survived", by
    finally:
        with open(mutation.path, "w", encoding="utf-8") as file:
            file.write(text)


def suites_of(path):
    """The suites of the module of a path, and with them those of the modules that stand on it: filters of `swift test`."""
    module = path.split(os.sep)[1]
    above = MODULES[MODULES.index(module) :] if module in MODULES else [module]
    return f"^{module}Tests\\.", "^(" + "|".join(f"{name}Tests" for name in above) + ")\\."


def main():
    parser = argparse.ArgumentParser(prog="mutate", description=__doc__.split("\n")[0])
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file or folder under Sources")
    parser.add_argument("--count", type=int, default=50, help="how many changes to try, chosen at random (default: 50)")
    parser.add_argument("--seed", type=int, default=1, help="of the choice; the same seed chooses the same changes")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no change after so many minutes")
    parser.add_argument("--limit", type=int, default=300, help="seconds after which tests that run count as failed")
    parser.add_argument("--tests", metavar="REGEX", help="the tests to run instead of the module's own")
    parser.add_argument("--kind", help="changes of this kind alone, such as `dropped call`")
    parser.add_argument("--line", type=int, help="changes of this line alone")
    parser.add_argument("--list", action="store_true", help="list the changes and try none")
    arguments = parser.parse_args()

    paths = [os.path.normpath(path) for path in arguments.paths]
    everything = [mutation for path in sources(paths) for mutation in mutations_of(path)]
    everything = [
        mutation
        for mutation in everything
        if arguments.kind in (None, mutation.kind) and arguments.line in (None, mutation.line + 1)
    ]
    chosen = random.Random(arguments.seed).sample(everything, min(arguments.count, len(everything)))
    chosen.sort(key=lambda mutation: (mutation.path, mutation.line))
    if arguments.list:
        for mutation in chosen:
            print(describe(mutation))
        return 0

    print(f"{len(chosen)} of {len(everything)} changes", flush=True)
    if not build():
        sys.exit("mutate: the sources as they are do not build")

    def suites(mutation):
        return (arguments.tests, arguments.tests) if arguments.tests else suites_of(mutation.path)

    for filter_ in sorted({suites(mutation)[1] for mutation in chosen}):
        if by := noticed(["--filter", filter_], arguments.limit, to_end=True):
            sys.exit(f"mutate: {filter_} does not pass on the sources as they are: {by}")

    begun = time.monotonic()
    outcomes = collections.Counter()
    survivors = []
    for number, mutation in enumerate(chosen, 1):
        if time.monotonic() - begun > arguments.minutes * 60:
            break
        outcome, by = judge(mutation, *suites(mutation), arguments.limit)
        outcomes[outcome] += 1
        if outcome == "survived":
            survivors.append(mutation)
        print(f"{number}/{len(chosen)} {outcome}: {describe(mutation)}" + (f"\n    {by}" if by else ""), flush=True)
    # What is left in the build folder is the last change.
    build()

    counted = outcomes["killed"] + outcomes["survived"]
    print(f"\n{outcomes['killed']} of {counted} changes were noticed; {outcomes['stillborn']} did not compile")
    for mutation in survivors:
        print(f"survived: {describe(mutation)}")
    return 0 if outcomes["killed"] >= 0.9 * counted else 1


def describe(mutation):
    return f"{mutation.path}:{mutation.line + 1}: {mutation.kind}: {mutation.before.strip()}  ->  {mutation.after.strip()}"


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    sys.exit(main())
