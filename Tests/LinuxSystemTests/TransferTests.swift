// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

@testable import Addresses
@testable import LinuxSystem

@Suite struct TransferTests {
    /// Both ends of a connection, of which ours is non-blocking.
    fileprivate final class Pair {
        let ours: CInt
        private(set) var theirs: CInt

        init(_ type: __socket_type) throws {
            var ends: [CInt] = [0, 0]
            guard
                socketpair(AF_UNIX, CInt(type.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0
            else { throw POSIXFailure("socketpair") }
            (ours, theirs) = (ends[0], ends[1])
            if type == SOCK_SEQPACKET { try SocketOption.passCredentials.set(1, on: ours) }
        }

        func say(_ text: String) { #expect(Glibc.send(theirs, text, text.utf8.count, 0) == text.utf8.count) }

        func finish() { shutdown(theirs, CInt(SHUT_WR)) }

        func leave() {
            close(theirs)
            theirs = -1
        }

        deinit {
            close(ours)
            if theirs >= 0 { close(theirs) }
        }
    }

    private func receive(_ raw: CInt, room: Int = 16, message: Bool = false) throws(SystemError) -> (Transfer, String) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 1)
        defer { buffer.deallocate() }
        let transfer: Transfer =
            message ? try .receiveMessage(raw, into: buffer) : try .receive(raw, into: buffer)
        guard case .moved(let count) = transfer else { return (transfer, "") }
        return (transfer, String(decoding: buffer[..<count], as: UTF8.self))
    }

    // MARK: - Long messages

    @Test func `a message that is longer than the buffer makes the buffer longer`() throws {
        let pair = try Pair(SOCK_SEQPACKET)
        // As far as anybody may: net.core.wmem_max is this at least.
        let bytes = [UInt8](repeating: 0x78, count: 220_000)
        let sent = try Transfer.send(pair.ours, from: bytes.span.bytes)
        #expect(sent == .moved(bytes.count))
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        #expect(recv(pair.theirs, &buffer, buffer.count, 0) == bytes.count)
    }

    @Test func `a message over the limit is EMSGSIZE, and the socket remains usable`() throws {
        let pair = try Pair(SOCK_SEQPACKET)
        let bytes = [UInt8](repeating: 0, count: 10)
        // The buffer is long enough, so nothing is tried again.
        _ = FaultInjection.failing(call: 1, with: EMSGSIZE, of: "send") {
            #expect(throws: SystemError("send", errno: EMSGSIZE)) {
                _ = try Transfer.send(pair.ours, from: bytes.span.bytes)
            }
        }
        let sent = try Transfer.send(pair.ours, from: bytes.span.bytes)
        #expect(sent == .moved(10))
    }

    // MARK: - Streams

    @Test func `reads return data, then EAGAIN, then EOF`() throws {
        let pair = try Pair(SOCK_STREAM)
        #expect(try receive(pair.ours) == (.wouldBlock, ""))
        pair.say("hello")
        #expect(try receive(pair.ours, room: 3) == (.moved(3), "hel"))
        #expect(try receive(pair.ours) == (.moved(2), "lo"))
        #expect(try receive(pair.ours) == (.wouldBlock, ""))
        pair.say("x")
        pair.finish()
        #expect(try receive(pair.ours) == (.moved(1), "x"))
        #expect(try receive(pair.ours) == (.endOfStream, ""))
        #expect(try receive(pair.ours) == (.endOfStream, ""))
    }

    @Test func `a reset is ECONNRESET`() throws {
        let socket = try ListeningSocket(
            kind: .tcp, address: .ipv4(.loopback, port: 0), dualStack: false, options: ListeningOptions())
        let client = try Client(ServerAddress(socket))
        let accepted = try waitFor("a connection") { try socket.accept()?.takeDescriptor().relinquish() }
        defer { close(accepted) }
        client.reset()
        try waitUntil("the reset has come") {
            do throws(SystemError) {
                return try receive(accepted).0 != .wouldBlock
            } catch {
                #expect(error == SystemError("recv", errno: ECONNRESET))
                return true
            }
        }
        #expect(throws: SystemError("send", errno: EPIPE)) { try Transfer.send(accepted, from: [1].span.bytes) }
    }

    @Test(arguments: [EMFILE, ENOMEM, ECONNRESET, EBADF, EIO])
    func `errno of a read or write is thrown`(errno: CInt) throws {
        let pair = try Pair(SOCK_STREAM)
        pair.say("x")
        _ = FaultInjection.failing(call: 1, with: errno) {
            #expect(throws: SystemError("recv", errno: errno)) { try receive(pair.ours) }
        }
        _ = FaultInjection.failing(call: 1, with: errno) {
            #expect(throws: SystemError("recvmsg", errno: errno)) { try receive(pair.ours, message: true) }
        }
        _ = FaultInjection.failing(call: 1, with: errno) {
            #expect(throws: SystemError("send", errno: errno)) { try Transfer.send(pair.ours, from: [1].span.bytes) }
        }
    }

    @Test func `EINTR is retried, and EAGAIN would block`() throws {
        let pair = try Pair(SOCK_STREAM)
        pair.say("xy")
        _ = FaultInjection.failing(call: 1, with: EINTR) {
            #expect((try? receive(pair.ours, room: 1).0) == .moved(1))
        }
        _ = FaultInjection.failing(call: 1, with: EAGAIN) {
            #expect((try? receive(pair.ours).0) == .wouldBlock)
        }
        _ = FaultInjection.failing(call: 1, with: EAGAIN) {
            #expect((try? Transfer.send(pair.ours, from: [1].span.bytes)) == .wouldBlock)
        }
        #expect(try receive(pair.ours) == (.moved(1), "y"))
    }

    @Test func `writes fill the buffer, then would block`() throws {
        let pair = try Pair(SOCK_STREAM)
        let bytes = [UInt8](repeating: 7, count: 16 << 20)
        guard case .moved(let count) = try Transfer.send(pair.ours, from: bytes.span.bytes) else {
            Issue.record("nothing was taken")
            return
        }
        #expect(count > 0 && count < bytes.count)
        // Until the last page is full.
        while case .moved(let more) = try Transfer.send(pair.ours, from: bytes.span.bytes) { #expect(more > 0) }
        #expect(try Transfer.send(pair.ours, from: bytes.span.bytes) == .wouldBlock)
        #expect(try Transfer.send(pair.ours, from: RawSpan()) == .moved(0))
    }

    @Test func `a write to a closed peer is EPIPE without SIGPIPE`() throws {
        let pair = try Pair(SOCK_STREAM)
        pair.leave()
        #expect(throws: SystemError("send", errno: EPIPE)) { try Transfer.send(pair.ours, from: [1].span.bytes) }
    }

    @Test func `shutdown closes the write side only`() throws {
        let pair = try Pair(SOCK_STREAM)
        try StreamSocket.finishWriting(pair.ours)
        #expect(try receive(pair.theirs).0 == .endOfStream)
        pair.say("still here")
        #expect(try receive(pair.ours).1 == "still here")
    }

    // MARK: - Messages

    @Test func `messages are read one by one, also empty ones`() throws {
        let pair = try Pair(SOCK_SEQPACKET)
        for text in ["one", "", "two", ""] { pair.say(text) }
        #expect(try receive(pair.ours, message: true) == (.moved(3), "one"))
        #expect(try receive(pair.ours, message: true) == (.moved(0), ""))
        #expect(try receive(pair.ours, message: true) == (.moved(3), "two"))
        #expect(try receive(pair.ours, message: true) == (.moved(0), ""))
        #expect(try receive(pair.ours, message: true) == (.wouldBlock, ""))
    }

    @Test(arguments: [true, false])
    func `an empty message differs from EOF at any time`(halfClose: Bool) throws {
        let pair = try Pair(SOCK_SEQPACKET)
        for text in ["", "last", ""] { pair.say(text) }
        if halfClose { pair.finish() } else { pair.leave() }
        #expect(try receive(pair.ours, message: true) == (.moved(0), ""))
        #expect(try receive(pair.ours, message: true) == (.moved(4), "last"))
        #expect(try receive(pair.ours, message: true) == (.moved(0), ""))
        #expect(try receive(pair.ours, message: true) == (.endOfStream, ""))
        #expect(try receive(pair.ours, message: true) == (.endOfStream, ""))
    }

    @Test func `a truncated message is not delivered`() throws {
        let pair = try Pair(SOCK_SEQPACKET)
        pair.say("12345")
        pair.say("next")
        #expect(throws: SystemError("recvmsg", errno: EMSGSIZE)) { try receive(pair.ours, room: 4, message: true) }
        #expect(try receive(pair.ours, room: 4, message: true) == (.moved(4), "next"))
    }

    @Test(arguments: [true, false])
    func `passed descriptors are closed`(message: Bool) throws {
        try withOwnDescriptors {
            let pair = try Pair(message ? SOCK_SEQPACKET : SOCK_STREAM)
            let before = try openDescriptors()
            try pair.sendDescriptor(0, with: "here")
            #expect(try receive(pair.ours, message: message) == (.moved(4), "here"))
            #expect(try openDescriptors() == before)
        }
    }
}

extension TransferTests.Pair {
    /// Sends a descriptor along with text: SCM_RIGHTS of unix(7).
    fileprivate func sendDescriptor(_ raw: CInt, with text: String) throws {
        // struct cmsghdr of 64-bit Linux: size_t, int, int, and the descriptor.
        var control = [UInt8](repeating: 0, count: 24)
        control.withUnsafeMutableBytes { bytes in
            bytes.storeBytes(of: 20, as: Int.self)
            bytes.storeBytes(of: SOL_SOCKET, toByteOffset: 8, as: CInt.self)
            bytes.storeBytes(of: 1 /* SCM_RIGHTS */, toByteOffset: 12, as: CInt.self)
            bytes.storeBytes(of: raw, toByteOffset: 16, as: CInt.self)
        }
        var content = Array(text.utf8)
        let count = control.withUnsafeMutableBytes { control in
            content.withUnsafeMutableBytes { content in
                var part = iovec(iov_base: content.baseAddress, iov_len: content.count)
                return withUnsafeMutablePointer(to: &part) { part in
                    var header = msghdr()
                    header.msg_iov = part
                    header.msg_iovlen = 1
                    header.msg_control = control.baseAddress
                    header.msg_controllen = control.count
                    return sendmsg(theirs, &header, 0)
                }
            }
        }
        guard count == text.utf8.count else { throw POSIXFailure("sendmsg") }
    }
}
