// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// A destination of encoded records.
///
/// Concurrency: made on the queue that configures the log, then used on the thread of its destination alone.
protocol RecordSink: AnyObject, Sendable {
    /// The destination in the settings.
    var destination: RecordDestination { get }

    /// The encoding that it needs.
    var encoding: RecordEncoding { get }

    /// Writes records, all or as many as it can. `count` is their number.
    func write(_ bytes: [UInt8], count: Int) -> SinkOutcome

    /// Reopens its file: false if it has none.
    func reopen() throws(SystemError) -> Bool

    /// Gives up a blocked write within about a second, because the sink was removed. May be called from any thread.
    func abandon()

    /// Called with the number of records that were dropped because the queue was full.
    ///
    /// - Returns: false if a record is to report them.
    func noteDropped(_ count: UInt64) -> Bool
}

extension RecordSink {
    /// Does nothing: its writes cannot be given up.
    func abandon() {}

    /// Leaves it to a record.
    func noteDropped(_ count: UInt64) -> Bool { false }
}

/// The result of writing records to a sink.
struct SinkOutcome: Equatable, Sendable {
    /// How many were written.
    var written: Int

    /// How many were not written, or only in part.
    var lost: Int

    /// The error, if records were lost.
    var error: SystemError?

    /// A condition that the operator should know about.
    var notice: SinkNotice?

    init(written: Int, lost: Int = 0, error: SystemError? = nil, notice: SinkNotice? = nil) {
        self.written = written
        self.lost = lost
        self.error = error
        self.notice = notice
    }
}

/// A condition that a sink has detected.
enum SinkNotice: Equatable, Sendable {
    /// The path led to another file or none, so it was reopened. So many records may be in an old file without a name.
    case fileReplaced(recordsInOldFile: Int)

    /// The path leads to another file or none, and cannot be opened. Records still go to the old file.
    case keepsOldFile(SystemError)
}

extension RecordDestination {
    /// The name for messages: `the journal`, `standard error`, `/var/log/usherd/usherd.log`.
    var title: String {
        switch self {
        case .journal: "the journal"
        case .standardOutput: "standard output"
        case .standardError: "standard error"
        case .file(let path): path
        case .subscribers: "subscribers"
        }
    }
}
