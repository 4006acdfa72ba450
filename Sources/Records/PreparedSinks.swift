// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// The sinks of new settings, open but not in force: the second half of a reload may still fail.
public struct PreparedSinks: Sendable {
    let sinks: [any RecordSink]
    private let level: RecordLevel
    private let isExact: Bool

    init(
        _ settings: RecordSettings, reusing open: [any RecordSink], terminal: TerminalStyle
    ) throws(SinkError) {
        var sinks: [any RecordSink] = []
        for destination in settings.destinations where !sinks.contains(where: { $0.destination == destination }) {
            let encoding = destination.encoding(settings.format, terminal)
            if let sink = open.first(where: { $0.destination == destination && $0.encoding == encoding }) {
                sinks.append(sink)
            } else {
                sinks.append(try Self.open(destination, encoding))
            }
        }
        self.init(sinks, level: settings.level, isExact: settings.isExact)
    }

    init(_ sinks: [any RecordSink], level: RecordLevel, isExact: Bool = false) {
        self.isExact = isExact
        self.sinks = sinks
        self.level = level
    }

    func policy(generation: UInt32) -> RecordPolicy {
        let encodings = sinks.reduce(into: RecordEncodings()) { $0.insert(RecordEncodings($1.encoding)) }
        return RecordPolicy(generation: generation, encodings: encodings, level: level, isExact: isExact)
    }

    private static func open(
        _ destination: RecordDestination, _ encoding: RecordEncoding
    ) throws(SinkError) -> any RecordSink {
        do throws(SystemError) {
            switch destination {
            case .journal: return try JournalSink()
            case .standardError: return StandardErrorSink(encoding: encoding)
            case .file(let path): return try FileSink(path: path, encoding: encoding)
            }
        } catch {
            throw SinkError(destination: destination, cause: error)
        }
    }
}

extension RecordDestination {
    fileprivate func encoding(_ format: RecordFormat, _ terminal: TerminalStyle) -> RecordEncoding {
        switch (self, format) {
        case (.journal, _): .journal
        case (_, .json): .json
        case (.standardError, .text): terminal.isTerminal ? .terminal : .text
        case (.file, .text): .text
        }
    }
}
