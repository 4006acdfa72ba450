// SPDX-License-Identifier: Apache-2.0

/// A sink with its health, and the settings under which it is in use.
struct Outlet: Sendable {
    /// The sink.
    let sink: any RecordSink

    /// Whether it takes records.
    var health = SinkHealth.working

    /// The first generation of settings that has it.
    let since: UInt32

    /// The first one that has it no more; nil while it is in use.
    var until: UInt32?

    init(_ sink: any RecordSink, since: UInt32) {
        self.sink = sink
        self.since = since
    }

    /// Whether records encoded under a generation of settings belong here.
    func serves(_ generation: UInt32) -> Bool {
        guard since <= generation else { return false }
        guard let until else { return true }
        return generation < until
    }
}
