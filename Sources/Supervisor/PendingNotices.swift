// SPDX-License-Identifier: Apache-2.0

/// What systemd was not told yet because its queue is full: of each kind the newest. Pure.
struct PendingNotices: Equatable {
    /// What changes the state of the unit, in order: at most a reload that has begun and what followed it. systemd waits
    /// for both where the unit is of `Type=notify-reload`.
    private var states: [String] = []

    /// The other assignments, each name once: `STATUS=`, `EXTEND_TIMEOUT_USEC=`, `ERRNO=`.
    private var others: [(name: Substring, line: Substring)] = []

    /// The message to send next; nil if nothing waits.
    var next: String? {
        if let state = states.first { return state }
        return others.isEmpty ? nil : others.map(\.line).joined(separator: "\n")
    }

    /// Adds a message, which takes the place of what it makes old.
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
            // A sign of life is of now: the next one comes by itself.
            others += lines.filter { $0.name != "WATCHDOG" }
        }
    }

    /// The message of ``next`` is with systemd.
    mutating func sent() {
        if states.isEmpty { others = [] } else { states.removeFirst() }
    }

    static func == (left: Self, right: Self) -> Bool {
        left.states == right.states && left.others.map(\.line) == right.others.map(\.line)
    }
}
