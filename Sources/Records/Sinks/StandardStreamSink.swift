// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Synchronization

/// Writes lines to standard output or standard error, as the process was given them.
///
/// Concurrency: used on the thread of its destination alone; the lock is never waited for.
final class StandardStreamSink: RecordSink {
    let destination: RecordDestination
    let encoding: RecordEncoding

    private let raw: CInt
    private let system: any LogFileSystem
    private let output = Mutex(LineOutput())

    init(
        _ destination: RecordDestination, encoding: RecordEncoding, raw: CInt,
        system: any LogFileSystem = LinuxLogFileSystem()
    ) {
        self.destination = destination
        self.encoding = encoding
        self.raw = raw
        self.system = system
    }

    func write(_ bytes: [UInt8], count: Int) -> SinkOutcome {
        output.withLock { $0.write(bytes, count: count, to: raw, of: system) }
    }

    func reopen() -> Bool { false }
}
