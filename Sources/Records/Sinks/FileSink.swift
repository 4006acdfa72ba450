// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem
import Synchronization

/// Appends lines to a file, and notices when its name no longer leads to it.
///
/// Concurrency: opened on the queue that configures the log, then used on the writer's queue alone; the lock is never
/// waited for.
final class FileSink: RecordSink {
    let destination: RecordDestination
    let encoding: RecordEncoding

    private let path: String
    private let system: any LogFileSystem
    private let state: Mutex<State>

    private struct State: ~Copyable, Sendable {
        var descriptor: OwnedDescriptor?
        var output = LineOutput()
        var checked: UInt64
        var writtenSinceCheck = 0
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
        state = Mutex(State(descriptor: try system.open(path), checked: system.now))
    }

    func write(_ bytes: [UInt8], count: Int) -> SinkOutcome {
        state.withLock { state in
            do throws(SystemError) {
                let notice = try lookAfter(&state)
                guard let raw = state.descriptor?.raw else { throw SystemError("open", errno: ENOENT) }
                var outcome = state.output.write(bytes, count: count, to: raw, of: system)
                outcome.notice = notice
                state.writtenSinceCheck += outcome.written
                return outcome
            } catch {
                return SinkOutcome(written: 0, lost: count, error: error)
            }
        }
    }

    func reopen() throws(SystemError) -> Bool {
        try state.withLock { (state) throws(SystemError) in install(try system.open(path), in: &state) }
        return true
    }

    /// Opens the file anew if its name was removed or leads elsewhere. Looks once a second at most, and only before a
    /// write, so that a log in which nothing happens costs nothing.
    private func lookAfter(_ state: inout State) throws(SystemError) -> SinkNotice? {
        let now = system.now
        if let raw = state.descriptor?.raw {
            guard Clock.span(from: state.checked, to: now) >= Self.checkInterval else { return nil }
            state.checked = now
            let open = try system.identity(of: raw)
            if try leadsTo(open) {
                state.writtenSinceCheck = 0
                return nil
            }
            let stranded = open.isUnlinked ? state.writtenSinceCheck : 0
            state.descriptor = nil
            install(try system.open(path), in: &state)
            return .fileReplaced(recordsInOldFile: stranded)
        }
        install(try system.open(path), in: &state)
        return nil
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
        state.descriptor = consume descriptor
        state.output.beginFile()
        state.checked = system.now
        state.writtenSinceCheck = 0
    }
}
