// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import Glibc
import LinuxSystem
import Synchronization

@testable import Records

/// A sink that keeps what it is given, and fails or waits when it is told to.
final class KeepingSink: RecordSink {
    let destination: RecordDestination
    let encoding: RecordEncoding

    private struct State {
        var lines: [String] = []
        var error: SystemError?
        var notice: SinkNotice?
        var reopened = 0
    }

    private let state = Mutex(State())
    /// Taken once by each write while the sink is closed.
    private let gate = DispatchSemaphore(value: 0)
    private let isGated = Atomic(false)
    private let isInside = DispatchSemaphore(value: 0)

    init(_ destination: RecordDestination, encoding: RecordEncoding = .json) {
        self.destination = destination
        self.encoding = encoding
    }

    /// The lines that it took.
    var lines: [String] { state.withLock { $0.lines } }

    var reopened: Int { state.withLock { $0.reopened } }

    /// Makes the writes from now on fail, or work again.
    func fail(with errno: CInt?) {
        state.withLock { $0.error = errno.map { SystemError("write", errno: $0) } }
    }

    /// Makes the next write notice something.
    func notice(_ notice: SinkNotice) {
        state.withLock { $0.notice = notice }
    }

    /// Makes the next write wait until ``open()``.
    func close() { isGated.store(true, ordering: .sequentiallyConsistent) }

    /// Waits until a write waits.
    func waitUntilStuck() { isInside.wait() }

    func open() {
        isGated.store(false, ordering: .sequentiallyConsistent)
        gate.signal()
    }

    func write(_ bytes: [UInt8], count: Int) -> SinkOutcome {
        if isGated.load(ordering: .sequentiallyConsistent) {
            isInside.signal()
            gate.wait()
        }
        return state.withLock { state in
            if let error = state.error {
                defer { state.notice = nil }
                return SinkOutcome(written: 0, lost: count, error: error, notice: state.notice)
            }
            state.lines += bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
            defer { state.notice = nil }
            return SinkOutcome(written: count, notice: state.notice)
        }
    }

    func reopen() throws(SystemError) -> Bool {
        let error = state.withLock { $0.error }
        if let error { throw error }
        state.withLock { $0.reopened += 1 }
        return true
    }
}

/// A file system that does what a test has written down.
final class ScriptedFileSystem: LogFileSystem {
    enum Step {
        case take(Int)
        case fail(CInt)
    }

    struct State {
        var writes: [Step] = []
        var content: [UInt8] = []
        var openError: CInt?
        var opened = 0
        var now: UInt64 = 0
        var open = FileIdentity(device: 1, inode: 1, isUnlinked: false)
        var named: FileIdentity? = FileIdentity(device: 1, inode: 1, isUnlinked: false)
        var looked = 0
    }

    let state = Mutex(State())

    var content: String { state.withLock { String(decoding: $0.content, as: UTF8.self) } }

    func open(_ path: String) throws(SystemError) -> OwnedDescriptor {
        let error = state.withLock { state in
            state.opened += 1
            return state.openError
        }
        if let error { throw SystemError("open", errno: error) }
        return try LinuxLogFileSystem().open("/dev/null")
    }

    func write(_ raw: CInt, _ bytes: [UInt8], from offset: Int) throws(SystemError) -> Int {
        let step: Step = state.withLock { state in
            let step = state.writes.isEmpty ? Step.take(.max) : state.writes.removeFirst()
            if case .take(let count) = step { state.content += bytes[offset...].prefix(count) }
            return step
        }
        switch step {
        case .take(let count): return min(count, bytes.count - offset)
        case .fail(let number): throw SystemError("write", errno: number)
        }
    }

    func identity(of raw: CInt) throws(SystemError) -> FileIdentity {
        state.withLock { state in
            state.looked += 1
            return state.open
        }
    }

    func identity(of path: String) throws(SystemError) -> FileIdentity {
        guard let named = state.withLock({ $0.named }) else { throw SystemError("stat", errno: 2) }
        return named
    }

    var now: UInt64 { state.withLock { $0.now } }
}

/// A file descriptor pair of pipe(2), closed at the end.
final class Pipe: Sendable {
    let reading: CInt
    let writing: CInt

    init() {
        var ends: [CInt] = [-1, -1]
        precondition(Glibc.pipe(&ends) == 0)
        (reading, writing) = (ends[0], ends[1])
    }

    deinit {
        Glibc.close(reading)
        Glibc.close(writing)
    }

    /// What is in the pipe now.
    func readAvailable() -> String {
        var bytes = [UInt8](repeating: 0, count: 1 << 17)
        let count = Glibc.read(reading, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }
}

/// A directory that is removed at the end.
final class TemporaryDirectory: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/usher-records-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }

    func read(_ name: String) -> String {
        (try? String(contentsOfFile: file(name), encoding: .utf8)) ?? ""
    }
}
