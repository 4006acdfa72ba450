// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

extension Worker {
    /// How many times one connection reads in a turn.
    private var readsPerTurn: Int { max(lane.share / InputBuffer.streamLength, 1) }

    /// Reads until the socket is empty, output is held, or this connection has had its share of the turn.
    final func read() -> Turn {
        for _ in 0..<readsPerTurn {
            guard client.isReadable else { return .done }
            switch receive() {
            case .moved(let count):
                received(count)
                guard phase == .serving, mayRead else { return .done }
            case .endOfStream:
                inputEnded()
                return .done
            case .wouldBlock, nil:
                return .done
            }
        }
        return .again
    }

    /// Reads and discards input until EOF.
    final func discardInput() -> Turn {
        for _ in 0..<readsPerTurn {
            guard client.isReadable else { return .done }
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

    /// Reads once into the lane's buffer; nil after an error, which has closed the connection.
    private func receive() -> Transfer? {
        do throws(SystemError) {
            let read = try client.read(into: lane.input, atMost: min(InputBuffer.streamLength, lane.share))
            if case .moved(let count) = read {
                bytesIn &+= UInt64(count)
                lastActivity = lane.now
            }
            return read
        } catch {
            closeAfterError(error)
            return nil
        }
    }
}
