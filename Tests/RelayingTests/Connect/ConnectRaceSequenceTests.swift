// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Relaying

/// Every order of inputs, against what must hold whatever happens.
@Suite struct ConnectRaceSequenceTests {
    /// What may happen next: an index names any address, and one that there is not.
    enum Input {
        case start, delayPassed, timedOut
        case failed(Int)
        case connected(Int)
        case postponed(Int)
        case abandonAttempt(Int)
    }

    /// A race and what someone who watches it knows.
    struct Watched: Equatable {
        var race: ConnectRace
        let count: Int
        var hasStarted = false
        var started: Set<Int> = []
        var running: Set<Int> = []
        var failed: Set<Int> = []
        var isOver = false
        /// How many times an address was put behind the others: often enough to see all there is to see.
        var postponements = 0

        /// Applies an input and says what is wrong with what it did.
        mutating func apply(_ input: Input) -> String? {
            let wasOver = isOver
            // An attempt that was postponed or given up is followed by another input.
            let isLeft = running.isEmpty
            let action: ConnectRace.Action
            var mustAct = false
            switch input {
            case .start:
                action = race.start()
                mustAct = !hasStarted
                hasStarted = true
            case .delayPassed:
                action = race.delayPassed()
                mustAct = hasStarted && started.count < count
            case .timedOut:
                action = race.timedOut(errno: ETIMEDOUT)
                mustAct = hasStarted
                if mustAct && !wasOver {
                    failed.formUnion(running)
                    running = []
                }
            case .failed(let index):
                action = race.attemptFailed(index, errno: 1)
                if !wasOver && running.remove(index) != nil {
                    failed.insert(index)
                    mustAct = running.isEmpty || started.count < count
                }
            case .connected(let index):
                action = race.connected(index)
                mustAct = running.contains(index)
            case .postponed(let index), .abandonAttempt(let index):
                if case .abandonAttempt = input {
                    race.abandonAttempt(index, errno: 1, party: .peer)
                    if !wasOver, running.remove(index) != nil { failed.insert(index) }
                } else if postponements < 2 {
                    race.postpone(index)
                    if !wasOver, running.remove(index) != nil {
                        started.remove(index)
                        postponements += 1
                    }
                }
                // What follows is another input: the start of the other address, or the end of the time.
                return nil
            }
            if wasOver || !hasStarted { return action == .none ? nil : "acts when there is no race" }
            if (action != .none) != mustAct { return "acted or did not: \(action)" }
            switch action {
            case .none:
                return running.isEmpty && !isLeft ? "waits for nobody" : nil
            case .connect(let index):
                if !(0..<count).contains(index) || !started.insert(index).inserted { return "connects \(index) twice" }
                running.insert(index)
                return race.hasNext == (started.count < count) ? nil : "a timer for nothing, or none"
            case .won(let index):
                isOver = true
                return running.contains(index) ? nil : "won by one that does not run"
            case .failed(let failures):
                isOver = true
                if !running.isEmpty { return "gives up one that runs" }
                if case .timedOut = input {} else if started.count < count { return "gives up without trying all" }
                let isComplete = Set(failures.map(\.index)) == failed && failures.count == failed.count
                return isComplete ? nil : "not each failure once"
            }
        }
    }

    @Test(arguments: ["", "6", "u", "46", "64", "66", "644", "664", "464", "6644", "46666"])
    func `every sequence of events keeps the invariants`(families: String) {
        let count = families.count
        let inputs: [Input] =
            [.start, .delayPassed, .timedOut] + (0...count).map(Input.failed) + (0...count).map(Input.connected)
            // Each makes many more sequences.
            + (count > 3 ? [] : (0...count).flatMap { [Input.postponed($0), .abandonAttempt($0)] })
        var mistakes: [String] = []
        func explore(_ watched: Watched, _ path: [Input]) {
            guard mistakes.count < 10 else { return }
            for input in inputs {
                var next = watched
                if let mistake = next.apply(input) {
                    mistakes.append("\(path + [input]): \(mistake)")
                } else if next != watched {
                    // Where nothing has changed, what follows has been seen already.
                    explore(next, path + [input])
                }
            }
        }
        let addresses = ConnectRaceTests.addresses(families)
        explore(Watched(race: ConnectRace(addresses), count: count), [])
        #expect(mistakes.isEmpty)
    }

    /// From any point on, when all that runs fails, it ends after as many failures as there are addresses.
    @Test(arguments: ["4", "64", "6644", "46666"]) func `every sequence of events ends`(families: String) {
        let count = families.count
        for delays in 0..<(1 << count) {
            var race = ConnectRace(ConnectRaceTests.addresses(families))
            var running: [Int] = []
            var actions = [race.start()]
            var failures = 0
            while let action = actions.popLast() {
                if case .connect(let index) = action {
                    running.append(index)
                    if delays >> index & 1 == 1 { actions.append(race.delayPassed()) }
                }
                if case .failed(let all) = action {
                    #expect(all.count == count)
                    running = []
                    actions = []
                } else if actions.isEmpty, !running.isEmpty {
                    failures += 1
                    actions.append(race.attemptFailed(running.removeFirst(), errno: 1))
                }
            }
            #expect(failures == count)
        }
    }
}
