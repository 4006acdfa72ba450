// SPDX-License-Identifier: Apache-2.0

package import ControlProtocol

/// The methods of the interface.
extension ControlConnection {
    /// The most numbers of connections in one call, which may have 64 KiB.
    package static let mostNumbers = 1000

    /// `Status`: the daemon and its listeners, or one of them.
    package func status(of listener: String? = nil) throws(ControlFailure) -> ControlResults.Status {
        try call(.status, ControlParameters.Status(listener: listener))
    }

    /// `Connections`: the open connections.
    package func connections(
        _ parameters: ControlParameters.Connections
    ) throws(ControlFailure) -> ControlResults.Connections {
        var all = ControlResults.Connections(connections: [], count: 0)
        try call(.connections, parameters) { (part: ControlResults.Connections) in
            all.connections += part.connections
            all.count = part.count
        }
        return all
    }

    /// `Show`: a close look at an open connection.
    package func show(_ number: UInt64) throws(ControlFailure) -> ControlResults.Show {
        try call(.show, ControlParameters.Connection(number: number))
    }

    /// `Close`: closes connections, or counts those that it would close.
    ///
    /// - Returns: how many.
    package func close(_ filter: ConnectionFilter, isDryRun: Bool) throws(ControlFailure) -> Int {
        guard let numbers = filter.numbers, numbers.count > Self.mostNumbers else {
            return try closeOnce(filter, isDryRun)
        }
        var count = 0
        for start in stride(from: 0, to: numbers.count, by: Self.mostNumbers) {
            var part = filter
            part.numbers = Array(numbers[start..<min(start + Self.mostNumbers, numbers.count)])
            count += try closeOnce(part, isDryRun)
        }
        return count
    }

    private func closeOnce(_ filter: ConnectionFilter, _ isDryRun: Bool) throws(ControlFailure) -> Int {
        try call(
            .close, ControlParameters.Close(filter: filter, dryRun: isDryRun ? true : nil),
            as: ControlResults.Count.self
        ).count
    }

    /// `Pause`: accepts no more connections of a listener.
    package func pause(_ listener: String) throws(ControlFailure) {
        _ = try call(.pause, ControlParameters.Listener(listener: listener), as: VarlinkReply.Empty.self)
    }

    /// `Resume`: accepts again.
    package func resume(_ listener: String) throws(ControlFailure) {
        _ = try call(.resume, ControlParameters.Listener(listener: listener), as: VarlinkReply.Empty.self)
    }

    /// `Drain`: pauses a listener, and waits without limit until it has no connections.
    package func drain(_ parameters: ControlParameters.Drain) throws(ControlFailure) -> ControlResults.Drain {
        try call(.drain, parameters, isPatient: true)
    }

    /// `Reload`: waits for the outcome, which may take as long as names take to resolve.
    package func reload() throws(ControlFailure) {
        _ = try call(.reload, ControlParameters.None(), as: VarlinkReply.Empty.self, isPatient: true)
    }

    /// `Reopen`: opens the log files again.
    package func reopen() throws(ControlFailure) {
        _ = try call(.reopen, ControlParameters.None(), as: VarlinkReply.Empty.self)
    }
}
