// SPDX-License-Identifier: Apache-2.0

/// Messages to systemd that wait because its receive queue is full: the newest of each kind. Pure.
struct PendingNotices: Equatable {
    /// Messages that change the state of the unit, in order. At most `RELOADING=` or `STOPPING=`, and a `READY=` behind it.
    /// systemd waits for both if the unit is of `Type=notify-reload`.
    private var states: [String] = []

    /// The other assignments, each name once: `STATUS=`, `EXTEND_TIMEOUT_USEC=`, `ERRNO=`.
    private var others: [(name: Substring, line: Substring)] = []

    /// The message to send next; nil if none is pending.
    var next: String? {
        if let state = states.first { return state }
        return others.isEmpty ? nil : others.map(\.line).joined(separator: "\n")
    }

    /// Adds a message, in place of pending ones that it makes obsolete.
    mutating func add(_ message: String) {
        let lines = message.split(separator: "\n").map { (name: $0.prefix { $0 != "=" }, line: $0) }
        let names = Set(lines.map(\.name))
        others.removeAll { names.contains($0.name) }
        if names.contains("STOPPING") || names.contains("RELOADING") {
            states = [message]
        } else if names.contains("READY") {
            states.removeAll { $0.hasPrefix("READY=") }
            states.append(message)
        } else {
            // WATCHDOG=1 is not kept: the lanes may hang by the time it is sent, and the next one follows anyway.
            others += lines.filter { $0.name != "WATCHDOG" }
        }
    }

    /// Removes the message of ``next``, which was sent.
    mutating func sent() {
        if states.isEmpty { others = [] } else { states.removeFirst() }
    }

    static func == (left: Self, right: Self) -> Bool {
        left.states == right.states && left.others.map(\.line) == right.others.map(\.line)
    }
}
