// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import Reactor
import Records

/// The client while it is being connected.
extension RelaySession {
    /// How much is read before it is known that the upstream stands.
    private static let earlyLength = 16 << 10

    /// The client has sent something, or is gone. What it sends waits in the kernel, but for what ``sendEarly(to:_:)``
    /// takes along.
    ///
    /// - Returns: whether the upstream stands now and the client may have sent more.
    func clientReadyEarly(_ readiness: Readiness) -> Bool {
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
        guard let search, case .client(let index) = search.wait else { return false }
        search.wait(for: .sockets)
        let isMore = sendEarly(to: index, search)
        guard isOpen else { return false }
        if self.search != nil { setDeadline() }
        return isMore && self.search == nil
    }

    /// Whether the attempt to connect waits for a look at what the client has sent.
    var awaitsFirstBytes: Bool {
        if case .client? = search?.wait { true } else { false }
    }

    private func clientBroke(_ error: SystemError) { close(after: error, of: .client, over: client.kind) }

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
    private func sendEarly(to index: Int, _ search: UpstreamSearch) -> Bool {
        let count: Int
        let isMore: Bool
        do throws(SystemError) {
            guard case .moved(let moved) = try client.read(into: lane.input, atMost: Self.earlyLength)
            else {
                search.act(search.open(index))
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
            guard let socket = try search.makeSocket(to: index, hasData: true) else { return false }
            // Behind a PROXY header it all goes when the upstream says that it is ready.
            if search.group.settings.sendProxy == nil,
                case .moved(let moved) = try socket.stream.write(count, of: lane.input)
            {
                sent = moved
            }
            if sent == 0, !socket.stream.isConnected { try socket.watch(on: lane) }
            hold(from: sent, of: count)
            guard sent > 0 || socket.stream.isConnected else {
                search.sockets.append(socket)
                return isMore
            }
            search.noteConnected(socket)
            search.noteSuccess()
            begin(with: socket, of: search, isWritable: sent == count, clientIsEmpty: !isMore)
        } catch {
            hold(from: 0, of: count)
            search.act(search.failed(index, error))
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
