// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

extension DaemonRecord {
    /// A log file was reopened because of SIGUSR1.
    static func logReopened(_ sink: String, time: UInt64) -> DaemonRecord {
        DaemonRecord(time: time, .reopened, "reopened \(sink)")
    }

    /// A log file was moved or removed, and a new one was opened at its path.
    ///
    /// - Parameter lost: how many records may be in the old file only, or lost.
    static func logFileReplaced(_ sink: String, lost: Int, time: UInt64) -> DaemonRecord {
        var message = "\(sink) was moved or removed; reopened it"
        if lost > 0 { message += ", up to \(Quantity.text(lost, "record")) lost" }
        return DaemonRecord(time: time, .reopened, level: .warning, message)
    }

    /// A log file could not be reopened, so records still go to the old one.
    static func logKeepsOldFile(_ sink: String, because error: SystemError, time: UInt64) -> DaemonRecord {
        DaemonRecord(
            time: time, .failed, "cannot reopen \(sink): \(error.words); still writing to the old file",
            errno: error.errno, fields: [RecordField("sink", .text(sink))])
    }

    /// Writing to a destination of the log failed.
    static func logFailed(_ sink: String, because error: SystemError, time: UInt64) -> DaemonRecord {
        DaemonRecord(
            time: time, .logFailed, "cannot write the log to \(sink): \(error.words); retrying", errno: error.errno,
            fields: [RecordField("sink", .text(sink))])
    }

    /// A write to a destination of the log has been blocked for too long.
    static func logStuck(_ sink: String, time: UInt64 = Clock.realtime) -> DaemonRecord {
        DaemonRecord(
            time: time, .logFailed,
            "\(sink) cannot be written to; its records are dropped and counted",
            fields: [RecordField("sink", .text(sink))])
    }

    /// A destination of the log can be written to after ``logFailed(_:because:time:)``.
    static func logResumed(_ sink: String, lost: UInt64, time: UInt64) -> DaemonRecord {
        DaemonRecord(
            time: time, .logResumed, "\(sink) can be written to again; \(Quantity.text(lost, "record")) lost",
            fields: [RecordField("sink", .text(sink)), RecordField("lost", .integer(lost))])
    }

    /// Records were dropped because too many waited for a destination of the log.
    ///
    /// - Parameters:
    ///   - first: the time of the earliest one: nanoseconds since 1970.
    ///   - last: the time of the latest one.
    static func recordsDropped(
        _ count: UInt64, for sink: String, first: UInt64, last: UInt64, time: UInt64
    ) -> DaemonRecord {
        DaemonRecord(
            time: time, .dropped,
            "dropped \(Quantity.text(count, "record")) for \(sink): records were written faster than it accepts them",
            fields: [
                RecordField("sink", .text(sink)), RecordField("count", .integer(count)),
                RecordField("from", .time(first)), RecordField("to", .time(last)),
            ])
    }

    /// A reload removed a destination of the log while it could not be written to.
    static func recordsAbandoned(_ count: UInt64, for sink: String, time: UInt64 = Clock.realtime) -> DaemonRecord {
        DaemonRecord(
            time: time, .dropped,
            "\(Quantity.text(count, "record")) for \(sink) were not written: a reload removed it while it was stuck",
            fields: [RecordField("sink", .text(sink)), RecordField("count", .integer(count))])
    }
}
