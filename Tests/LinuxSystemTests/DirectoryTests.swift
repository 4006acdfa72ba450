// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

@testable import LinuxSystem

@Suite struct DirectoryTests {
    @Test func `names everything but itself and its parent`() throws {
        let directory = try TemporaryDirectory()
        #expect(try Directory.names(in: directory.path).isEmpty)
        for name in ["b.toml", ".hidden", "a.toml", "..."] { try directory.write("", to: name) }
        try directory.makeDirectory("folder")
        #expect(try Set(Directory.names(in: directory.path)) == ["b.toml", ".hidden", "a.toml", "...", "folder"])
    }

    @Test func `that is not there has no names, and what is no directory is an error`() throws {
        let directory = try TemporaryDirectory()
        #expect(try Directory.names(in: directory.appending("none")).isEmpty)
        let file = try directory.write("", to: "file")
        #expect(throws: SystemError("opendir", errno: ENOTDIR)) { try Directory.names(in: file) }
        #expect(throws: SystemError("opendir", errno: ENOTDIR)) { try Directory.names(in: "\(file)/below") }
    }

    @Test func `leaves nothing open`() throws {
        try withOwnDescriptors {
            let before = try openDescriptors()
            _ = try Directory.names(in: "/")
            #expect(try openDescriptors() == before)
        }
    }
}
