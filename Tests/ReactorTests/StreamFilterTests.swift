// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import TestSupport
import Testing

@testable import Reactor

/// A stream over a socket pair, with a filter whose answers the test gives.
@Suite struct StreamFilterTests {
    /// Answers as told, and notes the calls.
    private final class ScriptedFilter: StreamFilter {
        var reads: [Transfer] = []
        var writes: [Transfer] = []
        var finishes: [Bool] = []
        private(set) var finishCalls = 0

        func read(into buffer: inout MutableRawSpan, from socket: FilteredSocket) throws(SystemError) -> Transfer {
            reads.isEmpty ? .wouldBlock : reads.removeFirst()
        }

        func write(_ bytes: RawSpan, to socket: FilteredSocket) throws(SystemError) -> Transfer {
            writes.isEmpty ? .wouldBlock : writes.removeFirst()
        }

        func finish(_ socket: FilteredSocket) throws(SystemError) -> Bool {
            finishCalls += 1
            return finishes.isEmpty || finishes.removeFirst()
        }
    }

    private func pair() throws -> (stream: CInt, peer: CInt) {
        var ends: [CInt] = [0, 0]
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        #expect(socketpair(AF_UNIX, type, 0, &ends) == 0)
        return (ends[0], ends[1])
    }

    @Test func `with a filter each event means readable and writable`() throws {
        let (raw, peer) = try pair()
        defer { close(peer) }
        var stream = Stream(OwnedDescriptor(adopting: raw), .unixStream)
        #expect(stream.note(.readable) == .readable)
        stream.install(ScriptedFilter())
        #expect(stream.note(.readable) == [.readable, .writable])
        #expect(stream.note(.writable) == [.readable, .writable])
        #expect(stream.note(.hangUp) == .hangUp)
    }

    @Test func `a short read through a filter does not mean an empty socket`() throws {
        let harness = try LaneHarness()
        let (raw, peer) = try pair()
        defer { close(peer) }
        var stream = Stream(OwnedDescriptor(adopting: raw), .tcp)
        let filter = ScriptedFilter()
        stream.install(filter)
        _ = stream.note(.readable)
        filter.reads = [.moved(3), .wouldBlock]
        #expect(try stream.read(into: harness.lane.input, atMost: 100) == .moved(3))
        var isReadable = stream.isReadable
        #expect(isReadable)
        #expect(try stream.read(into: harness.lane.input, atMost: 100) == .wouldBlock)
        isReadable = stream.isReadable
        #expect(!isReadable)
    }

    @Test func `the write side is shut down after the filter has written its end`() throws {
        let (raw, peer) = try pair()
        defer { close(peer) }
        var stream = Stream(OwnedDescriptor(adopting: raw), .unixStream)
        let filter = ScriptedFilter()
        filter.finishes = [false, false, true]
        stream.install(filter)
        var byte: UInt8 = 0
        try stream.finishWriting()
        #expect(recv(peer, &byte, 1, CInt(MSG_DONTWAIT)) == -1 && errno == EAGAIN)
        _ = stream.note(.writable)
        #expect(recv(peer, &byte, 1, CInt(MSG_DONTWAIT)) == -1 && errno == EAGAIN)
        _ = stream.note(.readable)
        #expect(recv(peer, &byte, 1, CInt(MSG_DONTWAIT)) == 0)
        _ = stream.note(.writable)
        #expect(filter.finishCalls == 3)
    }

    /// Whether a peer has read the end.
    private func hasEnded(_ peer: CInt) -> Bool {
        var byte: UInt8 = 0
        return recv(peer, &byte, 1, CInt(MSG_DONTWAIT)) == 0
    }

    @Test func `a stream closes after the filter has written its end on a later event`() throws {
        let harness = try LaneHarness()
        let (raw, peer) = try pair()
        defer { close(peer) }
        var stream = Stream(OwnedDescriptor(adopting: raw), .unixStream)
        let filter = ScriptedFilter()
        filter.finishes = [false, true]
        stream.install(filter)
        harness.lane.close(&stream)
        let isClosed = stream.raw == -1
        #expect(isClosed, "the session has no socket any more")
        #expect(!hasEnded(peer))
        #expect(harness.run(until: { hasEnded(peer) }))
        #expect(filter.finishCalls == 2)
    }

    @Test func `a filter that cannot write its end delays the close for at most five seconds`() throws {
        let harness = try LaneHarness()
        let (raw, peer) = try pair()
        defer { close(peer) }
        var stream = Stream(OwnedDescriptor(adopting: raw), .unixStream)
        let filter = ScriptedFilter()
        filter.finishes = Array(repeating: false, count: 100)
        stream.install(filter)
        let closer = StreamCloser(stream.take(), on: harness.lane)
        let end = try #require(closer.deadline(at: harness.lane.now))
        #expect(end <= harness.lane.now + Session.lingerTime)
        #expect(!hasEnded(peer))
        #expect(closer.deadline(at: end) == nil)
        #expect(hasEnded(peer))
    }

    @Test func `a reset stream writes no filter end`() throws {
        let harness = try LaneHarness()
        let (raw, peer) = try pair()
        defer { close(peer) }
        var stream = Stream(OwnedDescriptor(adopting: raw), .unixStream)
        let filter = ScriptedFilter()
        stream.install(filter)
        stream.resetOnClose()
        harness.lane.close(&stream)
        #expect(filter.finishCalls == 0 && hasEnded(peer))
    }

    @Test func `a taken stream leaves a closed one`() throws {
        let (raw, peer) = try pair()
        defer { close(peer) }
        var stream = Stream(OwnedDescriptor(adopting: raw), .unixStream)
        let other = stream.take()
        let numbers = (other.raw, stream.raw)
        #expect(numbers == (raw, -1))
        stream.close()
        stream.resetOnClose()
        var byte: UInt8 = 0
        #expect(recv(peer, &byte, 1, CInt(MSG_DONTWAIT)) == -1 && errno == EAGAIN, "the other one is open")
    }

    @Test func `only plain byte streams can splice`() throws {
        for (kind, canSplice) in [
            (SocketKind.tcp, true), (.unixStream, true), (.vsock, false), (.unixSeqpacket, false),
        ] {
            let (raw, peer) = try pair()
            defer { close(peer) }
            var stream = Stream(OwnedDescriptor(adopting: raw), kind)
            var splices = stream.canSplice
            #expect(splices == canSplice)
            guard kind.isByteStream else { continue }
            stream.install(ScriptedFilter())
            splices = stream.canSplice
            #expect(!splices)
        }
    }
}
