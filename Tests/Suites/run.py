# SPDX-License-Identifier: Apache-2.0
"""Runs the test suites that were built, in several processes at once, and repeats at the end what failed.

Swift Testing runs as many tests at once as there are processors, and most tests here wait for something. So a whole run
in one process leaves the processors idle; in several it takes about as long as the processors have to do.
"""

import argparse
import concurrent.futures
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

# Brings the loopback of a new network namespace up, then executes the command.
WITH_LOOPBACK = 'ip link set lo up && exec "$@"'
# The same without the capabilities of a user namespace: the tests are to run with the rights that they had.
WITHOUT_RIGHTS = 'ip link set lo up && exec setpriv --ambient-caps=-all --inh-caps=-all "$@"'
NAMESPACES = [
    (["unshare", "--net"], WITH_LOOPBACK),
    (["unshare", "--user", "--map-current-user", "--keep-caps", "--net"], WITHOUT_RIGHTS),
]
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
SUMMARY = re.compile(r"Test run with (\d+) tests? .* after ([0-9.]+) seconds")


def namespace():
    """What a command begins with that is to run in a network namespace of its own; empty where none can be made."""
    for unshare, begin in NAMESPACES:
        if subprocess.run([*unshare, "ip", "link", "set", "lo", "up"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return [*unshare, "sh", "-c", begin, "sh"]
    print("test-suites: no network namespace can be made here; running in this one", file=sys.stderr)
    return []


def suites(binary, pattern):
    """The tests that match, by suite; a suite of which all tests match stands for them by its own name."""
    listed = subprocess.run([*binary, "--list-tests"], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    every, matching = {}, {}
    for test in listed:
        suite = test.split("/")[0]
        every.setdefault(suite, []).append(test)
        if re.search(pattern, test):
            matching.setdefault(suite, []).append(test)
    filters = {
        suite: [re.escape(suite) + "(/|$)"] if tests == every[suite] else [re.escape(test) + "(/|$)" for test in tests]
        for suite, tests in matching.items()
    }
    return {suite: len(tests) for suite, tests in matching.items()}, filters


def batches(counts, most):
    """Groups the suites so that each group has about the same number of tests; those with the most tests come first."""
    group, tests = [], 0
    for suite in sorted(counts, key=lambda name: -counts[name]):
        group.append(suite)
        tests += counts[suite]
        if tests >= most:
            yield group
            group, tests = [], 0
    if group:
        yield group


def failures(lines):
    """What the tests that failed said."""
    said, keeping = [], False
    for line in lines:
        if line.startswith("✘"):
            keeping = True
        elif line.startswith(("◇", "✔", "➜")):
            keeping = False
        if keeping:
            said.append(line)
    return said


def output_of_crash(lines):
    """What a process printed before it died: which tests it was running, and its trap or the sanitizer's report."""
    begun = [line[2:].removesuffix(" started.") for line in lines if line.startswith("◇ Test ") and " case " not in line]
    ended = {found[1] for line in lines if (found := re.match(r"[✔✘] (Test .*?) (?:with |passed|failed)", line))}
    running_tests = [f"was at: {test}" for test in begun if test not in ended and not test.startswith("Test run")]
    return running_tests + [line for line in lines if line and not line.startswith(("◇", "✔", "➜"))][:100]


def skipped(lines):
    """The tests and suites that were not run, with the reason."""
    return [found[1] for line in lines if (found := re.match(r"➜ ((?:Test|Suite) .* skipped.*)", line))]


# The processes that run now.
running = set()


def run(command, group, filters, log):
    """Runs the tests of a group, and writes what they print into a file."""
    begun = time.monotonic()
    pattern = "^(" + "|".join(each for suite in group for each in filters[suite]) + ")"
    with open(log, "w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [*command, "--filter", pattern], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        running.add(process.pid)
        status = process.wait()
        running.discard(process.pid)
    return group, status, log, time.monotonic() - begun


def main():
    parser = argparse.ArgumentParser(prog="test-suites", description=__doc__.split("\n")[0])
    parser.add_argument("pattern", metavar="REGEX", help="which tests: a part of MODULE.SUITE/TEST")
    parser.add_argument("--build", default=".build/debug", metavar="DIRECTORY", help="where the tests were built")
    parser.add_argument("--jobs", type=int, default=2 * len(os.sched_getaffinity(0)), help="how many processes run at once")
    parser.add_argument("--alone", action="store_true", help="give each suite a process and a network namespace of its own")
    parser.add_argument("--times", type=int, default=0, metavar="N", help="list the N batches that took longest")
    arguments = parser.parse_args()

    binary = [os.path.join(arguments.build, "usherPackageTests.xctest"), "--testing-library", "swift-testing"]
    if not os.access(binary[0], os.X_OK):
        sys.exit(f"test-suites: no {binary[0]}; run scripts/build-tests first")
    counts, filters = suites(binary, arguments.pattern)
    if not counts:
        sys.exit(f"test-suites: no test matches {arguments.pattern}")
    command = (namespace() if arguments.alone else []) + binary
    most = 1 if arguments.alone else max(1, sum(counts.values()) // (6 * arguments.jobs))

    begun = time.monotonic()
    logs = tempfile.mkdtemp(prefix="usher-tests.")

    def stop(*_):
        for pid in list(running):
            try:
                os.killpg(pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        shutil.rmtree(logs, ignore_errors=True)
        os._exit(130)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        ended = list(
            pool.map(lambda item: run(command, item[1], filters, f"{logs}/{item[0]}"), enumerate(batches(counts, most)))
        )

    tests, failed, left_out = 0, [], []
    for group, status, log, seconds in ended:
        with open(log, encoding="utf-8", errors="replace") as file:
            lines = COLOUR.sub("", file.read()).splitlines()
        summary = next((found for line in reversed(lines) if (found := SUMMARY.search(line))), None)
        tests += int(summary[1]) if summary else 0
        if status != 0 or not summary:
            failed.append((group, status, summary and failures(lines) or output_of_crash(lines)))
        left_out += skipped(lines)
    for group, _, _, seconds in sorted(ended, key=lambda each: -each[3])[: arguments.times]:
        print(f"{seconds:6.1f} s  {' '.join(group)}")
    for each in sorted(left_out):
        print(f"skipped: {each}")
    for group, status, said in failed:
        print(f"\n--- exited with {status}: {' '.join(group)}")
        print("\n".join(said))
    shutil.rmtree(logs)

    seconds = time.monotonic() - begun
    if missing := sum(counts.values()) - tests:
        print(f"\n{missing} tests were not run to their end")
    print(f"\n{tests} tests in {len(counts)} suites, {len(failed)} of {len(ended)} processes failed, {seconds:.0f} s")
    return 1 if failed or missing else 0


if __name__ == "__main__":
    sys.exit(main())
