// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import LinuxSystem
import Reactor
import Records

/// The client while it is being connected.
extension RelayConnection {
    /// How much is read before it is known that the upstream stands.
    private static let earlyLength = 16 << 10

    /// The client has sent something, or is gone. What it sends waits in the kernel, but for what ``sendEarly(to:_:)``
    /// takes along.
    ///
    /// - Returns: whether the upstream stands now and the client may have sent more.
    func clientReadyEarly(_ readiness: Readiness) -> Bool {
        guard let connecting else { return false }
        if readiness.contains(.error) {
            do throws(SystemError) {
                try client.takeError()
            } catch {
                clientBroke(error)
                return false
            }
        }
        if readiness.contains(.hangUp), clientIsGoneWithoutAWord {
            // Nothing would be gained by a connection to the upstream.
            close(.clientClosed, by: .client)
            return false
        }
        guard connecting.awaitsClient else { return false }
        connecting.awaitsClient = false
        let isMore = sendEarly(to: 0, connecting)
        guard isOpen else { return false }
        if self.connecting != nil { setDeadline() }
        return isMore && self.connecting == nil
    }

    private func clientBroke(_ error: SystemError) {
        let end = BrokenEnd(error.errno, of: .client, over: client.kind)
        close(end.reason, by: end.party, errno: end.errno)
    }

    /// Whether a client that reads nothing any more has sent nothing that an upstream should get.
    private var clientIsGoneWithoutAWord: Bool {
        guard client.kind.isByteStream, toUpstream.held.isEmpty else { return false }
        return (try? client.peek(into: lane.input, atMost: 1)) == .endOfStream
    }

    /// Connects to an upstream on this host, and sends what the client has sent already without having heard that it has
    /// accepted: the kernel connects through loopback within connect(2), so this saves the wait for the event that says
    /// so, and the acknowledgement that would go before the bytes. What it does not take, since it has not accepted, is
    /// held, at most one short read.
    ///
    /// - Returns: whether the client may have sent more.
    private func sendEarly(to index: Int, _ connecting: Connecting) -> Bool {
        let count: Int
        let isMore: Bool
        do throws(SystemError) {
            guard case .moved(let moved) = try client.read(into: lane.input, atMost: Self.earlyLength)
            else {
                act(open(connecting, index))
                return false
            }
            (count, isMore) = (moved, client.isReadable)
        } catch {
            clientBroke(error)
            return false
        }
        bytesIn &+= UInt64(count)
        lastActivity = lane.now
        var sent = 0
        do throws(SystemError) {
            guard let socket = try makeSocket(to: index, connecting, hasData: true) else { return false }
            // Behind a PROXY header it all goes when the upstream says that it is ready.
            if group.settings.sendProxy == nil, case .moved(let moved) = try socket.stream.write(count, of: lane.input)
            {
                sent = moved
            }
            if sent == 0, !socket.stream.isConnected { try socket.watch(on: lane) }
            hold(from: sent, of: count)
            guard sent > 0 || socket.stream.isConnected else {
                connecting.sockets.append(socket)
                return isMore
            }
            stands(socket, connecting, isWritable: sent == count, clientIsEmpty: !isMore)
        } catch {
            hold(from: 0, of: count)
            act(failed(connecting, index, error))
        }
        return isMore
    }

    /// Holds what was read and not sent.
    private func hold(from start: Int, of count: Int) {
        guard start < count else { return }
        lane.input.withBytes(count) {
            toUpstream.held.append($0.extracting(droppingFirst: start), asMessage: false)
        }
    }
}
