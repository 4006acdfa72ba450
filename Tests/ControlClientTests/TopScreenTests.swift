// SPDX-License-Identifier: Apache-2.0

import Configuration
import ControlProtocol
import Testing

@testable import ControlClient

@Suite struct TopScreenTests {
    private func state(
        columns: Int = 60, rows: Int = 20, order: ListOrder = .age, count: Int? = nil, upstream: String? = nil
    ) -> TopState {
        var state = TopState(size: .init(columns: columns, rows: rows), order: order, filter: ConnectionFilter())
        for second in 0..<2 as Range<UInt64> {
            let connections = ([3, 5] as [UInt64]).map { number -> ConnectionStatus in
                var connection = ConnectionStatus.sample(
                    number, age: (200 + second) * 1_000_000, bytesIn: second * 2000, bytesOut: 1_234_567)
                connection.upstream = upstream
                connection.rttMicroseconds = 1250
                return connection
            }
            state.received(.sample(connections, for: state.question, at: second * 1_000_000_000, count: count))
        }
        return state
    }

    /// The lines of a frame without colours, as a terminal shows them.
    private func lines(_ state: TopState) -> [String] {
        let frame = TopScreen.frame(state, OutputStyle(columns: state.size.columns))
        #expect(frame.hasPrefix("\u{1b}[H\u{1b}[K"))
        return frame.dropFirst(3).split(separator: "\r\n", omittingEmptySubsequences: false).map {
            #expect($0.hasPrefix("\u{1b}[K"))
            return String($0.dropFirst(3))
        }
    }

    @Test func `a small screen has a header, the connections and the keys`() {
        let lines = lines(state(count: 10_000))
        #expect(lines.count == 20)
        #expect(
            Array(lines.prefix(9)) == [
                "usherd 0.1.0, serving, pid 4711, up 1h 0m",
                "connections: 3 now, 12 peak, limit 10000",
                "accepted 10.0/s  refused 0.0/s  in 5.0 kB/s  out 0 B/s",
                "configuration: loaded 1h 0m ago",
                "sort: age  2 of 10000 shown",
                "   NUMBER LISTENER PEER                  AGE    IN/S   OUT/S",
                "        3 front    192.0.2.7:40123    3m 21s  2.0 kB     0 B",
                "        5 front    192.0.2.7:40125    3m 21s  2.0 kB     0 B",
                "",
            ])
        #expect(lines[19] == "q quit  ? help  f filter  k close  p pause  sort: a b i r t")
    }

    @Test(arguments: ListOrder.allCases, [60, 80, 120, 300]) func `every line fits, and the order has its column`(
        order: ListOrder, columns: Int
    ) {
        let lines = lines(state(columns: columns, rows: 40, order: order, upstream: "tcp://10.0.0.5:8080"))
        #expect(lines.count == 40)
        #expect(lines.allSatisfy { TerminalText.width(of: $0) <= columns }, "\(lines)")
        let titles = lines[5].split(separator: " ").map(String.init)
        let wanted: [String] =
            switch order {
            case .age: ["AGE"]
            case .bytes: ["IN", "OUT"]
            case .idle: ["IDLE"]
            case .rate: ["IN/S", "OUT/S"]
            case .rtt: ["RTT"]
            }
        #expect(Set(wanted).isSubset(of: Set(titles)))
        #expect(Set(["NUMBER", "PEER", "IN/S", "OUT/S"]).isSubset(of: Set(titles)))
        if columns >= 120 { #expect(titles.count >= 9 && titles.contains("UPSTREAM")) }
        if order == .rtt { #expect(lines[6].contains("1.2ms")) }
    }

    @Test(arguments: [(59, 20), (60, 19), (5, 3), (1, 1)]) func `a window that is too small says so`(
        columns: Int, rows: Int
    ) {
        let lines = lines(state(columns: columns, rows: rows))
        #expect(lines.count == rows)
        #expect(lines.allSatisfy { $0.count <= max(columns, 1) })
        if columns > 50 { #expect(lines[0].hasPrefix("the window has \(columns)x\(rows), and top needs 60x20")) }
    }

    @Test func `the selected line is marked, and turned around where there are colours`() {
        var state = state()
        _ = state.press(.down)
        #expect(lines(state)[6].hasPrefix(">       3 front "))
        #expect(lines(state)[7].hasPrefix("        5 front "))
        let frame = TopScreen.frame(state, OutputStyle(columns: 60, isColoured: true))
        #expect(frame.contains("\u{1b}[7m>       3 front "))
    }

    @Test func `what is typed is in the last line`() {
        var state = state()
        for character in "flistener=" { _ = state.press(.character(character)) }
        #expect(lines(state)[19] == "filter: listener=_")
        for _ in 0..<80 { _ = state.press(.character("y")) }
        #expect(lines(state)[19].count == 60 && lines(state)[19].hasSuffix("yyy_"))
        _ = state.press(.escape)
        _ = state.press(.character("k"))
        _ = state.press(.character("5"))
        #expect(lines(state)[19] == "close connection: 5_")
        _ = state.press(.enter)
        #expect(lines(state)[19] == "close connection 5 of front from 192.0.2.7:40125? y/n")
        _ = state.press(.character("n"))
        _ = state.press(.character("?"))
        #expect(lines(state).contains("  q           quit"))
    }

    @Test func `a pause, a failed reload and a daemon that is away are shown`() {
        var state = state()
        _ = state.press(.character("p"))
        #expect(lines(state)[0].hasSuffix("  paused") && lines(state)[0].count == 60)
        state.failed(ControlFailure(.unreachable, "cannot connect to usherd: " + String(repeating: "x", count: 80)))
        #expect(lines(state)[0].hasSuffix("  reconnecting…"))
        #expect(lines(state)[6].contains("192.0.2.7:40123"), "the last frame stays")
        #expect(lines(state)[19].hasPrefix("cannot connect to usherd: xxx") && lines(state)[19].count == 60)
        var sample = TopSample.sample([], for: state.question)
        sample.status.daemon.reload = ReloadOutcome(time: DaemonStatus.now - 5_000_000, reason: "no \u{1b}[2J")
        state.received(sample)
        #expect(lines(state)[3] == "last reload: 5.0s ago, failed: no \\u{1B}[2J")
    }

    @Test func `without a reply yet there is a sentence`() {
        let state = TopState(size: .init(columns: 60, rows: 20), order: .age, filter: ConnectionFilter())
        #expect(lines(state)[0] == "usherd: waiting for its first reply")
        #expect(lines(state).count == 20)
    }
}
