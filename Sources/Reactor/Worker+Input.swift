// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

extension Worker {
    /// How many times one connection reads before the others have their turn.
    private var readsPerTurn: Int { max(lane.share / InputBuffer.streamLength, 1) }

    /// Reads until there is nothing more, the client takes nothing more, or it is the others' turn.
    final func read() -> Turn {
        for _ in 0..<readsPerTurn {
            guard mayRead else { return .done }
            switch receive() {
            case .moved(let count):
                received(count)
                guard phase == .serving, readsOn else { return .done }
            case .endOfStream:
                inputEnded()
                return .done
            case .wouldBlock, nil:
                return .done
            }
        }
        return .again
    }

    /// Reads and forgets, until the client has finished.
    final func discardInput() -> Turn {
        for _ in 0..<readsPerTurn {
            guard mayRead else { return .done }
            switch receive() {
            case .moved:
                continue
            case .endOfStream:
                perform(phase.clientFinished())
                return .done
            case .wouldBlock, nil:
                return .done
            }
        }
        return .again
    }

    /// Reads once into the lane's buffer; nil if the connection broke, which has closed it.
    private func receive() -> Transfer? {
        do throws(SystemError) {
            let transfer: Transfer
            var length = 0
            if identity.kind.isByteStream {
                length = min(InputBuffer.streamLength, lane.share)
                transfer = try lane.input.receive(from: raw, atMost: length)
            } else {
                transfer = try unsafe .receiveMessage(raw, into: lane.input.message)
            }
            switch transfer {
            case .moved(let count):
                bytesIn &+= UInt64(count)
                lastActivity = lane.now
                // A short read of TCP has emptied the socket, unless urgent data or the end stands behind it (epoll(7)).
                // Unix sockets also stop at descriptors and credentials, so they are read until they say no.
                if identity.kind == .tcp, count < length, readiness.isDisjoint(with: .moreThanData) {
                    mayRead = false
                }
            case .wouldBlock:
                mayRead = false
            case .endOfStream:
                mayRead = false
                clientHasFinished = true
            }
            return transfer
        } catch {
            broke(error)
            return nil
        }
    }
}
