// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem

/// The opened destinations of new settings, before they are applied: a later step of the reload may still fail.
public struct PreparedSinks: Sendable {
    let channels: [LogChannel]
    let level: RecordLevel
    private let isExact: Bool

    init(_ settings: RecordSettings, reusing open: [LogChannel]) throws(SinkError) {
        var channels: [LogChannel] = []
        for destination in settings.destinations where !channels.contains(where: { $0.destination == destination }) {
            let style = destination.style
            let encoding = destination.encoding(settings.format, style)
            if let channel = open.first(where: { $0.destination == destination && $0.encoding == encoding }) {
                channels.append(channel)
                continue
            }
            do throws(SystemError) {
                let sink = try Self.open(destination, encoding)
                channels.append(try LogChannel(sink, encoders: RecordEncoders(colour: style.isColoured)))
            } catch {
                throw SinkError(destination: destination, cause: error, place: SinkError.Place(of: destination))
            }
        }
        self.channels = channels
        self.level = settings.level
        isExact = settings.isExact
    }

    /// Makes destinations for these sinks.
    init(_ sinks: [any RecordSink], level: RecordLevel, isExact: Bool = false) throws(SystemError) {
        self.isExact = isExact
        var channels: [LogChannel] = []
        for sink in sinks { channels.append(try LogChannel(sink, encoders: RecordEncoders(colour: false))) }
        self.channels = channels
        self.level = level
    }

    func policy(generation: UInt32) -> RecordPolicy {
        let encodings = channels.reduce(into: RecordEncodings()) { $0.insert(RecordEncodings($1.encoding)) }
        return RecordPolicy(generation: generation, encodings: encodings, level: level, isExact: isExact)
    }

    private static func open(
        _ destination: RecordDestination, _ encoding: RecordEncoding
    ) throws(SystemError) -> any RecordSink {
        switch destination {
        case .journal: try JournalSink()
        case .standardOutput: StandardStreamSink(destination, encoding: encoding, raw: 1)
        case .standardError: StandardStreamSink(destination, encoding: encoding, raw: 2)
        case .file(let path): try FileSink(path: path, encoding: encoding)
        case .subscribers: throw SystemError("open", errno: EINVAL)
        }
    }
}

extension RecordDestination {
    /// What the destination can display.
    fileprivate var style: TerminalStyle {
        switch self {
        case .standardOutput: .of(descriptor: 1)
        case .standardError: .of(descriptor: 2)
        case .journal, .file, .subscribers: TerminalStyle(isTerminal: false, isColoured: false)
        }
    }

    fileprivate func encoding(_ format: RecordFormat, _ style: TerminalStyle) -> RecordEncoding {
        switch (self, format) {
        case (.journal, _): .journal
        case (.subscribers, _): .feed
        case (_, .json): .json
        case (_, .text): style.isTerminal ? .terminal : .text
        }
    }
}
