// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import LinuxSystem

/// A number that no descriptor of this process has.
private let nobody: CInt = 1_000_000

@Suite struct OwnBugTests {
    @Test func `EBADF on read ends the process with a message`() async throws {
        let result = try await #require(processExitsWith: .exitCode(70), observing: [\.standardErrorContent]) {
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 8)
            _ = try? Transfer.receive(nobody, into: buffer)
        }
        let said = String(decoding: result.standardErrorContent, as: UTF8.self)
        #expect(said.contains("a bug in this program: recv: Bad file descriptor (EBADF)"), "\(said)")
    }

    @Test func `EBADF on other calls ends the process`() async {
        await #expect(processExitsWith: .exitCode(70)) {
            _ = try? OutgoingSocket.connect(nobody, to: .ipv4(.loopback, port: 1))
        }
        await #expect(processExitsWith: .exitCode(70)) { _ = try? Transfer.send(nobody, from: [1 as UInt8].span.bytes) }
        await #expect(processExitsWith: .exitCode(70)) {
            _ = try? LinuxSystem.Pipe(capacity: 4096).fill(from: nobody, atMost: 4096)
        }
        await #expect(processExitsWith: .exitCode(70)) {
            let poll = try? EventPoll()
            try? poll?.add(nobody, for: .readable, token: 1)
        }
    }

    @Test func `ENOTSOCK ends the process`() async {
        await #expect(processExitsWith: .exitCode(70)) {
            let file = try? OpenFile("/dev/null", O_RDONLY)
            _ = try? PeerCredentials(of: file?.raw ?? 0)
        }
    }

    @Test func `the handler gets the message once before the end`() async throws {
        let result = try await #require(processExitsWith: .exitCode(70), observing: [\.standardErrorContent]) {
            OwnBug.setExitHandler { sentence in
                let line = "told: \(sentence)\n"
                _ = line.withCString { write(2, $0, strlen($0)) }
                // A bug in here does not come back here.
                _ = try? Transfer.send(nobody, from: [1 as UInt8].span.bytes)
            }
            _ = try? Transfer.send(nobody, from: [1 as UInt8].span.bytes)
        }
        let said = String(decoding: result.standardErrorContent, as: UTF8.self)
        #expect(said.components(separatedBy: "told: ").count == 2, "\(said)")
    }

    private static let rows: [(StaticOperation, CInt, Bool)] = [
        ("recv", EBADF, true), ("recv", ENOTSOCK, true), ("recv", EFAULT, true), ("recv", ECONNRESET, false),
        ("connect", EINVAL, false), ("accept4", EINVAL, false), ("epoll_ctl", EBADF, true),
        ("epoll_ctl", EEXIST, false),
        // Standard input and output, and what a log goes to, were opened by others.
        ("read", EBADF, false), ("write", EBADF, false), ("fstat", EBADF, false), ("poll", EBADF, false),
    ]

    @Test(arguments: rows) func `only errors that a bug explains end the process`(row: (StaticOperation, CInt, Bool)) {
        #expect(OwnBug.isProved(by: row.1, of: row.0) == row.2)
    }

    @Test func `a bad passed descriptor is refused and does not end the process`() throws {
        let file = try OpenFile("/dev/null", O_RDONLY)
        #expect(throws: SystemError("getsockopt", errno: ENOTSOCK)) {
            _ = try ListeningSocket(adopting: OwnedDescriptor(adopting: dup(file.raw)))
        }
        #expect(throws: SystemError("fstat", errno: EBADF)) {
            _ = try ListeningSocket(adopting: OwnedDescriptor(adopting: nobody))
        }
    }
}
