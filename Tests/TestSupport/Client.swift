// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A blocking client that does exactly what it is told, also what no decent client would do.
///
/// Calls give up after ``patience``: that is a hang, and no test counts on it.
public final class Client {
    /// The socket; -1 once closed.
    public private(set) var raw: CInt

    /// The client's own address as the server's records show it; `unix://` for an unbound Unix socket.
    public let name: String

    private var pending: [UInt8] = []

    /// Connects.
    ///
    /// - Parameters:
    ///   - source: the address to come from, with port 0.
    ///   - receiveBuffer: the size of SO_RCVBUF, for a client that takes little.
    public init(_ address: ServerAddress, from source: ServerAddress? = nil, receiveBuffer: CInt? = nil) throws {
        raw = try address.makeSocket()
        do {
            name = try Self.connect(raw, address, source, receiveBuffer)
        } catch {
            Glibc.close(raw)
            throw error
        }
    }

    /// Takes over the end of a connection that a ``Server`` accepted.
    init(adopting raw: CInt, name: String) {
        self.raw = raw
        self.name = name
        Self.limitWaiting(raw)
    }

    private static func limitWaiting(_ raw: CInt) {
        var limit = timeval(tv_sec: Int(patience.components.seconds), tv_usec: 0)
        setsockopt(raw, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(raw, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    private static func connect(
        _ raw: CInt, _ address: ServerAddress, _ source: ServerAddress?, _ receiveBuffer: CInt?
    ) throws -> String {
        limitWaiting(raw)
        if var size = receiveBuffer {
            setsockopt(raw, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<CInt>.size))
        }
        if let source {
            // Else bind(2) would look for a port that is free for every destination.
            var on: CInt = 1
            setsockopt(
                raw, CInt(IPPROTO_IP), 24 /* IP_BIND_ADDRESS_NO_PORT */, &on, socklen_t(MemoryLayout<CInt>.size))
            guard source.withKernelAddress({ bind(raw, $0, $1) }) == 0 else { throw POSIXFailure("bind to \(source)") }
        }
        guard address.withKernelAddress({ Glibc.connect(raw, $0, $1) }) == 0 else {
            throw POSIXFailure("connect to \(address)")
        }
        guard case .ip(let host, _) = address.place else {
            return "\(address.scheme)://"
        }
        var storage = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let result = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(raw, $0, &length) }
        }
        guard result == 0 else { throw POSIXFailure("getsockname") }
        // IPv4 and IPv6 keep the port at the same place.
        let port = UInt16(bigEndian: storage.sin6_port)
        let own = if let source, case .ip(let host, _) = source.place { host } else { host }
        return ServerAddress(.ip(host: own, port: port)).description
    }

    // MARK: - Sending

    /// Sends all bytes; for seqpacket, as one packet.
    public func send(_ bytes: [UInt8], flags: CInt = 0) throws {
        var sent = 0
        while sent < bytes.count { sent += try sendSome(bytes[sent...], flags: flags) }
    }

    /// Sends text.
    public func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Sends what the kernel takes.
    ///
    /// - Returns: how much that was.
    public func sendSome(_ bytes: ArraySlice<UInt8>, flags: CInt = 0) throws -> Int {
        let count = bytes.withUnsafeBytes { Glibc.send(raw, $0.baseAddress, $0.count, flags | CInt(MSG_NOSIGNAL)) }
        guard count >= 0 else { throw POSIXFailure("send") }
        return count
    }

    /// Sends until the kernel takes no more, without waiting.
    ///
    /// - Returns: how much it took.
    public func sendWhatFits(_ bytes: [UInt8]) throws -> Int {
        var total = 0
        while true {
            do {
                total += try sendSome(bytes[...], flags: CInt(MSG_DONTWAIT))
            } catch let failure as POSIXFailure where failure.number == EAGAIN {
                return total
            }
        }
    }

    /// Sends no more: shutdown(2) of the writing side.
    public func finishWriting() throws {
        guard shutdown(raw, CInt(SHUT_WR)) == 0 else { throw POSIXFailure("shutdown") }
    }

    // MARK: - Receiving

    /// Receives what is there, or waits for some; for seqpacket, one packet. Empty at the end.
    public func receive(atMost count: Int = 65536, flags: CInt = 0) throws -> [UInt8] {
        if !pending.isEmpty {
            let part = Array(pending.prefix(count))
            pending.removeFirst(part.count)
            return part
        }
        var failure: POSIXFailure?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let result = recv(raw, buffer.baseAddress, count, flags)
            if result < 0 { failure = POSIXFailure("recv") }
            filled = max(result, 0)
        }
        if let failure { throw failure }
        return bytes
    }

    /// Receives exactly so many bytes; fewer only at the end.
    public func receive(exactly count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let more = try receive(atMost: count - bytes.count)
            if more.isEmpty { break }
            bytes += more
        }
        return bytes
    }

    /// Receives to the end.
    public func receiveAll() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let more = try receive()
            if more.isEmpty { return bytes }
            bytes += more
        }
    }

    /// Receives a line, without its end (`\n` or `\r\n`); nil at the end of the stream.
    public func receiveLine() throws -> String? {
        while true {
            if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                var line = pending[..<end]
                if line.last == UInt8(ascii: "\r") { line.removeLast() }
                let text = String(decoding: line, as: UTF8.self)
                pending.removeSubrange(...end)
                return text
            }
            let known = pending
            pending = []
            let more = try receive()
            pending = known + more
            if more.isEmpty { return nil }
        }
    }

    /// Whether a call to receive would return at once with something.
    public var hasInput: Bool {
        var byte: UInt8 = 0
        return !pending.isEmpty || recv(raw, &byte, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT)) > 0
    }

    /// Whether the server has ended or broken the connection. Takes nothing that it sent.
    public var isEnded: Bool {
        var byte: UInt8 = 0
        let result = recv(raw, &byte, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT))
        return result == 0 || result < 0 && errno != EAGAIN
    }

    // MARK: - Ending

    /// Closes the socket.
    public func close() {
        guard raw >= 0 else { return }
        Glibc.close(raw)
        raw = -1
    }

    /// Closes the socket so that the peer gets a RST: SO_LINGER with no time.
    public func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(raw, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    deinit { close() }
}
