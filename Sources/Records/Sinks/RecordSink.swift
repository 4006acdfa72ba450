// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// Where encoded records end up.
///
/// Concurrency: made on the queue that configures the log, then used on the thread of its destination alone.
protocol RecordSink: AnyObject, Sendable {
    /// What the operator calls it.
    var destination: RecordDestination { get }

    /// The encoding that it takes.
    var encoding: RecordEncoding { get }

    /// Writes records, all or as many as it can. `count` is how many they are.
    func write(_ bytes: [UInt8], count: Int) -> SinkOutcome

    /// Opens what it writes to anew, where that makes sense.
    func reopen() throws(SystemError) -> Bool

    /// Nobody needs it any more: a write that takes nothing is given up after a second. May be called from any thread.
    func abandon()
}

extension RecordSink {
    /// Its writes cannot be given up.
    func abandon() {}
}

/// What became of the records that a sink was given.
struct SinkOutcome: Equatable, Sendable {
    /// How many are written.
    var written: Int

    /// How many are not, or only in part.
    var lost: Int

    /// Why the lost ones are lost.
    var error: SystemError?

    /// Something that happened on the way and that the operator should know.
    var notice: SinkNotice?

    init(written: Int, lost: Int = 0, error: SystemError? = nil, notice: SinkNotice? = nil) {
        self.written = written
        self.lost = lost
        self.error = error
        self.notice = notice
    }
}

/// What a sink noticed about itself.
enum SinkNotice: Equatable, Sendable {
    /// The file's name led to nothing or to another file, so it was opened anew. So many records may be in the old one
    /// that no name leads to.
    case fileReplaced(recordsInOldFile: Int)

    /// The file's name leads to nothing or to another file, and cannot be opened. The old file takes the records.
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
        }
    }
}
