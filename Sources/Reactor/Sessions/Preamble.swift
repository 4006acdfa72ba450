// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem
import ProxyProtocol
import Records

/// A connection that has to send a PROXY header before its service gets it.
///
/// The header is peeked at (MSG_PEEK) until it is complete, and then read to its last byte, so that the service reads from
/// the socket what follows. No `open` record is written before, since the client's address is not known yet. A connection
/// without a valid header is refused.
///
/// Concurrency: belongs to one lane.
final class Preamble: StreamSession {
    /// How long the header may take, in nanoseconds.
    private static let time: UInt64 = 5_000_000_000

    private let service: any Service

    init(_ seed: consuming Seed, lane: Lane, service: any Service) {
        self.service = service
        super.init(seed, lane: lane)
    }

    override func start() {
        ownDeadline = identity.accepted + Self.time
    }

    override func deadlineReached() {
        refuse(.proxyHeader("no header within \(Self.time / 1_000_000_000) s"))
    }

    override func ready(_ readiness: Readiness) -> Turn {
        _ = client.note(readiness)
        guard !readiness.isDisjoint(with: .anyInput) else { return .done }
        do throws(SystemError) {
            switch try client.peek(into: lane.input, atMost: ProxyHeader.defaultLongest) {
            case .wouldBlock: break
            case .endOfStream: refuse(.proxyHeader("EOF before the header"))
            case .moved(let count): try look(count, isLast: !readiness.isDisjoint(with: [.peerFinished, .hangUp]))
            }
        } catch {
            refuse(
                .ended(
                    BrokenEnd(error.errno, of: .client, over: identity.kind).party == .client ? .resetByClient : .error)
            )
        }
        return .done
    }

    private func look(_ count: Int, isLast: Bool) throws(SystemError) {
        let progress: ProxyHeaderProgress
        do throws(ProxyHeaderMistake) {
            progress = try lane.input.withBytes(count) { bytes throws(ProxyHeaderMistake) in
                try ProxyHeader.parse(bytes)
            }
        } catch {
            return refuse(.proxyHeader(error.message.description))
        }
        switch progress {
        case .incomplete:
            if isLast { refuse(.proxyHeader("EOF within the header")) }
        case .complete(let header, let length):
            try pass(header, length)
        }
    }

    private func pass(_ header: ProxyHeader, _ length: Int) throws(SystemError) {
        _ = try client.read(into: lane.input, atMost: length)
        guard var seed = takeSeed() else { return }
        seed.identity.origin = ProxyOrigin(via: identity.peer, header: header)
        if header.command == .proxy, let client = header.source { seed.identity.peer = client }
        lane.pass(self, seed, service: service)
    }
}
