// SPDX-License-Identifier: Apache-2.0

package import ControlProtocol

/// Records of the daemon: as they are made, and those that it has kept.
extension ControlConnection {
    /// `Events`: the records from now on, until the daemon ends.
    ///
    /// - Parameters:
    ///   - output: the descriptor to which they are written: the call ends once nobody reads that.
    ///   - body: called with the lines, and how many records were lost after them. The first call has none: no record is missed
    ///     after that.
    package func events(
        _ parameters: ControlParameters.Events, output: CInt,
        each body: (_ lines: [String], _ missed: UInt64) throws(ControlFailure) -> Void
    ) throws(ControlFailure) {
        try callForRecords(.events, parameters, isPatient: true, output: output) {
            (reply: RecordsReply<ControlResults.Events>) throws(ControlFailure) in
            let records = reply.records.map { String(decoding: $0, as: UTF8.self) }
            try body(reply.results.lines ?? records, reply.results.missed ?? 0)
        }
    }

    /// `History`: the records of connections that have ended and of refusals, the newest first.
    package func history(_ parameters: ControlParameters.History) throws(ControlFailure) -> HistoryList {
        var list = HistoryList(records: [], capacity: 0)
        try callForRecords(.history, parameters) { (reply: RecordsReply<ControlResults.History>) in
            list.records += reply.records.map { String(decoding: $0, as: UTF8.self) }
            list.capacity = reply.results.capacity
        }
        return list
    }

    /// `LogLevel`: the lowest level that is logged.
    package func logLevel() throws(ControlFailure) -> ControlResults.LogLevel {
        try call(.logLevel, ControlParameters.None())
    }

    /// `SetLogLevel`: sets the lowest level that is logged.
    package func setLogLevel(_ level: LevelName) throws(ControlFailure) {
        _ = try call(
            .setLogLevel, ControlParameters.SetLogLevel(level: level), as: VarlinkReply.Empty.self)
    }
}
