// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem
import Synchronization

/// Appends lines to a file, and notices when its name no longer leads to it.
///
/// A descriptor that takes records is let go of only when there is another one: where the name cannot be opened, the log
/// goes on in the old file.
///
/// Concurrency: opened on the queue that configures the log, then used on the thread of its destination alone; the lock is
/// never waited for.
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
        /// Whether the name leads elsewhere and cannot be opened, which was told of.
        var isLeftBehind = false
        /// Whether no name leads to the file, so that nobody would ever read what is written.
        var isNameless = false
    }

    /// How long a file is trusted to be where it was.
    private static let checkInterval: UInt64 = 1_000_000_000

    /// Opens the file; it is made with mode 0640 if there is none, its directory is not.
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
                let notice = try lookAfter(&state)
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
                // The caller tells of it.
                state.isLeftBehind = true
                throw error
            }
        }
        return true
    }

    func abandon() { system.abandon() }

    /// Opens the file anew if its name was removed or leads elsewhere. Looks once a second at most, and only before a
    /// write, so that a log in which nothing happens costs nothing.
    ///
    /// - Throws: why it cannot, if what is written to the old file would be lost.
    private func lookAfter(_ state: inout State) throws(SystemError) -> SinkNotice? {
        let now = system.now
        guard state.isNameless || Clock.span(from: state.checked, to: now) >= Self.checkInterval else { return nil }
        state.checked = now
        let open = try system.identity(of: state.descriptor.raw)
        if try leadsTo(open) {
            state.writtenSinceCheck = 0
            state.isLeftBehind = false
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
            defer { state.isLeftBehind = true }
            return state.isLeftBehind ? nil : .keepsOldFile(error)
        }
    }

    private func leadsTo(_ open: FileIdentity) throws(SystemError) -> Bool {
        if open.isUnlinked { return false }
        do throws(SystemError) {
            return try system.identity(of: path) == open
        } catch  where error.errno == ENOENT {
            return false
        } catch {
            // The name cannot be looked up, but the file takes records.
            return true
        }
    }

    private func install(_ descriptor: consuming OwnedDescriptor, in state: inout State) {
        state.output = system.output(to: descriptor.raw)
        state.descriptor = consume descriptor
        state.checked = system.now
        state.writtenSinceCheck = 0
        state.isLeftBehind = false
        state.isNameless = false
    }
}
