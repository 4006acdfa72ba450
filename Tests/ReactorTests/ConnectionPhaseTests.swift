// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Reactor

@Suite struct ConnectionPhaseTests {
    typealias Phase = ConnectionPhase
    typealias Action = ConnectionPhase.Action

    private static let ending = Phase.Ending(reason: .finished, by: .service, clientFinished: false)
    private static let finished = Phase.Ending(reason: .finished, by: .service, clientFinished: true)
    private static let other = Phase.Ending(reason: .stopped, by: .operator, clientFinished: false)

    private static let all: [Phase] = [
        .serving, .flushing(ending), .flushing(finished), .lingering(ending), .closed,
    ]

    /// Every phase with every input: the next phase and what to do.
    @Test(arguments: [
        // The service finishes, and all is sent.
        (Phase.serving, Input.finish(ending, empty: true), Phase.lingering(ending), Action.finishWriting),
        (.serving, .finish(finished, empty: true), .closed, .close(finished)),
        // The service finishes, and something is held.
        (.serving, .finish(ending, empty: false), .flushing(ending), .none),
        (.serving, .finish(finished, empty: false), .flushing(finished), .none),
        (.serving, .outputSent, .serving, .none),
        (.serving, .clientFinished, .serving, .none),
        // On the way out the first ending counts.
        (.flushing(ending), .finish(other, empty: true), .flushing(ending), .none),
        (.flushing(ending), .outputSent, .lingering(ending), .finishWriting),
        (.flushing(ending), .clientFinished, .flushing(finished), .none),
        (.flushing(finished), .finish(other, empty: true), .flushing(finished), .none),
        (.flushing(finished), .outputSent, .closed, .close(finished)),
        (.flushing(finished), .clientFinished, .flushing(finished), .none),
        (.lingering(ending), .finish(other, empty: true), .lingering(ending), .none),
        (.lingering(ending), .outputSent, .lingering(ending), .none),
        (.lingering(ending), .clientFinished, .closed, .close(ending)),
        (.closed, .finish(other, empty: true), .closed, .none),
        (.closed, .outputSent, .closed, .none),
        (.closed, .clientFinished, .closed, .none),
    ])
    func `each event leads to its next phase`(before: Phase, input: Input, after: Phase, action: Action) {
        var phase = before
        #expect(input.apply(to: &phase) == action)
        #expect(phase == after)
    }

    /// Whatever happens in whatever order, a connection is closed once, and never serves again.
    @Test func `every order of events closes once`() {
        let inputs: [Input] = [
            .finish(Self.ending, empty: true), .finish(Self.finished, empty: false), .outputSent, .clientFinished,
        ]
        for start in Self.all {
            for sequence in Self.sequences(of: inputs, length: 5) {
                var phase = start
                var closes = start == .closed ? 1 : 0
                var left = start != .serving
                for input in sequence {
                    if case .close = input.apply(to: &phase) { closes += 1 }
                    if left { #expect(phase != .serving) }
                    left = phase != .serving
                    #expect(closes == (phase == .closed ? 1 : 0))
                }
            }
        }
    }

    private static func sequences(of inputs: [Input], length: Int) -> [[Input]] {
        (0..<length).reduce([[]]) { sequences, _ in
            sequences.flatMap { sequence in inputs.map { sequence + [$0] } }
        }
    }

    enum Input: Sendable {
        case finish(Phase.Ending, empty: Bool)
        case outputSent
        case clientFinished

        func apply(to phase: inout Phase) -> Action {
            switch self {
            case .finish(let ending, let empty): phase.finish(ending, outputIsEmpty: empty)
            case .outputSent: phase.outputSent()
            case .clientFinished: phase.clientFinished()
            }
        }
    }
}
