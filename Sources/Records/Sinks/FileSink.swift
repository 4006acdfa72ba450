// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem
import Synchronization

/// Appends lines to a file, and reopens it when its path leads to another file or none.
///
/// The old descriptor is closed only after a new one was opened: if the path cannot be opened, records still go to the old file.
///
/// Concurrency: opened on the queue that configures the log, then used on the thread of its destination alone; the lock is never
/// contended.
final class FileSink: RecordSink {
    let destination: RecordDestination
    let encoding: RecordEncoding

    private let path: String
    private let system: any LogFileSystem
    private let state: Mutex<State>

    private struct State: ~Copyable, Sendable {
        var descriptor: OwnedDescriptor
        var output: SharedOutput
        var checked: UInt64
        var writtenSinceCheck = 0
        /// Whether the path leads elsewhere and cannot be opened; that was reported.
        var isOnOldFile = false
        /// Whether the file has no name any more, so that records in it would be lost.
        var isNameless = false
    }

    /// How long after a check the path is not checked again, in nanoseconds.
    private static let checkInterval: UInt64 = 1_000_000_000

    /// Opens the file. A missing file is created with mode 0640; a missing directory is not created.
    init(
        path: String, encoding: RecordEncoding, system: any LogFileSystem = LinuxLogFileSystem()
    ) throws(SystemError) {
        destination = .file(path: path)
        self.encoding = encoding
        self.path = path
        self.system = system
        let descriptor = try system.open(path)
        let output = system.output(to: descriptor.raw)
        state = Mutex(State(descriptor: descriptor, output: output, checked: system.now))
    }

    func write(_ bytes: [UInt8], count: Int) -> SinkOutcome {
        state.withLock { state in
            do throws(SystemError) {
                let notice = try reopenIfMoved(&state)
                var outcome = state.output.write(bytes, count: count, to: state.descriptor.raw, of: system)
                outcome.notice = notice
                state.writtenSinceCheck += outcome.written
                return outcome
            } catch {
                return SinkOutcome(written: 0, lost: count, error: error)
            }
        }
    }

    func reopen() throws(SystemError) -> Bool {
        try state.withLock { (state) throws(SystemError) in
            do throws(SystemError) {
                install(try system.open(path), in: &state)
            } catch {
                // The caller reports the error.
                state.isOnOldFile = true
                throw error
            }
        }
        return true
    }

    func abandon() { system.abandon() }

    /// Reopens the file if its path was removed or leads elsewhere.
    ///
    /// Checks at most once a second and only before a write, so an idle log costs nothing.
    ///
    /// - Throws: the error of the reopening, if records in the old file would be lost.
    private func reopenIfMoved(_ state: inout State) throws(SystemError) -> SinkNotice? {
        let now = system.now
        guard state.isNameless || Clock.span(from: state.checked, to: now) >= Self.checkInterval else { return nil }
        state.checked = now
        let open = try system.identity(of: state.descriptor.raw)
        if try leadsTo(open) {
            state.writtenSinceCheck = 0
            state.isOnOldFile = false
            return nil
        }
        let stranded = open.isUnlinked ? state.writtenSinceCheck : 0
        do throws(SystemError) {
            install(try system.open(path), in: &state)
            return .fileReplaced(recordsInOldFile: stranded)
        } catch {
            if open.isUnlinked {
                state.isNameless = true
                throw error
            }
            defer { state.isOnOldFile = true }
            return state.isOnOldFile ? nil : .keepsOldFile(error)
        }
    }

    private func leadsTo(_ open: FileIdentity) throws(SystemError) -> Bool {
        if open.isUnlinked { return false }
        do throws(SystemError) {
            return try system.identity(of: path) == open
        } catch  where error.errno == ENOENT {
            return false
        } catch {
            // The path cannot be examined, but the open file still accepts records.
            return true
        }
    }

    private func install(_ descriptor: consuming OwnedDescriptor, in state: inout State) {
        state.output = system.output(to: descriptor.raw)
        state.descriptor = consume descriptor
        state.checked = system.now
        state.writtenSinceCheck = 0
        state.isOnOldFile = false
        state.isNameless = false
    }
}
