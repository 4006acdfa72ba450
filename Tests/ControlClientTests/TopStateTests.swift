// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import Testing

@testable import ControlClient

@Suite struct TopStateTests {
    private func state(_ numbers: [UInt64] = [3, 5, 9], columns: Int = 80, rows: Int = 24) -> TopState {
        var state = TopState(size: .init(columns: columns, rows: rows), order: .age, filter: ConnectionFilter())
        state.received(.sample(numbers.map { .sample($0) }, for: state.question))
        return state
    }

    /// Presses the keys of a text one after the other, and returns the last action.
    @discardableResult private func type(_ text: String, into state: inout TopState) -> TopState.Action? {
        var action: TopState.Action?
        for character in text { action = state.press(character == "\r" ? .enter : .character(character)) }
        return action
    }

    @Test func `the daemon is asked for what fits the screen, and for all only by rate`() {
        var state = state(rows: 40)
        #expect(state.question.rows == 33)
        #expect(state.question.parameters.limit == 33)
        #expect(state.question.parameters.order == .age)
        #expect(state.press(.character("r")) == .ask)
        #expect(state.question.parameters.limit == nil && state.question.parameters.order == nil)
        #expect(state.press(.character("t")) == .ask)
        #expect(state.question.parameters.order == .rtt)
        #expect(state.press(.character("t")) == nil)
        state.size.rows = 1
        #expect(state.question.rows == 1)
    }

    @Test func `the selection follows a connection, and moves on when that has ended`() {
        var state = state()
        #expect(state.selected == nil)
        #expect(state.press(.up) == nil)
        #expect(state.selected == 9)
        _ = state.press(.up)
        #expect(state.selected == 5)
        state.received(.sample([5, 3, 9].map { .sample($0) }, for: state.question))
        #expect(state.selected == 5 && state.selectedIndex == 0)
        _ = state.press(.up)
        #expect(state.selected == 5)
        state.received(.sample([4, 6].map { .sample($0) }, for: state.question))
        #expect(state.selected == 4)
        _ = state.press(.last)
        #expect(state.selected == 6)
        state.received(.sample([], for: state.question))
        #expect(state.selected == nil)
        for key in [TopKey.down, .first, .last] { _ = state.press(key) }
        #expect(state.selected == nil)
    }

    @Test func `a filter is typed, corrected and applied`() {
        var state = state()
        type("f", into: &state)
        type("listener=frontx", into: &state)
        _ = state.press(.erase)
        #expect(state.mode == .filter("listener=front"))
        // Letters are text now.
        #expect(type(" q", into: &state) == nil)
        #expect(type("\r", into: &state) == nil)
        #expect(state.message?.text == "q is not NAME=VALUE" && state.mode == .filter("listener=front q"))
        _ = state.press(.erase)
        #expect(type("\r", into: &state) == .ask)
        #expect(state.question.filter.listener == "front" && state.mode == .table)
        // What is in force can be changed, or left.
        type("/", into: &state)
        #expect(state.mode == .filter("listener=front"))
        _ = state.press(.eraseLine)
        _ = state.press(.escape)
        #expect(state.question.filter.listener == "front" && state.mode == .table)
        type("/", into: &state)
        _ = state.press(.eraseLine)
        #expect(type("\r", into: &state) == .ask)
        #expect(state.question.filter.isEmpty)
    }

    @Test func `a connection is closed after its number and a yes`() {
        var state = state()
        type("k\r", into: &state)
        #expect(state.message?.isBad == true && state.mode == .number(""))
        type("x\r", into: &state)
        #expect(state.message?.text == "x is not a number")
        _ = state.press(.eraseLine)
        type("12\r", into: &state)
        #expect(state.mode == .confirmation(12))
        #expect(type("n", into: &state) == nil)
        #expect(state.mode == .table)
        _ = state.press(.down)
        #expect(type("k\ry", into: &state) == .close(3))
        state.closed(3, count: 1)
        #expect(state.message == .init(text: "closed connection 3"))
        state.closed(3, count: 0)
        #expect(state.message?.isBad == true)
        #expect(state.press(.character(" ")) == .ask)
        #expect(state.message == nil)
        // A number that no connection can have.
        type("k99999999999999999999999\r", into: &state)
        #expect(state.mode == .number("99999999999999999999999"))
    }

    @Test func `a pause keeps the frame until it ends`() {
        var state = state()
        #expect(state.press(.character("p")) == nil)
        #expect(state.isPaused)
        #expect(state.press(.character("p")) == .ask)
        #expect(!state.isPaused)
        #expect(state.press(.character("q")) == .quit)
        #expect(state.press(.redraw) == .redraw)
    }

    @Test func `while the daemon is away the last frame stays, and one that was restarted has no rates yet`() {
        var state = state()
        state.received(.sample([.sample(3, age: 201_000_000, bytesIn: 1340)], for: state.question, at: 1_000_000_000))
        #expect(state.view?.rows.first?.rate == ConnectionRate(bytesIn: 1000, bytesOut: 0))
        state.failed(ControlFailure(.unreachable, "gone"))
        #expect(state.failure == "gone" && state.view?.rows.count == 1)
        state.received(.sample([.sample(3, bytesIn: 9)], for: state.question, at: 2_000_000_000, pid: 99))
        #expect(state.failure == nil && state.message?.text == "usherd was restarted")
        #expect(state.view?.rows.first?.rate == nil && state.view?.change == nil)
    }

    @Test func `a list by rate is sorted and cut here`() {
        var state = TopState(size: .init(columns: 80, rows: 10), order: .rate, filter: ConnectionFilter())
        #expect(state.question.rows == 3)
        state.received(.sample((1...6).map { .sample($0, bytesIn: 0) }, for: state.question))
        state.received(
            .sample(
                (1...6).map { .sample($0, age: 201_000_000, bytesIn: $0 * 100) }, for: state.question,
                at: 1_000_000_000))
        #expect(state.view?.rows.map(\.connection.number) == [6, 5, 4])
    }

    @Test func `of many connections only the fastest are asked for, and all again after a while`() {
        var state = TopState(size: .init(columns: 80, rows: 24), order: .rate, filter: ConnectionFilter())
        /// All that are asked for, each as fast as its number.
        func receive(at second: UInt64, but missing: UInt64? = nil) {
            let numbers = state.question.numbers ?? Array(1...1000)
            let list = numbers.filter { $0 != missing }.map {
                ConnectionStatus.sample($0, age: (200 + second) * 1_000_000, bytesIn: $0 * second * 10, bytesOut: 0)
            }
            let new = second == 13 ? [ConnectionStatus.sample(2000, age: 5_000_000, bytesIn: 100_000, bytesOut: 0)] : []
            state.received(.sample(list + new, for: state.question, at: second * 1_000_000_000))
        }
        receive(at: 1)
        #expect(state.question.numbers == nil, "no rates are known yet")
        receive(at: 2)
        #expect(state.question.numbers == Array((901...1000 as ClosedRange<UInt64>).reversed()))
        #expect(state.question.parameters.filter?.numbers?.count == 100)
        receive(at: 5, but: 999)
        #expect(state.view?.rows.map(\.connection.number).prefix(2) == [1000, 998])
        #expect(state.view?.rows.first?.rate == ConnectionRate(bytesIn: 10_000, bytesOut: 0))
        #expect(state.view?.count == 1000)
        receive(at: 12)
        #expect(state.question.numbers == nil, "ten seconds have passed")
        receive(at: 13)
        // One that was opened since all were compared is among them.
        #expect(state.view?.rows.map(\.connection.number).prefix(2) == [2000, 1000])
        #expect(state.view?.rows[1].rate == ConnectionRate(bytesIn: 10_000, bytesOut: 0))
        #expect(state.view?.rows.count == 17 && state.question.numbers?.count == 100)
        // What is asked otherwise concerns all.
        _ = type("flistener=front\r", into: &state)
        #expect(state.question.numbers == nil)
        receive(at: 14)
        #expect(state.question.numbers == nil, "not all of this filter were known")
        receive(at: 15)
        #expect(state.question.numbers?.count == 100)
        _ = type("ar", into: &state)
        #expect(state.question.numbers?.count == 100)
        state.received(.sample([], for: state.question, at: 16_000_000_000, pid: 99))
        #expect(state.question.numbers == nil)
    }

    @Test func `few connections are always asked for all together`() {
        var state = TopState(size: .init(columns: 80, rows: 24), order: .rate, filter: ConnectionFilter())
        for second in 1...3 as ClosedRange<UInt64> {
            #expect(state.question.numbers == nil)
            let list = (1...500).map { ConnectionStatus.sample($0, age: second * 1_000_000) }
            state.received(.sample(list, for: state.question, at: second * 1_000_000_000))
        }
    }

    @Test func `any key leaves the help, and what is typed has an end`() {
        var state = state()
        type("?", into: &state)
        #expect(state.mode == .help)
        #expect(type("q", into: &state) == nil)
        #expect(state.mode == .table)
        type("f" + String(repeating: "x", count: 2000), into: &state)
        guard case .filter(let text) = state.mode else {
            Issue.record("no filter is typed")
            return
        }
        #expect(text.utf8.count == 500)
    }
}

extension TopSample {
    /// What a daemon said.
    ///
    /// - Parameter received: in nanoseconds.
    static func sample(
        _ connections: [ConnectionStatus], for question: TopQuestion, at received: UInt64 = 0, pid: Int32 = 4711,
        count: Int? = nil
    ) -> TopSample {
        var daemon = DaemonStatus.sample()
        daemon.pid = pid
        var listener = ListenerStatus(name: "front", service: "forward", state: .listening)
        // Each second ten connections and 5 kB more.
        listener.total = received / 100_000_000
        listener.bytesIn = received / 200_000
        return TopSample(
            question: question, status: ControlResults.Status(daemon: daemon, listeners: [listener]),
            list: ControlResults.Connections(connections: connections, count: count ?? connections.count),
            received: received, now: DaemonStatus.now, cost: 0)
    }
}
