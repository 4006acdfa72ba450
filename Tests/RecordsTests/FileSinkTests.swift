// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import LinuxSystem
import Testing

@testable import Records

@Suite struct FileSinkTests {
    private let directory = TemporaryDirectory()

    private func line(_ text: String) -> [UInt8] { Array((text + "\n").utf8) }

    @Test func aFileIsMadeForItsOwnerAndReadableByItsGroup() throws {
        let path = directory.file("log")
        _ = try FileSink(path: path, encoding: .text)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        let mask = umask(0)
        umask(mask)
        #expect(attributes[.posixPermissions] as? Int == 0o640 & ~Int(mask))
    }

    @Test func whatIsThereStays() throws {
        try "before\n".write(toFile: directory.file("log"), atomically: false, encoding: .utf8)
        let sink = try FileSink(path: directory.file("log"), encoding: .text)
        #expect(sink.write(line("after"), count: 1) == SinkOutcome(written: 1))
        #expect(directory.read("log") == "before\nafter\n")
    }

    @Test(arguments: [
        ("missing/log", ENOENT, "create the directory"),
        ("", EISDIR, "give the name of a file"),
    ])
    func whatCannotBeOpenedIsAnErrorThatSaysWhatToDo(name: String, errno: CInt, help: String) {
        let path = directory.file(name)
        let error = #expect(throws: SinkError.self) {
            try RecordWriter(RecordSettings(destinations: [.file(path: path)]))
        }
        #expect(error?.destination == .file(path: path))
        #expect(error?.cause == SystemError("open", errno: errno))
        #expect(error?.description.hasPrefix("cannot write the log to \(path): ") == true)
        #expect(error?.description.contains(help) == true, "\(error?.description ?? "")")
    }

    @Test func aFullDeviceLosesTheRecordsAndSaysSo() throws {
        let sink = try FileSink(path: "/dev/full", encoding: .text)
        #expect(
            sink.write(line("a") + line("b"), count: 2)
                == SinkOutcome(written: 0, lost: 2, error: SystemError("write", errno: ENOSPC)))
    }

    @Test func aFileThatWasRemovedIsOpenedAnewAndSaysHowManyRecordsWentWithIt() throws {
        let system = ScriptedFileSystem()
        let sink = try FileSink(path: "/log", encoding: .text, system: system)
        #expect(sink.write(line("a") + line("b"), count: 2) == SinkOutcome(written: 2))
        system.state.withLock { state in
            state.open.isUnlinked = true
            state.named = nil
        }
        // Not looked at again before a second is over.
        #expect(sink.write(line("c"), count: 1) == SinkOutcome(written: 1))
        system.state.withLock { $0.now = 1_000_000_000 }
        #expect(
            sink.write(line("d"), count: 1) == SinkOutcome(written: 1, notice: .fileReplaced(recordsInOldFile: 3)))
        #expect(system.state.withLock { $0.opened } == 2)
    }

    @Test func aFileThatIsInItsPlaceIsLookedAtOnceASecond() throws {
        let system = ScriptedFileSystem()
        let sink = try FileSink(path: "/log", encoding: .text, system: system)
        for now: UInt64 in [0, 500_000_000, 999_999_999, 1_000_000_000, 1_500_000_000, 2_000_000_000] {
            system.state.withLock { $0.now = now }
            #expect(sink.write(line("x"), count: 1) == SinkOutcome(written: 1))
        }
        #expect(system.state.withLock { $0.looked } == 2)
        #expect(system.state.withLock { $0.opened } == 1)
    }

    @Test func aDirectoryThatIsGoneMakesTheSinkFailUntilItIsThereAgain() throws {
        let system = ScriptedFileSystem()
        let sink = try FileSink(path: "/log", encoding: .text, system: system)
        system.state.withLock { state in
            state.open.isUnlinked = true
            state.named = nil
            state.openError = ENOENT
            state.now = 1_000_000_000
        }
        let failure = SinkOutcome(written: 0, lost: 1, error: SystemError("open", errno: ENOENT))
        #expect(sink.write(line("a"), count: 1) == failure)
        #expect(sink.write(line("b"), count: 1) == failure)
        system.state.withLock { $0.openError = nil }
        #expect(
            sink.write(line("c"), count: 1) == SinkOutcome(written: 1, notice: .fileReplaced(recordsInOldFile: 0)))
        #expect(system.content == "c\n")
    }

    /// Renamed, as by logrotate, where the new file cannot be made: the old one is read still.
    @Test(arguments: [EACCES, ENOSPC, EMFILE, EROFS])
    func aRenamedFileTakesTheRecordsWhileItsNameCannotBeOpened(errno: CInt) throws {
        let system = ScriptedFileSystem()
        let sink = try FileSink(path: "/log", encoding: .text, system: system)
        system.state.withLock { state in
            state.named = nil
            state.openError = errno
            state.now = 1_000_000_000
        }
        let error = SystemError("open", errno: errno)
        #expect(sink.write(line("a"), count: 1) == SinkOutcome(written: 1, notice: .keepsOldFile(error)))
        // It is told of once, and tried again each second.
        #expect(sink.write(line("b"), count: 1) == SinkOutcome(written: 1))
        system.state.withLock { $0.now = 2_000_000_000 }
        #expect(sink.write(line("c"), count: 1) == SinkOutcome(written: 1))
        #expect(system.state.withLock { $0.opened } == 3)
        system.state.withLock { state in
            state.openError = nil
            state.now = 3_000_000_000
        }
        #expect(
            sink.write(line("d"), count: 1) == SinkOutcome(written: 1, notice: .fileReplaced(recordsInOldFile: 0)))
        #expect(system.content == "a\nb\nc\nd\n")
    }

    @Test func recordsInAFileWithoutANameAreLostUntilThereIsANewOne() throws {
        let system = ScriptedFileSystem()
        let sink = try FileSink(path: "/log", encoding: .text, system: system)
        #expect(sink.write(line("a"), count: 1) == SinkOutcome(written: 1))
        system.state.withLock { state in
            state.open.isUnlinked = true
            state.named = nil
            state.openError = EACCES
            state.now = 1_000_000_000
        }
        let failure = SinkOutcome(written: 0, lost: 1, error: SystemError("open", errno: EACCES))
        #expect(sink.write(line("b"), count: 1) == failure)
        #expect(sink.write(line("c"), count: 1) == failure)
        system.state.withLock { $0.openError = nil }
        #expect(
            sink.write(line("d"), count: 1) == SinkOutcome(written: 1, notice: .fileReplaced(recordsInOldFile: 1)))
    }

    @Test func anotherFileUnderTheNameIsFollowed() throws {
        let system = ScriptedFileSystem()
        let sink = try FileSink(path: "/log", encoding: .text, system: system)
        system.state.withLock { state in
            state.named?.inode = 2
            state.now = 1_000_000_000
        }
        // The old file has another name now, so nothing is lost.
        #expect(
            sink.write(line("a"), count: 1) == SinkOutcome(written: 1, notice: .fileReplaced(recordsInOldFile: 0)))
    }

    @Test func reopeningFollowsTheName() throws {
        let sink = try FileSink(path: directory.file("log"), encoding: .text)
        _ = sink.write(line("old"), count: 1)
        try FileManager.default.moveItem(atPath: directory.file("log"), toPath: directory.file("log.1"))
        _ = sink.write(line("still old"), count: 1)
        #expect(try sink.reopen())
        _ = sink.write(line("new"), count: 1)
        #expect(directory.read("log.1") == "old\nstill old\n")
        #expect(directory.read("log") == "new\n")
    }

    @Test func reopeningThatFailsLeavesTheOldFileInUse() throws {
        let system = ScriptedFileSystem()
        let sink = try FileSink(path: "/log", encoding: .text, system: system)
        system.state.withLock { $0.openError = EACCES }
        #expect(throws: SystemError("open", errno: EACCES)) { try sink.reopen() }
        #expect(sink.write(line("a"), count: 1) == SinkOutcome(written: 1))
        // Also when it looks whether its name still leads there, a second later; it was told of already.
        system.state.withLock { state in
            state.named = nil
            state.now = 1_000_000_000
        }
        #expect(sink.write(line("b"), count: 1) == SinkOutcome(written: 1))
        #expect(system.content == "a\nb\n")
    }

    @Test func aFIFOThatNobodyReadsDoesNotHoldTheStartUp() throws {
        let path = directory.file("fifo")
        #expect(mkfifo(path, 0o600) == 0)
        #expect(throws: SystemError("open", errno: ENXIO)) { try FileSink(path: path, encoding: .text) }
    }

    @Test(.enabled(if: getuid() == 0, "a small file system can be mounted only by root"))
    func aFullDiskKeepsWholeLinesAndGoesOnWhenThereIsRoom() throws {
        try inPrivateMountNamespace {
            let mountPoint = directory.path
            try #require(mount("tmpfs", mountPoint, "tmpfs", 0, "size=16k") == 0)
            let sink = try FileSink(path: mountPoint + "/log", encoding: .text)
            let batch = line(String(repeating: "x", count: 99))
            var written = 0
            var outcome = SinkOutcome(written: 0)
            for _ in 0..<1000 where outcome.error == nil {
                outcome = sink.write(batch, count: 1)
                written += outcome.written
            }
            #expect(outcome.error?.errno == ENOSPC)
            try #require(truncate(mountPoint + "/log", 4096) == 0)
            #expect(sink.write(line("next"), count: 1).written == 1)
            let lines = try String(contentsOfFile: mountPoint + "/log", encoding: .utf8).split(separator: "\n")
            #expect(lines.last == "next")
            #expect(written > 40)
        }
    }
}
