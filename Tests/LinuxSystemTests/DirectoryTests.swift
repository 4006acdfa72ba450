// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

@testable import LinuxSystem

@Suite struct DirectoryTests {
    @Test func `all entries except . and .. are listed`() throws {
        let directory = try TemporaryDirectory()
        #expect(try Directory.names(in: directory.path).isEmpty)
        for name in ["b.toml", ".hidden", "a.toml", "..."] { try directory.write("", to: name) }
        try directory.makeDirectory("folder")
        #expect(
            try Set(Directory.names(in: directory.path))
                == Set(["b.toml", ".hidden", "a.toml", "...", "folder"].map { Array($0.utf8) }))
    }

    @Test func `a name that is not UTF-8 is returned as bytes`() throws {
        let directory = try TemporaryDirectory()
        let name: [UInt8] = [0x61, 0xff, 0x80, 0x62]
        let path = Array(directory.path.utf8) + [0x2f] + name
        let descriptor = (path + [0]).withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { $0.baseAddress.map { open($0, O_CREAT | O_WRONLY, 0o600) } ?? -1 }
        }
        #expect(descriptor >= 0)
        close(descriptor)
        #expect(try Directory.names(in: directory.path) == [name])
        (path + [0]).withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { _ = $0.baseAddress.map { unlink($0) } }
        }
    }

    @Test func `a missing directory is empty, and a file is an error`() throws {
        let directory = try TemporaryDirectory()
        #expect(try Directory.names(in: directory.appending("none")).isEmpty)
        let file = try directory.write("", to: "file")
        #expect(throws: SystemError("opendir", errno: ENOTDIR)) { try Directory.names(in: file) }
        #expect(throws: SystemError("opendir", errno: ENOTDIR)) { try Directory.names(in: "\(file)/below") }
    }

    @Test func `a listing leaks no descriptor`() throws {
        try withOwnDescriptors {
            let before = try openDescriptors()
            _ = try Directory.names(in: "/")
            #expect(try openDescriptors() == before)
        }
    }
}
