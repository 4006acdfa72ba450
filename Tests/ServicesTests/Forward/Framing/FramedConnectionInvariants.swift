// SPDX-License-Identifier: Apache-2.0

import Configuration
import LinuxSystem
import Reactor
import TOML
import TestSupport

@testable import Services

/// What holds for a stream that is relayed to datagrams, whatever it brings and wherever it is cut, in sentences where it does
/// not. Fuzzing checks the same.
///
/// The first byte chooses the framing. Of the others 0xf0 lets the lane have turns, 0xf1 N has the upstream send N bytes,
/// 0xf2 and 0xf3 stop and start the client's reading, 0xfe N and 0xff N are runs of bytes, short and nearly as long as a
/// message may be, and every other byte is one of the stream.
func framedConnectionInvariantFailures(of bytes: [UInt8]) -> [String] {
    guard let first = bytes.first else { return [] }
    do {
        let framing: Framing = first & 1 == 0 ? .lines : .length16
        return try FramedStages.shared.stage(framing).play(bytes.dropFirst().prefix(4096))
    } catch {
        return ["\(error)"]
    }
}

private struct FramedStages {
    nonisolated(unsafe) static var shared = FramedStages()

    private var stages: [Framing: FramedStage] = [:]

    mutating func stage(_ framing: Framing) throws -> FramedStage {
        if let stage = stages[framing] { return stage }
        let stage = try FramedStage(framing)
        stages[framing] = stage
        return stage
    }
}

/// A lane with a listener that frames, and its upstream.
private final class FramedStage {
    private let framing: Framing
    private let harness: LaneHarness
    private let upstream: DatagramPeer
    private let front: ListeningSocket

    init(_ framing: Framing) throws {
        self.framing = framing
        harness = try LaneHarness()
        upstream = try DatagramPeer()
        let endpoint = try Endpoint(parsing: "udp://127.0.0.1:\(upstream.port)")
        let origin = SettingOrigin(file: "", place: SourcePlace(line: 1, column: 1))
        var settings = ForwardSettings(upstreams: [UpstreamSettings(endpoint: endpoint, origin: origin)])
        settings.framing = framing
        settings.halfCloseTimeout = .milliseconds(1)
        front = try harness.listen([.tcp], service: ServiceSettings.forward(settings).factory)[0]
    }

    func play(_ script: ArraySlice<UInt8>) throws -> [String] {
        let client = try harness.connect(to: front)
        var stream: [UInt8] = []
        var arrived: [[UInt8]] = []
        var port: UInt16?
        /// Datagrams are taken at once, since the kernel throws away what a socket has no room for.
        func turn(_ count: Int) {
            for _ in 0..<count {
                harness.run(turns: 1)
                while let (bytes, _, from) = upstream.receiveWithSource() {
                    arrived.append(bytes)
                    port = from
                }
            }
        }
        var rest = script
        while let byte = rest.popFirst(), stream.count < 4 << 16 {
            var run = 1
            switch byte {
            case 0xf0: turn(2)
            case 0xf1:
                let length = Int(rest.popFirst() ?? 0)
                if let port { upstream.send([UInt8](repeating: 0x79, count: length), toPort: port) }
            case 0xf2: client.reads = false
            case 0xf3: client.reads = true
            case 0xfe: run = 4 * Int(rest.popFirst() ?? 0)
            case 0xff: run = 65_500 + Int((rest.popFirst() ?? 0) % 16)
            default: break
            }
            guard !(0xf0...0xf3).contains(byte) else { continue }
            let bytes = [UInt8](repeating: byte >= 0xfe ? 0x78 : byte, count: run)
            stream += bytes
            client.write(bytes)
        }
        client.reads = true
        client.finishWriting()
        turn(8)
        harness.run(until: { client.isOver }, idleTurns: 200)
        turn(2)
        client.close()
        harness.run(until: { harness.connections == 0 }, idleTurns: 6000)
        turn(1)
        defer { harness.forgetPeers() }
        var failures: [String] = []
        if harness.connections != 0 { failures.append("a connection is left") }
        // Datagrams may be lost, but none is cut, made up or out of order.
        var wanted = messages(of: stream)[...]
        for datagram in arrived {
            guard let index = wanted.firstIndex(of: datagram) else {
                failures.append("a datagram of \(datagram.count) bytes is no message")
                break
            }
            wanted = wanted[(index + 1)...]
        }
        return failures
    }

    /// The messages of a stream, found in the plainest way.
    private func messages(of stream: [UInt8]) -> [[UInt8]] {
        var messages: [[UInt8]] = []
        var rest = stream[...]
        switch framing {
        case .lines:
            while !rest.isEmpty {
                var line = rest.prefix { $0 != 10 }
                let hasEnd = line.endIndex < rest.endIndex
                rest = rest[min(line.endIndex + 1, rest.endIndex)...]
                if hasEnd, line.last == 13 { line.removeLast() }
                messages.append(Array(line))
            }
        case .length16:
            while rest.count >= 2 {
                let length = Int(rest[rest.startIndex]) * 256 + Int(rest[rest.startIndex + 1])
                guard rest.count - 2 >= length else { break }
                messages.append(Array(rest.dropFirst(2).prefix(length)))
                rest = rest.dropFirst(2 + length)
            }
        }
        return messages
    }
}
