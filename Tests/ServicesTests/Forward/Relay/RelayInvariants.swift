// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import TestSupport

@testable import Services

/// What holds for a relay whatever its two sides do in whatever order, in sentences where it does not. Fuzzing checks the
/// same.
///
/// The first byte chooses the kinds of the sockets; each of the others is something that a side does.
func relayInvariantFailures(of bytes: [UInt8]) -> [String] {
    guard let first = bytes.first else { return [] }
    do {
        var play = try RelayPlay(RelayStages.shared.stage(Int(first) % 4))
        for byte in bytes.dropFirst().prefix(64) { play.act(byte) }
        return play.problems() + play.end()
    } catch {
        return ["\(error)"]
    }
}

/// The stages, one for each pair of kinds, made once.
private struct RelayStages {
    nonisolated(unsafe) static var shared = RelayStages()

    private var stages: [Int: RelayStage] = [:]

    mutating func stage(_ number: Int) throws -> RelayStage {
        if let stage = stages[number] { return stage }
        let kinds: [SocketKind] = [.tcp, .unixStream]
        let stage = try RelayStage(kinds[number & 1], kinds[number >> 1])
        stages[number] = stage
        return stage
    }
}

private struct RelayPlay {
    private let pair: RelayPair

    /// What the client and the upstream have sent, and what they have done besides.
    private var sent: [[UInt8]] = [[], []]
    private var hasFinished = [false, false]
    private var wasReset = false
    private var number = 0

    private static let lengths = [1, 100, 5000, 70_000]

    init(_ stage: RelayStage) throws {
        pair = try stage.connect()
    }

    private func peer(_ side: Int) -> TestPeer { side == 0 ? pair.client : pair.upstream }

    mutating func act(_ byte: UInt8) {
        let side = Int(byte & 1)
        let amount = Int(byte >> 4)
        switch byte >> 1 & 7 {
        case 0, 1:
            guard !hasFinished[side], !wasReset else { return }
            number += 1
            let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: Self.lengths[amount % 4])
            sent[side] += bytes
            peer(side).write(bytes)
        case 2:
            guard !hasFinished[side], !wasReset else { return }
            sent[side].append(0x21)
            peer(side).writeUrgent(0x21)
        case 3: peer(side).reads.toggle()
        case 4:
            hasFinished[side] = true
            peer(side).finishWriting()
        case 5 where amount == 15:
            wasReset = true
            peer(side).reset()
        default: pair.harness.run(turns: amount + 1)
        }
    }

    /// What is wrong with the lane in the middle of things.
    func problems() -> [String] { pair.harness.standingProblems() }

    mutating func end() -> [String] {
        for side in 0...1 {
            peer(side).reads = true
            if !hasFinished[side], !wasReset { peer(side).finishWriting() }
        }
        pair.harness.run(until: { wasReset || (pair.client.isOver && pair.upstream.isOver) }, idleTurns: 300)
        if wasReset { pair.harness.run(until: { pair.harness.connections == 0 }, idleTurns: 100) }
        var failures: [String] = []
        for side in 0...1 {
            let (got, wanted) = (peer(side).received, sent[1 - side])
            if !wasReset, got.count != wanted.count { failures.append("\(got.count) bytes of \(wanted.count)") }
            if !wanted.starts(with: got) { failures.append("other bytes than were sent") }
            if !wasReset, !peer(side).hasEnded || peer(side).failure != 0 { failures.append("no orderly end") }
            peer(side).close()
        }
        pair.harness.run(until: { pair.harness.connections == 0 }, idleTurns: 6000)
        if pair.harness.connections != 0 { failures.append("a connection is left") }
        failures += problems()
        pair.harness.forgetPeers()
        return failures
    }
}
