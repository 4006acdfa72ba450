// SPDX-License-Identifier: Apache-2.0

import Foundation
import LinuxSystem
import Testing

@Suite final class RegularFileTests {
    private let directory: String

    init() throws {
        directory = NSTemporaryDirectory() + "usher-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: directory)
    }

    private func path(_ name: String) -> String { "\(directory)/\(name)" }

    @Test(arguments: [0, 1, 16 << 10, (16 << 10) + 1, 100_000])
    func readsUpToTheLimit(size: Int) throws {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
        try Data(bytes).write(to: URL(fileURLWithPath: path("file")))
        #expect(try RegularFile.read(path("file"), limit: size) == bytes)
        #expect(try RegularFile.read(path("file"), limit: size + 1) == bytes)
        guard size > 0 else { return }
        #expect(throws: FileReadFailure.tooLarge(limit: size - 1)) {
            try RegularFile.read(self.path("file"), limit: size - 1)
        }
    }

    /// What has no size in its directory entry is bounded by the reading itself.
    @Test func readsWhatSaysItIsEmpty() throws {
        #expect(try RegularFile.read("/proc/self/stat", limit: 1 << 16).isEmpty == false)
        #expect(throws: FileReadFailure.tooLarge(limit: 3)) { try RegularFile.read("/proc/self/stat", limit: 3) }
    }

    @Test func doesNotReadWhatIsTooLarge() throws {
        #expect(FileManager.default.createFile(atPath: path("sparse"), contents: nil))
        // 4 GiB without a block: reading it would take more memory than the test may have.
        #expect(truncate(path("sparse"), 4 << 30) == 0)
        #expect(throws: FileReadFailure.tooLarge(limit: 1 << 20)) {
            try RegularFile.read(self.path("sparse"), limit: 1 << 20)
        }
    }

    /// Opening a pipe without a writer waits for ever, unless one asks not to.
    @Test func refusesWhatIsNoFile() throws {
        #expect(mkfifo(path("pipe"), 0o600) == 0)
        for (path, kind) in [
            (path("pipe"), "a named pipe"), (directory, "a directory"), ("/dev/zero", "a device"),
        ] {
            #expect(throws: FileReadFailure.notAFile(kind: kind)) { try RegularFile.read(path, limit: 10) }
        }
    }

    @Test func saysWhyItCannotBeOpened() {
        #expect(throws: FileReadFailure.system(SystemError("open", errno: ENOENT))) {
            try RegularFile.read(self.path("missing"), limit: 10)
        }
        #expect(throws: FileReadFailure.system(SystemError("open", errno: ENAMETOOLONG))) {
            try RegularFile.read(self.path(String(repeating: "x", count: 300)), limit: 10)
        }
    }

    /// Each system call in turn fails: the error names it, and no descriptor stays open.
    @Test func passesOnEveryFailure() throws {
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path("file")))
        var failed: [String] = []
        for number in 1...10 {
            let before = try Directory.names(in: "/proc/self/fd").count
            var reached = false
            var operation: String?
            for _ in 0..<200 {
                reached = FaultInjection.failing(call: number, with: EIO) {
                    do throws(FileReadFailure) {
                        _ = try RegularFile.read(self.path("file"), limit: 10)
                    } catch {
                        if case .system(let error) = error { operation = error.operation.description }
                    }
                }
            }
            // Tests beside this one open descriptors too, but not as many as a leak in each round would leave.
            #expect(try Directory.names(in: "/proc/self/fd").count < before + 150)
            guard reached else { break }
            if let operation { failed.append(operation) }
        }
        #expect(failed == ["open", "fstat", "read", "read"])
    }

    @Test func listsADirectory() throws {
        for name in ["b", "a", ".hidden", "日本"] {
            #expect(FileManager.default.createFile(atPath: path(name), contents: nil))
        }
        #expect(try Directory.names(in: directory).sorted() == [".hidden", "a", "b", "日本"])
        #expect(try Directory.names(in: path("missing")).isEmpty)
        #expect(throws: SystemError("opendir", errno: ENOTDIR)) { try Directory.names(in: self.path("a")) }
    }
}
