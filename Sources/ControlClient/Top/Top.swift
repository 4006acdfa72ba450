// SPDX-License-Identifier: Apache-2.0

import Configuration
package import ControlProtocol
import Glibc
import LinuxSystem

/// `usherctl top`: connects keys, signals and replies to ``TopState``, and draws its frames.
///
/// Concurrency: belongs to the main thread.
package final class Top {
    /// How long a sequence of a key may take, in nanoseconds.
    private static let keyTime: UInt64 = 50_000_000

    /// The part of the time that asking may take, as a divisor: if replies are slow, they are asked for less often.
    private static let costFactor: UInt64 = 10

    /// A day, in microseconds.
    private static let longestInterval: UInt64 = 86_400_000_000

    private static let ending = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

    private let terminal: TopTerminal
    private let signals: SignalDescriptor
    private let feed: TopFeed
    private let interval: UInt64
    private let isColoured: Bool
    private var state: TopState
    private var keys = TopKeyReader()

    /// The last frame; empty if the screen was cleared since.
    private var shown = ""

    /// When to ask next, by ``Clock/monotonic``; nil while a reply is awaited.
    private var nextAsk: UInt64?
    private var isAsking = false

    /// Whether to ask again when that reply has come: something else is wanted since.
    private var asksAgain = false

    /// Runs until the user quits.
    ///
    /// A signal that ends the process does so after the terminal was restored.
    ///
    /// - Parameter interval: the time from one frame to the next.
    /// - Throws: ``ControlFailure`` if there is no terminal, or no daemon at the start.
    package static func run(
        _ place: ControlPlace, order: ListOrder, filter: ConnectionFilter, interval: Duration
    ) throws(ControlFailure) {
        guard let terminal = TopTerminal(), let term = Environment.value(of: "TERM"), term != "dumb" else {
            throw ControlFailure(
                .usage,
                "top draws on a terminal, and standard input or output is none, or TERM is dumb: `usherctl connections`"
                    + " prints a list")
        }
        // A daemon that is absent, or denies it, is told before the screen is taken.
        _ = try ControlConnection(to: place).status()
        let top: Top
        do throws(SystemError) {
            top = try Top(terminal, place, order, filter, interval)
        } catch {
            throw ControlFailure(.unreachable, "cannot start: \(error)")
        }
        let signal = top.loop()
        terminal.leave()
        if let signal { SignalDescriptor.endProcess(by: signal) }
    }

    private init(
        _ terminal: TopTerminal, _ place: ControlPlace, _ order: ListOrder, _ filter: ConnectionFilter,
        _ interval: Duration
    ) throws(SystemError) {
        self.terminal = terminal
        // Before the thread of the feed, which must not get them.
        signals = try SignalDescriptor(blocking: Self.ending + [SIGWINCH, SIGTSTP, SIGCONT])
        feed = try TopFeed(place)
        self.interval = min(interval.wholeMicroseconds, Self.longestInterval) * 1000
        isColoured = OutputStyle.ofStandardOutput.isColoured
        state = TopState(size: terminal.currentSize(), order: order, filter: filter)
    }

    // MARK: - The loop

    /// - Returns: the signal that ends the process; nil if the user has quit.
    private func loop() -> CInt? {
        terminal.enter()
        ask()
        draw()
        while true {
            var entries = [
                Poll.Entry(raw: STDIN_FILENO, wanted: POLLIN), Poll.Entry(raw: signals.raw, wanted: POLLIN),
                Poll.Entry(raw: feed.raw, wanted: POLLIN),
            ]
            let keyDeadline = keys.isUndecided ? Clock.monotonic &+ Self.keyTime : nil
            guard (try? Poll.wait(&entries, until: earliest(keyDeadline, state.isPaused ? nil : nextAsk))) != nil else {
                return nil
            }
            if entries[1].isReadable, let signal = handleSignals() { return signal }
            if entries[2].isReadable { feed.take().forEach(handle) }
            var pressed: [TopKey] = []
            if entries[0].isReadable {
                guard let bytes = terminal.read() else { return nil }
                pressed = keys.keys(in: bytes)
            } else if keyDeadline != nil, let key = keys.flush() {
                pressed = [key]
            }
            for key in pressed where !press(key) { return nil }
            if let nextAsk, nextAsk <= Clock.monotonic, !state.isPaused { ask() }
            draw()
        }
    }

    private func earliest(_ one: UInt64?, _ other: UInt64?) -> UInt64? {
        guard let one, let other else { return one ?? other }
        return min(one, other)
    }

    /// Takes the terminal again, whose screen is empty then.
    private func clear() {
        terminal.enter()
        shown = ""
    }

    private func draw() {
        let style = OutputStyle(columns: state.size.columns, isColoured: isColoured)
        let frame = TopScreen.frame(state, style)
        guard frame != shown else { return }
        shown = frame
        terminal.show(frame)
    }

    /// Asks the daemon, or once more when the reply that is awaited has come.
    private func ask() {
        guard !isAsking else {
            asksAgain = true
            return
        }
        isAsking = true
        nextAsk = nil
        feed.submit(.ask(state.question))
    }

    /// - Returns: false to quit.
    private func press(_ key: TopKey) -> Bool {
        switch state.press(key) {
        case .ask: ask()
        case .close(let number): feed.submit(.close(number))
        case .redraw: clear()
        case .quit: return false
        case nil: break
        }
        return true
    }

    private func handle(_ news: TopFeed.News) {
        switch news {
        case .sample(let sample):
            state.received(sample)
            answered(after: max(interval, min(sample.cost, interval) * Self.costFactor))
        case .failed(let failure):
            state.failed(failure)
            answered(after: interval)
        case .closed(let number, let count):
            state.closed(number, count: count)
            ask()
        case .closeFailed(let failure): state.closeFailed(failure)
        }
    }

    private func answered(after pause: UInt64) {
        isAsking = false
        nextAsk = Clock.monotonic &+ pause
        if asksAgain {
            asksAgain = false
            ask()
        }
    }

    // MARK: - Signals

    /// - Returns: the signal that ends the process.
    private func handleSignals() -> CInt? {
        while let signal = try? signals.next() {
            if Self.ending.contains(signal) { return signal }
            if signal == SIGTSTP {
                terminal.leave()
                raise(SIGSTOP)
            }
            // After SIGCONT too: a shell may have changed the terminal meanwhile.
            if signal != SIGWINCH { clear() }
            let size = terminal.currentSize()
            guard size != state.size else { continue }
            state.size = size
            clear()
            if !state.isPaused { ask() }
        }
        return nil
    }
}
