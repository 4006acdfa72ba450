// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Synchronization

/// Writes lines to standard error.
///
/// Concurrency: used on the writer's queue alone; the lock is never waited for.
final class StandardErrorSink: RecordSink {
    let destination = RecordDestination.standardError
    let encoding: RecordEncoding

    private let raw: CInt
    private let system: any LogFileSystem
    private let output = Mutex(LineOutput())

    init(encoding: RecordEncoding, raw: CInt = 2, system: any LogFileSystem = LinuxLogFileSystem()) {
        self.encoding = encoding
        self.raw = raw
        self.system = system
    }

    func write(_ bytes: [UInt8], count: Int) -> SinkOutcome {
        output.withLock { $0.write(bytes, count: count, to: raw, of: system) }
    }

    func reopen() -> Bool { false }
}
