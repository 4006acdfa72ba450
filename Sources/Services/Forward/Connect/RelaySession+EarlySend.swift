// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import Reactor
import Records

/// Events of the client's socket while the upstream is being connected.
extension RelaySession {
    /// How many bytes are read before the upstream has accepted.
    private static let earlyLength = 16 << 10

    /// Handles an event of the client's socket. Its bytes stay in the kernel, except those that ``sendEarly(to:_:)`` reads.
    ///
    /// - Returns: whether the upstream is connected now and the client may have sent more.
    func clientReadyEarly(_ readiness: Readiness) -> Bool {
        if readiness.contains(.error) {
            do throws(SystemError) {
                try client.throwPendingError()
            } catch {
                clientBroke(error)
                return false
            }
        }
        if readiness.contains(.hangUp), clientClosedWithoutData {
            // The client has closed without sending anything, so a connection to the upstream would serve nothing.
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

    /// Whether the connection attempt waits until the client's first bytes were read.
    var awaitsFirstBytes: Bool {
        if case .client? = search?.wait { true } else { false }
    }

    private func clientBroke(_ error: SystemError) { close(after: error, of: .client, over: client.kind) }

    /// Whether the client closed both directions without sending anything.
    private var clientClosedWithoutData: Bool {
        guard client.kind.isByteStream, toUpstream.held.isEmpty else { return false }
        return (try? client.peek(into: lane.input, atMost: 1)) == .endOfStream
    }

    /// Connects to an upstream on this host and writes the client's first bytes at once.
    ///
    /// It does not wait for the event that confirms the connection. The kernel connects through loopback within connect(2).
    /// So this saves waiting for EPOLLOUT, and the bytes travel with the ACK that completes the handshake. Bytes that the
    /// socket does not take, because it is not connected yet, are held: at most one short read.
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
            // With a PROXY header in front, all bytes are written after EPOLLOUT.
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

    /// Holds the bytes that were read but not written.
    private func hold(from start: Int, of count: Int) {
        guard start < count else { return }
        lane.input.withBytes(count) {
            toUpstream.held.append($0.extracting(droppingFirst: start), asMessage: false)
        }
    }
}
