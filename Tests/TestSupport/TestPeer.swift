// SPDX-License-Identifier: Apache-2.0

public import Addresses
import Glibc
public import LinuxSystem

/// The client's end of a connection, driven by a test on its own thread. No call of it blocks.
///
/// It makes its system calls directly, so that ``FaultInjection`` only meets those of the daemon.
public final class TestPeer {
    /// Everything that was read.
    public private(set) var received: [UInt8] = []

    /// Each message that was read, for a socket that keeps their bounds.
    public private(set) var messages: [[UInt8]] = []

    /// Whether the other side has finished.
    public private(set) var hasEnded = false

    /// The error number of a read or write that failed; 0 if none did.
    public private(set) var failure: CInt = 0

    /// Whether ``pump()`` reads. A peer that is told not to lets its receive buffer fill.
    public var reads = true

    /// How many bytes one read takes at most.
    public var readLength = 64 << 10

    /// How many bytes one write offers at most.
    public var writeLength = Int.max

    private let kind: SocketKind
    private var raw: CInt
    private let codec: RecordCodec?
    private var outgoing: [UInt8] = []
    private var outgoingStart = 0

    /// Where urgent bytes are in ``outgoing``, in order: each goes with MSG_OOB of send(2).
    private var urgent: [Int] = []
    private var finishesWriting = false

    /// Connects to a listening socket.
    ///
    /// - Parameter isFiltered: whether the other side has the filter of ``TestFilter``.
    public init(to socket: ListeningSocket, receiveBuffer: Int? = nil, isFiltered: Bool = false) throws {
        kind = socket.kind
        codec = isFiltered && kind.isByteStream ? RecordCodec(seed: nil) : nil
        let type = CInt((kind == .unixSeqpacket ? SOCK_SEQPACKET : SOCK_STREAM).rawValue)
        let (address, length) = Self.kernelAddress(of: socket.address)
        raw = Glibc.socket(CInt(address.ss_family), type | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw SystemError("socket", errno: errno) }
        if var size = receiveBuffer.map(CInt.init) {
            setsockopt(raw, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<CInt>.size))
        }
        let result = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(raw, $0, length) }
        }
        guard result == 0 else {
            let number = errno
            Glibc.close(raw)
            throw SystemError("connect", errno: number)
        }
        prepare()
    }

    /// Takes over a connected socket of a kind.
    public init(adopting descriptor: CInt, kind: SocketKind, isFiltered: Bool = false) {
        self.kind = kind
        codec = isFiltered && kind.isByteStream ? RecordCodec(seed: nil) : nil
        raw = descriptor
        prepare()
    }

    private func prepare() {
        _ = fcntl(raw, F_SETFL, O_NONBLOCK)
        guard codec != nil, kind == .tcp else { return }
        // An acknowledgement of records must not wait for one of bytes: 40 ms each time.
        var on: CInt = 1
        setsockopt(raw, CInt(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
    }

    deinit { close() }

    /// What was read, as text.
    public var text: String { String(decoding: received, as: UTF8.self) }

    /// What was read, in lines without their LF.
    public var lines: [String] {
        // Decoded when somebody asks, and once: what is no text takes long to decode.
        while decodedLines.count < rawLines.count {
            decodedLines.append(String(decoding: rawLines[decodedLines.count], as: UTF8.self))
        }
        return decodedLines
    }

    private var rawLines: [[UInt8]] = []
    private var decodedLines: [String] = []

    /// The beginning of the line that has not ended.
    private var lineStart: [UInt8] = []

    /// Whether everything was written, and the end too if it was to be.
    public var hasWritten: Bool { outgoingStart == outgoing.count && !finishesWriting }

    /// Whether the connection is over for this side.
    public var isOver: Bool { hasEnded || failure != 0 }

    /// Queues bytes, and writes what goes at once.
    public func write(_ bytes: some Sequence<UInt8>) {
        outgoing.append(contentsOf: bytes)
        pumpOut()
    }

    /// Queues an urgent byte, and writes what goes at once.
    public func writeUrgent(_ byte: UInt8) {
        urgent.append(outgoing.count)
        write(CollectionOfOne(byte))
    }

    /// Queues text, and writes what goes at once.
    public func write(_ text: String) { write(text.utf8) }

    /// Sends one message now.
    public func writeMessage(_ text: String) { writeMessage(Array(text.utf8)) }

    /// Sends one message now.
    ///
    /// - Returns: whether it went.
    @discardableResult
    public func writeMessage(_ bytes: [UInt8]) -> Bool {
        Glibc.send(raw, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count
    }

    /// Makes the send buffer as long as a message needs, for which a process needs CAP_NET_ADMIN: SO_SNDBUFFORCE.
    public func makeRoom(for length: Int) {
        var size = CInt(length)
        setsockopt(raw, SOL_SOCKET, SO_SNDBUFFORCE, &size, socklen_t(MemoryLayout<CInt>.size))
    }

    /// Shuts down the writing side once everything is written.
    public func finishWriting() {
        finishesWriting = true
        pumpOut()
    }

    /// Forgets what was read.
    public func forget() {
        received = []
        messages = []
        rawLines = []
        decodedLines = []
        lineStart = []
    }

    /// Closes the socket.
    public func close() {
        guard raw >= 0 else { return }
        Glibc.close(raw)
        raw = -1
    }

    /// Closes the socket with a reset, where the family has such a thing.
    public func reset() {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(raw, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        close()
    }

    /// Moves what can be moved.
    ///
    /// - Returns: whether anything was.
    @discardableResult
    public func pump() -> Bool {
        guard raw >= 0 else { return false }
        let wrote = pumpOut()
        return reads && pumpIn() || wrote
    }

    @discardableResult
    private func pumpOut() -> Bool {
        var moved = false
        while raw >= 0, outgoingStart < outgoing.count {
            var length = min(writeLength, outgoing.count - outgoingStart)
            var flags = CInt(MSG_NOSIGNAL)
            if let next = urgent.first {
                if next == outgoingStart { flags |= CInt(MSG_OOB) }
                length = next == outgoingStart ? 1 : min(length, next - outgoingStart)
            }
            let count = send(outgoing[outgoingStart..<outgoingStart + length], flags)
            guard count > 0 else {
                if errno != EAGAIN { fail(errno) }
                return moved
            }
            if urgent.first == outgoingStart { urgent.removeFirst() }
            outgoingStart += count
            moved = true
            if writeLength != .max { break }
        }
        if raw >= 0, finishesWriting, outgoingStart == outgoing.count, finishes() {
            shutdown(raw, CInt(SHUT_WR))
            finishesWriting = false
            moved = true
        }
        return moved
    }

    private func pumpIn() -> Bool {
        guard !hasEnded else { return false }
        var buffer = [UInt8](repeating: 0, count: readLength)
        let count = receive(&buffer)
        if count < 0 {
            if errno != EAGAIN { fail(errno) }
            return false
        }
        if count == 0 { hasEnded = true }
        cutLines(buffer[..<count])
        received.append(contentsOf: buffer[..<count])
        if kind == .unixSeqpacket { messages.append(Array(buffer[..<count])) }
        return true
    }

    // The calls of the C library, or what the codec makes of them: a count, or -1 with `errno` set.

    private func send(_ bytes: ArraySlice<UInt8>, _ flags: CInt) -> Int {
        guard let codec else { return bytes.withUnsafeBytes { Glibc.send(raw, $0.baseAddress, $0.count, flags) } }
        return result { () throws(SystemError) in try codec.write(bytes.span.bytes, DirectBytes(raw: raw)) }
    }

    private func receive(_ buffer: inout [UInt8]) -> Int {
        guard let codec else { return recv(raw, &buffer, buffer.count, 0) }
        var span = buffer.mutableSpan
        var bytes = span.mutableBytes
        let count: Int
        do throws(SystemError) {
            count = Self.result(try codec.read(into: &bytes, DirectBytes(raw: raw)))
        } catch {
            errno = error.errno
            count = -1
        }
        return count
    }

    private func finishes() -> Bool {
        guard let codec else { return true }
        return (try? codec.finish(DirectBytes(raw: raw))) ?? true
    }

    private func result(_ body: () throws(SystemError) -> Transfer) -> Int {
        do throws(SystemError) {
            return Self.result(try body())
        } catch {
            errno = error.errno
            return -1
        }
    }

    private static func result(_ transfer: Transfer) -> Int {
        switch transfer {
        case .moved(let count): return count
        case .endOfStream: return 0
        case .wouldBlock:
            errno = EAGAIN
            return -1
        }
    }

    private struct DirectBytes: RawBytes {
        let raw: CInt

        func receive(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Transfer {
            let received = recv(raw, buffer.baseAddress, buffer.count, 0)
            guard received >= 0 else {
                if errno == EAGAIN { return .wouldBlock }
                throw SystemError("recv", errno: errno)
            }
            return received == 0 ? .endOfStream : .moved(received)
        }

        func send(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Transfer {
            let sent = Glibc.send(raw, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL))
            guard sent >= 0 else {
                if errno == EAGAIN { return .wouldBlock }
                throw SystemError("send", errno: errno)
            }
            return .moved(sent)
        }
    }

    private func cutLines(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while let end = Self.indexOfLineFeed(in: rest) {
            lineStart.append(contentsOf: rest.prefix(end))
            rawLines.append(lineStart)
            lineStart = []
            rest = rest.dropFirst(end + 1)
        }
        lineStart.append(contentsOf: rest)
    }

    /// memchr(3), since a debug build takes long over each byte.
    private static func indexOfLineFeed(in bytes: ArraySlice<UInt8>) -> Int? {
        bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress, let found = memchr(start, 0x0a, bytes.count) else { return nil }
            return found - UnsafeMutableRawPointer(mutating: start)
        }
    }

    private func fail(_ number: CInt) {
        failure = number
        outgoing = []
        outgoingStart = 0
        if number == ECONNRESET { hasEnded = true }
    }

    private static func kernelAddress(of address: SocketAddress) -> (sockaddr_storage, socklen_t) {
        var storage = sockaddr_storage()
        switch address {
        case .ipv4(let host, let port):
            var inet = sockaddr_in()
            inet.sin_family = sa_family_t(AF_INET)
            inet.sin_port = port.bigEndian
            inet.sin_addr.s_addr = host.value.bigEndian
            withUnsafeMutableBytes(of: &storage) { target in
                withUnsafeBytes(of: inet) { target.copyMemory(from: $0) }
            }
            return (storage, socklen_t(MemoryLayout<sockaddr_in>.size))
        case .abstract(let name):
            storage.ss_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &storage) { target in
                target[3..<3 + name.count].copyBytes(from: name)
            }
            return (storage, socklen_t(3 + name.count))
        default:
            preconditionFailure("tests connect over IPv4 and abstract Unix sockets, not \(address)")
        }
    }
}
