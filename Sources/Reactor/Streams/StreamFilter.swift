// SPDX-License-Identifier: Apache-2.0

public import LinuxSystem

/// Transforms the bytes between a ``Stream`` and its socket in both directions, as TLS does.
///
/// A filter may have to write before it can read, and to read before it can write. So the owner of a filtered stream treats
/// every event as readable and writable, and a call that cannot continue returns `.wouldBlock`.
///
/// Concurrency: belongs to the lane of its stream.
public protocol StreamFilter: AnyObject {
    /// Reads the peer's bytes, transformed back, into `buffer`.
    ///
    /// - Returns: how many bytes, `.wouldBlock` until the next event, or `.endOfStream`. It must not return `.wouldBlock`
    ///   while it holds bytes that it could deliver, since no event would announce them.
    func read(into buffer: inout MutableRawSpan, from socket: FilteredSocket) throws(SystemError) -> Transfer

    /// Writes bytes.
    ///
    /// - Returns: how many of them have reached the kernel, or `.wouldBlock` until the next event. Fewer than all only if
    ///   an event will follow, since the socket is full or the peer has to send something first. The next call begins with
    ///   the bytes that were not written.
    func write(_ bytes: RawSpan, to socket: FilteredSocket) throws(SystemError) -> Transfer

    /// Sends the end marker, such as close_notify of TLS, once: a call after it was sent does nothing.
    ///
    /// Called again after an event if it could not be sent.
    ///
    /// - Returns: whether it was sent; then the socket's writing side is shut down or the socket is closed.
    func finish(_ socket: FilteredSocket) throws(SystemError) -> Bool
}

/// The filters that new streams of a lane get.
///
/// Concurrency: belongs to one lane.
package struct StreamFilters {
    /// Makes the filter of a client's stream when its service gets it; nil for none.
    package var client: (() -> any StreamFilter)?

    /// Makes the filter of a stream to an upstream; nil for none.
    package var upstream: (() -> any StreamFilter)?

    /// Makes the pair.
    package init(client: (() -> any StreamFilter)? = nil, upstream: (() -> any StreamFilter)? = nil) {
        self.client = client
        self.upstream = upstream
    }
}

/// The socket of a filtered stream, as its ``StreamFilter`` uses it: it carries the transformed bytes.
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
