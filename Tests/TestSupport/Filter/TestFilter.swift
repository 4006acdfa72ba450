// SPDX-License-Identifier: Apache-2.0

import Foundation
import LinuxSystem
import Reactor

#if canImport(Testing)
    public import Testing
#endif

/// Which sides of the lanes under test have a filter that transforms all bytes: `USHER_TEST_FILTER=client`, `upstream` or
/// `both`. The test's own peers speak what it speaks.
public enum TestFilter {
    private static let sides: String = ProcessInfo.processInfo.environment["USHER_TEST_FILTER"] ?? ""

    /// Whether clients have one.
    public static let ofClients = sides == "client" || sides == "both"

    /// Whether upstreams have one.
    public static let ofUpstreams = sides == "upstream" || sides == "both"

    /// The filters of a lane under test.
    static var filters: StreamFilters {
        StreamFilters(
            client: ofClients ? { RecordFilter() } : nil, upstream: ofUpstreams ? { RecordFilter() } : nil)
    }
}

/// A ``RecordCodec`` in a stream.
private final class RecordFilter: StreamFilter {
    private let codec = RecordCodec(seed: 2)

    func read(into buffer: inout MutableRawSpan, from socket: FilteredSocket) throws(SystemError) -> Transfer {
        try codec.read(into: &buffer, FilteredBytes(socket: socket))
    }

    func write(_ bytes: RawSpan, to socket: FilteredSocket) throws(SystemError) -> Transfer {
        try codec.write(bytes, FilteredBytes(socket: socket))
    }

    func finish(_ socket: FilteredSocket) throws(SystemError) -> Bool {
        try codec.finish(FilteredBytes(socket: socket))
    }
}

private struct FilteredBytes: RawBytes {
    let socket: FilteredSocket

    func receive(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Transfer {
        var span = buffer.mutableBytes
        return try socket.receive(into: &span)
    }

    func send(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Transfer { try socket.send(bytes.bytes) }
}

#if canImport(Testing)
    extension Trait where Self == ConditionTrait {
        /// For a test of what a filter cannot do or changes by nature: splice(2), urgent data, sizes on the wire, and peers
        /// that speak no records.
        public static var plainOnly: Self {
            .disabled(if: TestFilter.ofClients || TestFilter.ofUpstreams, "a filter changes what this is about")
        }

        /// For a test whose upstreams speak no records.
        public static var plainUpstream: Self {
            .disabled(if: TestFilter.ofUpstreams, "the upstream has no filter")
        }

        /// For a test in which the upstream is a listener of the same lane: a filter on one side alone would meet none.
        public static var sameOnBothSides: Self {
            .disabled(if: TestFilter.ofClients != TestFilter.ofUpstreams, "the upstream is a listener of the same lane")
        }
    }
#endif
