// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem
import Reactor
import TOML
import TestSupport

@testable import Relaying
@testable import Services

/// What holds for a stream that is relayed to datagrams, whatever it brings and wherever it is cut, in sentences where it does
/// not. Fuzzing checks the same.
///
/// The first byte chooses the framing. Of the others 0xf0 lets the lane have turns, 0xf1 N has the upstream send N bytes,
/// 0xf2 and 0xf3 stop and start the client's reading, 0xfe N and 0xff N are runs of bytes, short and nearly as long as a
/// message may be, and every other byte is one of the stream. A short stream is cut at every place, too.
func framedConnectionInvariantFailures(of bytes: [UInt8]) -> [String] {
    guard let first = bytes.first else { return [] }
    do {
        let framing: Framing = first & 1 == 0 ? .lines : .length16
        let stage = try FramedStages.shared.stage(framing)
        let steps = FramedStep.steps(of: bytes.dropFirst())
        var failures = try stage.play(steps)
        guard steps.count <= 8 else { return failures }
        for place in steps.indices {
            for cut in steps[place].cuts {
                failures += try stage.play(steps[..<place] + cut + steps[(place + 1)...]).map {
                    "\($0), cut at \(place)"
                }
            }
        }
        return failures
    } catch {
        return ["\(error)"]
    }
}

/// What a script has the two sides and the lane do.
private enum FramedStep {
    case write(UInt8, count: Int)
    case turns
    case answer(count: Int)
    case read(Bool)

    /// The steps of a script, as far as a stream is that a test has time for.
    static func steps(of script: ArraySlice<UInt8>) -> [FramedStep] {
        var steps: [FramedStep] = []
        var length = 0
        var rest = script
        while let byte = rest.popFirst(), steps.count < 4096, length < 4 << 16 {
            switch byte {
            case 0xf0: steps.append(.turns)
            case 0xf1: steps.append(.answer(count: Int(rest.popFirst() ?? 0)))
            case 0xf2, 0xf3: steps.append(.read(byte == 0xf3))
            case 0xfe: steps.append(.write(0x78, count: 4 * Int(rest.popFirst() ?? 0)))
            case 0xff: steps.append(.write(0x78, count: 65_500 + Int((rest.popFirst() ?? 0) % 16)))
            default: steps.append(.write(byte, count: 1))
            }
            if case .write(_, let count)? = steps.last { length += count }
        }
        return steps
    }

    /// The same step with turns of the lane behind it, and of a run behind its first byte and before its last.
    var cuts: [[FramedStep]] {
        guard case .write(let byte, let count) = self else { return [] }
        let places = Set([1, count - 1, count]).filter { $0 > 0 }.sorted()
        return places.map { place in
            let rest: [FramedStep] = place < count ? [.write(byte, count: count - place)] : []
            return [.write(byte, count: place), .turns] + rest
        }
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

    func play(_ steps: some Sequence<FramedStep>) throws -> [String] {
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
        for step in steps {
            switch step {
            case .turns: turn(2)
            case .answer(let count): if let port { upstream.send([UInt8](repeating: 0x79, count: count), toPort: port) }
            case .read(let reads): client.reads = reads
            case .write(let byte, let count):
                let bytes = [UInt8](repeating: byte, count: count)
                stream += bytes
                client.write(bytes)
            }
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
        failures += harness.standingProblems()
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
