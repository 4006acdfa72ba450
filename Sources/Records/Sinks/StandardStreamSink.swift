// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// Writes lines to standard output or standard error, as the process inherited them.
///
/// Concurrency: used on the thread of its destination alone.
final class StandardStreamSink: RecordSink {
    let destination: RecordDestination
    let encoding: RecordEncoding

    private let raw: CInt
    private let system: any LogFileSystem
    private let output: SharedOutput

    init(
        _ destination: RecordDestination, encoding: RecordEncoding, raw: CInt,
        system: any LogFileSystem = LinuxLogFileSystem()
    ) {
        self.destination = destination
        self.encoding = encoding
        self.raw = raw
        self.system = system
        output = system.output(to: raw)
    }

    func write(_ bytes: [UInt8], count: Int) -> SinkOutcome {
        output.write(bytes, count: count, to: raw, of: system)
    }

    func reopen() -> Bool { false }

    func abandon() { system.abandon() }
}
