// SPDX-License-Identifier: Apache-2.0

public import LinuxSystem

/// What stands between a ``Stream`` and its socket and transforms the bytes both ways, as TLS does.
///
/// A filter may have to write before it can read, and to read before it can write. So the owner of a filtered stream takes
/// every event to mean both, and a call that cannot go on says that it would block.
///
/// Concurrency: belongs to the lane of its stream.
public protocol StreamFilter: AnyObject {
    /// Reads what the peer meant into `buffer`.
    ///
    /// - Returns: how many bytes; that there are none until the next event; or that the peer has finished. It must not say
    ///   that it would block while it holds bytes that it could deliver, since no event would tell of them.
    func read(into buffer: inout MutableRawSpan, from socket: FilteredSocket) throws(SystemError) -> Transfer

    /// Writes bytes.
    ///
    /// - Returns: how many of them went, all the way to the kernel; or that none can go until the next event. Fewer than all
    ///   only if an event will come, since the socket is full or the peer has to send something first. The next call begins
    ///   with the bytes that did not go.
    func write(_ bytes: RawSpan, to socket: FilteredSocket) throws(SystemError) -> Transfer

    /// Writes what tells the peer that no more comes, once: a call after it went does nothing. Called again after an event if
    /// it could not.
    ///
    /// - Returns: whether it went; then the socket's writing direction is shut down.
    func finish(_ socket: FilteredSocket) throws(SystemError) -> Bool
}

/// The filters that new streams of a lane get.
///
/// Concurrency: belongs to one lane.
package struct StreamFilters {
    /// Makes that of a client, once it has come to its service; nil for none.
    package var client: (() -> any StreamFilter)?

    /// Makes that of a stream to an upstream; nil for none.
    package var upstream: (() -> any StreamFilter)?

    /// Puts them together.
    package init(client: (() -> any StreamFilter)? = nil, upstream: (() -> any StreamFilter)? = nil) {
        self.client = client
        self.upstream = upstream
    }
}

/// The socket of a filtered stream, as its ``StreamFilter`` sees it: a stream of transformed bytes.
///
/// Concurrency: valid during the call that it is passed to.
public struct FilteredSocket {
    private let raw: CInt

    init(_ raw: CInt) { self.raw = raw }

    /// Reads transformed bytes: recv(2).
    public func receive(into buffer: inout MutableRawSpan) throws(SystemError) -> Transfer {
        // unsafe: the span is borrowed for the call, which fills it from its beginning.
        try unsafe buffer.withUnsafeMutableBytes { bytes throws(SystemError) in
            unsafe try Transfer.receive(raw, into: bytes)
        }
    }

    /// Writes transformed bytes: send(2).
    public func send(_ bytes: RawSpan) throws(SystemError) -> Transfer { try Transfer.send(raw, from: bytes) }
}
