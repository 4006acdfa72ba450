// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

@testable import LinuxSystem

@Suite struct RegularFileTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private static func failure(_ path: String, limit: Int = 100) -> FileReadFailure? {
        do throws(FileReadFailure) {
            _ = try RegularFile.read(path, limit: limit)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [0, 1, 99, 100, 16_384, 16_385, 100_000])
    func `a file is read up to the limit`(count: Int) throws {
        let text = String(repeating: "x", count: count)
        let path = try directory.write(text, to: "file")
        #expect(try RegularFile.read(path, limit: count) == Array(text.utf8))
        if count > 0 { #expect(Self.failure(path, limit: count - 1) == .tooLarge(limit: count - 1)) }
    }

    @Test func `a file without a size is read up to the limit`() throws {
        #expect(try !RegularFile.read("/proc/self/status", limit: 1 << 20).isEmpty)
        #expect(Self.failure("/proc/self/status", limit: 10) == .tooLarge(limit: 10))
    }

    @Test func `a FIFO or device is refused without blocking`() throws {
        mkfifo(directory.appending("pipe"), 0o600)
        #expect(Self.failure(directory.appending("pipe")) == .notAFile(kind: "a named pipe"))
        #expect(Self.failure(directory.path) == .notAFile(kind: "a directory"))
        #expect(Self.failure("/dev/null") == .notAFile(kind: "a device"))
    }

    @Test func `errno is reported`() throws {
        #expect(Self.failure(directory.appending("none")) == .system(SystemError("open", errno: ENOENT)))
        symlink("loop", directory.appending("loop"))
        #expect(Self.failure(directory.appending("loop")) == .system(SystemError("open", errno: ELOOP)))
        let path = try directory.write("text", to: "file")
        #expect(Self.failure("\(path)/below") == .system(SystemError("open", errno: ENOTDIR)))
    }

    @Test func `a failure of any call leaks no descriptor`() throws {
        let path = try directory.write("text", to: "file")
        try withOwnDescriptors {
            let before = try openDescriptors()
            var operations: [String] = []
            var number = 1
            func attempt() {
                guard case .system(let error) = Self.failure(path) else { return }
                operations.append(error.operation.description)
            }
            while FaultInjection.failing(call: number, with: EIO, attempt) { number += 1 }
            #expect(operations == ["open", "fstat", "read", "read"])
            #expect(try openDescriptors() == before)
        }
    }
}
