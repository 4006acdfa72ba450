// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
package import ControlProtocol
import Glibc
import LinuxSystem

/// A client of a control socket. Each call waits for its reply.
///
/// Source of the protocol: https://varlink.org/Method-Call.
///
/// Concurrency: belongs to one thread.
package final class ControlConnection {
    /// How long the daemon may send nothing while a reply is due.
    package static let usualPatience = Duration.seconds(10)

    /// The path of the socket.
    package let path: String

    private let unit: String
    private let patience: Duration
    private let descriptor: OwnedDescriptor
    private var signals: SignalDescriptor?
    private var splitter = MessageSplitter(limit: MessageSplitter.longestReply)

    /// The signal that made a call fail, after ``watchSignals()``.
    package private(set) var signal: CInt?
    private var buffer = [UInt8](repeating: 0, count: 1 << 18)

    /// Connects to the first path of a place on which a process listens.
    package init(
        to place: ControlPlace, patience: Duration = ControlConnection.usualPatience
    ) throws(ControlFailure) {
        let opened = try Self.open(place, patience)
        path = opened.path
        descriptor = opened.descriptor
        unit = place.unit
        self.patience = patience
    }

    /// Has SIGINT, SIGTERM and SIGHUP end a call instead of the process, so that the caller can say what they mean.
    package func watchSignals() throws(ControlFailure) {
        do throws(SystemError) {
            signals = try SignalDescriptor(blocking: [SIGINT, SIGTERM, SIGHUP])
        } catch {
            throw ControlFailure(.unreachable, "\(error)")
        }
    }

    /// The process that listens; nil if the kernel does not say.
    package var daemon: UInt32? { (try? PeerCredentials(of: descriptor.raw))?.pid }

    // MARK: - Connecting

    private struct Opened: ~Copyable {
        let path: String
        let descriptor: OwnedDescriptor
    }

    private static func open(_ place: ControlPlace, _ patience: Duration) throws(ControlFailure) -> Opened {
        var attempts: [ControlFailure.Attempt] = []
        var paths = place.paths[...]
        var isConfigurationRead = false
        while true {
            if paths.isEmpty, !isConfigurationRead, let configuration = place.configuration {
                isConfigurationRead = true
                switch ConfiguredControl(configuration: configuration) {
                case .path(let path): paths.append(path)
                case .off: throw ControlFailure.off(in: configuration)
                case nil: break
                }
            }
            guard let path = paths.popFirst() else { break }
            do throws(SystemError) {
                return Opened(path: path, descriptor: try connect(to: path, patience))
            } catch {
                attempts.append(ControlFailure.Attempt(path: path, error: error))
                if attempts.last?.isAbsent == false { break }
            }
        }
        throw ControlFailure.notConnected(attempts, unit: place.unit)
    }

    private static func connect(to path: String, _ patience: Duration) throws(SystemError) -> OwnedDescriptor {
        let address = SocketAddress.unix(path: Array(path.utf8))
        let descriptor = try OutgoingSocket.make(.unixStream, for: address)
        let deadline = UInt64.deadline(in: patience)
        while true {
            do throws(SystemError) {
                _ = try OutgoingSocket.connect(descriptor.raw, to: address)
                return descriptor
            } catch {
                // A full backlog is no event to wait for: unix(7).
                guard error.errno == EAGAIN, let deadline, Clock.monotonic < deadline else { throw error }
                try Pause.wait(for: .milliseconds(20))
            }
        }
    }

    // MARK: - Calls

    /// Calls a method that has one reply.
    ///
    /// - Parameter isPatient: whether to wait without limit.
    package func call<Results: Decodable>(
        _ method: ControlMethod, _ parameters: some Encodable, as type: Results.Type = Results.self,
        isPatient: Bool = false
    ) throws(ControlFailure) -> Results {
        do {
            try send(method.qualifiedName, parameters)
            return try receive(Results.self, isPatient: isPatient).parameters
        } catch {
            throw failure(error, of: method)
        }
    }

    /// Calls a method that has several replies.
    ///
    /// - Parameter body: called with each.
    package func call<Results: Decodable>(
        _ method: ControlMethod, _ parameters: some Encodable, as type: Results.Type = Results.self,
        each body: (Results) -> Void
    ) throws(ControlFailure) {
        do {
            try send(method.qualifiedName, parameters, more: true)
            while true {
                let reply = try receive(Results.self, isPatient: false)
                body(reply.parameters)
                if !reply.continues { return }
            }
        } catch {
            throw failure(error, of: method)
        }
    }

    /// Calls a method that has several replies with records.
    ///
    /// - Parameters:
    ///   - isPatient: whether to wait without limit for each reply, as for one that comes when something happens.
    ///   - output: a descriptor; the call ends once nobody reads what is written to it.
    ///   - body: called with each reply.
    func callForRecords<Results: Decodable>(
        _ method: ControlMethod, _ parameters: some Encodable, isPatient: Bool = false, output: CInt? = nil,
        each body: (RecordsReply<Results>) throws(ControlFailure) -> Void
    ) throws(ControlFailure) {
        var hasBegun = false
        do {
            try send(method.qualifiedName, parameters, more: true)
            while true {
                guard let message = splitter.next() else {
                    guard try read(isPatient: isPatient, output: output) else { return }
                    continue
                }
                let reply = try RecordsReply<Results>(message)
                hasBegun = true
                try body(reply)
                if !reply.continues { return }
            }
        } catch let failure as ControlFailure where hasBegun && isPatient && failure.reason == .unreachable {
            throw ControlFailure.ended(path, unit: unit)
        } catch {
            throw failure(error, of: method)
        }
    }

    /// A call as it is sent: ``ControlProtocol/VarlinkCall``.
    private struct Call<Parameters: Encodable>: Encodable {
        let method: String
        let parameters: Parameters
        let more: Bool?
    }

    private func send(_ method: String, _ parameters: some Encodable, more: Bool = false) throws(ControlFailure) {
        var bytes: [UInt8] = []
        JSONText.append(Call(method: method, parameters: parameters, more: more ? true : nil), to: &bytes)
        bytes.append(0)
        var rest = bytes[...]
        do throws(SystemError) {
            while !rest.isEmpty {
                // unsafe: a span of plain bytes, whose owner lives for the call.
                switch unsafe try Transfer.send(descriptor.raw, from: rest.span.bytes) {
                case .moved(let count): rest = rest.dropFirst(count)
                case .wouldBlock, .endOfStream:
                    guard try isReady(POLLOUT, patience) else { throw SystemError("send", errno: ETIMEDOUT) }
                }
            }
        } catch {
            // A daemon that has no room for one more client closes the connection at once.
            throw error.errno == ETIMEDOUT
                ? .silent(path, patience, unit: unit) : .broken(path, error, unit: unit)
        }
    }

    /// Waits for the next reply.
    ///
    /// - Throws: ``ControlFailure``, or what ``ControlProtocol/ReceivedReply`` throws.
    private func receive<Results: Decodable>(
        _ type: Results.Type, isPatient: Bool
    ) throws -> ReceivedReply<Results> {
        while true {
            if let message = splitter.next() { return try ReceivedReply(message) }
            _ = try read(isPatient: isPatient)
        }
    }

    /// Waits for bytes.
    ///
    /// - Returns: false if nobody reads what is written to `output` any more.
    /// - Throws: ``ControlFailure``; `TooLong` if the reply is longer than any can be.
    private func read(isPatient: Bool, output: CInt? = nil) throws -> Bool {
        let transfer: Transfer
        do throws(SystemError) {
            if let output, try isClosedBeforeReady(output) { return false }
            guard try isReady(POLLIN, isPatient ? nil : patience) else {
                throw SystemError("recv", errno: ETIMEDOUT)
            }
            let raw = descriptor.raw
            // unsafe: the buffer is ours for the call.
            transfer = try unsafe buffer.withUnsafeMutableBufferPointer { (bytes) throws(SystemError) in
                try unsafe Transfer.receive(raw, into: UnsafeMutableRawBufferPointer(bytes))
            }
        } catch {
            throw error.errno == ETIMEDOUT
                ? ControlFailure.silent(path, patience, unit: unit) : .broken(path, error, unit: unit)
        }
        switch transfer {
        case .moved(let count): try splitter.append(buffer[..<count])
        case .wouldBlock: break
        case .endOfStream:
            throw ControlFailure.closed(path, isPartial: splitter.pendingBytes > 0, unit: unit)
        }
        return true
    }

    /// Waits until there are bytes to read, or the reader of a pipe or terminal has gone: POLLERR of poll(2).
    ///
    /// - Returns: whether it has gone, and there are no bytes.
    private func isClosedBeforeReady(_ output: CInt) throws(SystemError) -> Bool {
        var entries = [Poll.Entry(raw: descriptor.raw, wanted: POLLIN), Poll.Entry(raw: output, wanted: 0)]
        try Poll.wait(&entries, until: nil)
        return entries[0].found == 0 && entries[1].found & (POLLERR | POLLHUP) != 0
    }

    /// Waits for an event.
    ///
    /// - Parameter duration: how long; nil for no limit.
    /// - Returns: false on a timeout.
    private func isReady(_ wanted: CInt, _ duration: Duration?) throws(SystemError) -> Bool {
        var entries = [Poll.Entry(raw: descriptor.raw, wanted: wanted)]
        if let signals { entries.append(Poll.Entry(raw: signals.raw, wanted: POLLIN)) }
        try Poll.wait(&entries, until: .deadline(in: duration))
        // A reply that is there already is read first.
        if entries[0].found == 0, entries.count > 1, let number = try signals?.next() {
            signal = number
            throw SystemError("poll", errno: EINTR)
        }
        return entries[0].found != 0
    }

    // MARK: - Failures

    /// The sentence for an error of a call. It may ask the daemon what it needs for that.
    private func failure(_ error: any Error, of method: ControlMethod) -> ControlFailure {
        switch error {
        case let failure as ControlFailure: return failure
        case VarlinkError.noSuchListener(let name): return .noListener(name, among: listeners(nil).map(\.name))
        case VarlinkError.noSuchUpstream(let address, let name):
            return .noUpstream(address, of: name, among: listeners(name).first?.upstreams.map(\.address) ?? [])
        case VarlinkError.methodNotFound(let name), VarlinkError.interfaceNotFound(let name):
            return misunderstood("it does not know \(TerminalText.safe(name))")
        case VarlinkError.expectedMore: return misunderstood("it has several replies for one call")
        case VarlinkError.invalidParameter(let name):
            return misunderstood("it refuses the value of \(TerminalText.safe(name))")
        case VarlinkError.reloadFailed(let reason) where method == .planReload: return .reloadWouldFail(reason)
        case let error as VarlinkError: return .refusal(error, unit: unit)
        case is MessageSplitter.TooLong:
            return misunderstood("its reply is longer than \(MessageSplitter.longestReply >> 20) MiB")
        case let unknown as any UnknownReply:
            return misunderstood("its reply is \(TerminalText.safe(String(unknown.text.prefix(100))))")
        default: return misunderstood("\(error)")
        }
    }

    /// The failure if the two programs are of different versions: asks the daemon for its version over another connection,
    /// since the rest of this stream cannot be understood.
    private func misunderstood(_ what: String) -> ControlFailure {
        .misunderstood(what, at: path, daemon: Self.version(at: path, patience))
    }

    /// The version of the usherd at a path; nil if there is none.
    private static func version(at path: String, _ patience: Duration) -> String? {
        guard let place = try? ControlPlace(path: path, instance: nil),
            let connection = try? ControlConnection(to: place, patience: patience),
            (try? connection.send("\(ControlInterface.serviceName).GetInfo", ControlParameters.None())) != nil,
            let reply = try? connection.receive(ControlResults.Info.self, isPatient: false),
            reply.parameters.product == "usherd"
        else { return nil }
        return reply.parameters.version
    }

    /// The listeners, or the one with a name; empty if the call fails.
    private func listeners(_ name: String?) -> [ListenerStatus] {
        guard (try? send(ControlMethod.status.qualifiedName, ControlParameters.Status(listener: name))) != nil,
            let reply = try? receive(ControlResults.Status.self, isPatient: false)
        else { return [] }
        return reply.parameters.listeners
    }
}

/// A reply that cannot be understood, whatever it was read as.
private protocol UnknownReply: Error {
    /// The name of an error, or the beginning of what came.
    var text: String { get }
}

extension ReceivedReply.Unknown: UnknownReply {}
