# SPDX-License-Identifier: Apache-2.0
"""What the journal has of connections: the fields, all of them found, none that is missing and not counted."""

import re
import time

from .. import service
from ..clients import Many, ask, connect, name
from ..registry import case
from ..waiting import contains, equal, true, wait_for

BURST = 50_000


@case
def records_have_fields(machine):
    since = service.now(machine)
    with connect(7007) as client:
        ask(client, b"hello")
        peer = name(client)
    close = service.wait_for_records(machine, since, "--unit=usherd", "USHER_EVENT=close")[0]
    wanted = {"USHER_LISTENER": "echo", "USHER_SERVICE": "echo", "USHER_PEER": peer, "USHER_LOCAL": "tcp://127.0.0.1:7007",
              "USHER_BYTES_IN": "6", "USHER_BYTES_OUT": "6", "USHER_REASON": "client-closed", "USHER_BY": "client",
              "PRIORITY": "6", "_SYSTEMD_UNIT": "usherd.service", "SYSLOG_IDENTIFIER": "usherd"}
    equal({key: close.get(key) for key in wanted}, wanted, "the close record")
    true(int(close["USHER_DURATION_US"]) > 0, "the duration")
    true(len(close["MESSAGE_ID"]) == 32, "the message id")
    opened = service.records(machine, since, "USHER_EVENT=open", f"USHER_CONNECTION={close['USHER_CONNECTION']}")
    equal([each["USHER_PEER"] for each in opened], [peer], "the open record")


@case
def journal_finds_exactly_the_connections(machine):
    since = service.now(machine)
    peers = []
    for port, count in ((7007, 23), (7010, 5)):
        for _ in range(count):
            with connect(port) as client:
                ask(client, b"hello")
                if port == 7007:
                    peers.append(name(client))
    found = service.wait_for_records(machine, since, "USHER_LISTENER=echo", "USHER_EVENT=close", count=23)
    equal(sorted(each["USHER_PEER"] for each in found), sorted(peers), "the connections to echo")
    machine.run("journalctl", "--no-pager", "--lines=3", "USHER_LISTENER=echo", "USHER_EVENT=close", tell=True)


@case
def catalog_explains(machine):
    since = service.now(machine)
    connect(7007).close()
    service.wait_for_records(machine, since, "USHER_EVENT=close")
    said = machine.run("journalctl", "-x", "-n", "1", "USHER_LISTENER=echo", "USHER_EVENT=close", tell=True)
    contains(said, "Subject: The client closed its side, and everything was sent to it", "the explanation")
    true(re.search(r"lasted [0-9.]+ (us|ms|s)[;\n]", said), f"the duration in words: {said}")
    true("queue-timeout" not in said, f"the other reasons are explained too: {said}")
    contains(said, "Defined-By: usherd", "the explanation")


@case
def burst_is_in_the_journal(machine):
    # journald has its own limit in force, 10 000 entries of a service in 30 s; the unit asks to be excepted.
    counts = burst(machine)
    true(counts["suppressed"] == 0, f"journald suppressed records: {counts}")
    everything_is_accounted_for(counts)
    print(f"    {counts}")


@case
def burst_under_a_rate_limit(machine):
    # An operator who wants journald's limit gets it: journald then says itself how many it has not stored.
    service.drop_in(machine, "limit", "[Service]\nLogRateLimitIntervalSec=4s\nLogRateLimitBurst=2000\n")
    machine.run("systemctl", "restart", "usherd")
    counts = burst(machine, lambda: connect(7007).close())
    true(counts["suppressed"] > 0, f"journald's limit was not in force: {counts}")
    everything_is_accounted_for(counts)
    print(f"    {counts}")


def burst(machine, nudge=None):
    """Makes the connections of a burst, and waits until the journal has what it is to get. With `nudge`, journald is given
    an occasion to say what it suppressed, by one more connection from time to time."""
    since = service.now(machine)
    result = Many(7007, BURST).result()
    equal(result, {"made": BURST, "refused": 0, "broken": 0}, "the connections")
    nudges = 0
    counts = {}

    def complete():
        nonlocal nudges, counts
        if nudge:
            # journald tells of an interval in which it suppressed records as the first one of the next is logged.
            time.sleep(4)
            nudge()
            nudges += 1
        machine.run("journalctl", "--sync")
        counts = count(service.records(machine, since, "_SYSTEMD_UNIT=usherd.service", "+", "_TRANSPORT=driver", fields=(
            "USHER_EVENT", "USHER_CONNECTION", "USHER_COUNT", "N_DROPPED")))
        counts["wanted"] = 2 * (BURST + nudges)
        return counts if counts["open"] + counts["close"] + counts["dropped"] + counts["suppressed"] >= counts["wanted"] \
            else None

    return wait_for(lambda: f"all records to be stored or counted: {counts}", complete, 60)


def count(entries):
    """How many connections have an open and a close record, how many records usherd dropped, and journald suppressed."""
    connections = {"open": set(), "close": set()}
    dropped = suppressed = 0
    for entry in entries:
        event = entry.get("USHER_EVENT")
        if event in connections:
            true(entry["USHER_CONNECTION"] not in connections[event], f"two {event} records of one connection: {entry}")
            connections[event].add(entry["USHER_CONNECTION"])
        elif event == "dropped":
            dropped += int(entry["USHER_COUNT"])
        suppressed += int(entry.get("N_DROPPED", 0))
    return {"open": len(connections["open"]), "close": len(connections["close"]), "dropped": dropped,
            "suppressed": suppressed}


def everything_is_accounted_for(counts):
    total = counts["open"] + counts["close"] + counts["dropped"] + counts["suppressed"]
    equal(total, counts["wanted"], f"records, stored or counted as missing, of {counts}")
