// SPDX-License-Identifier: Apache-2.0

import Configuration
import ControlProtocol

/// What `top` shows, and how keys and replies change it. Pure.
struct TopState: Sendable {
    /// The size of a screen.
    struct Size: Hashable, Sendable {
        var columns: Int
        var rows: Int

        /// The smallest for a table.
        static let least = Size(columns: 60, rows: 20)

        /// Whether there is room for a table.
        var isEnough: Bool { columns >= Self.least.columns && rows >= Self.least.rows }
    }

    /// What keys are for.
    enum Mode: Equatable, Sendable {
        case table
        case help
        /// A filter is typed.
        case filter(String)
        /// The number of a connection to close is typed; nothing stands for the selected one.
        case number(String)
        /// Whether to close this connection.
        case confirmation(UInt64)
    }

    /// What the caller does after a key.
    enum Action: Equatable, Sendable {
        /// Asks the daemon now.
        case ask
        /// Closes a connection.
        case close(UInt64)
        /// Ends.
        case quit
        /// Draws the whole screen again.
        case redraw
    }

    /// A sentence in the last line, until the next key.
    struct Message: Equatable, Sendable {
        let text: String
        var isBad = false
    }

    var size: Size
    private(set) var order: ListOrder
    private(set) var filter: ConnectionFilter
    private(set) var mode = Mode.table
    private(set) var isPaused = false
    private(set) var view: TopView?
    private(set) var message: Message?
    private var ranking = TopRanking()

    /// Why the daemon cannot be asked; nil while it can.
    private(set) var failure: String?

    /// The number of the selected connection.
    private(set) var selected: UInt64?

    /// The rows above the table and its titles, and below it.
    static let rowsAbove = 5
    static let rowsBelow = 1

    /// The longest line that is typed.
    private static let longestInput = 500

    init(size: Size, order: ListOrder, filter: ConnectionFilter) {
        self.size = size
        self.order = order
        self.filter = filter
    }

    /// What to ask the daemon.
    var question: TopQuestion {
        var question = TopQuestion(
            order: order, filter: filter, rows: max(size.rows - Self.rowsAbove - 1 - Self.rowsBelow, 1))
        if order == .rate { question.numbers = ranking.numbers(for: filter) }
        return question
    }

    // MARK: - Keys

    /// Handles a key.
    mutating func press(_ key: TopKey) -> Action? {
        message = nil
        if key == .redraw { return .redraw }
        switch mode {
        case .table: return pressInTable(key)
        case .help:
            mode = .table
            return nil
        case .filter(let text): return type(key, behind: text, as: Mode.filter, done: applyFilter)
        case .number(let text): return type(key, behind: text, as: Mode.number, done: confirm)
        case .confirmation(let number):
            mode = .table
            return key == .character("y") || key == .character("Y") ? .close(number) : nil
        }
    }

    private mutating func pressInTable(_ key: TopKey) -> Action? {
        switch key {
        case .up: select(-1)
        case .down: select(1)
        case .first: selected = view?.rows.first?.connection.number
        case .last: selected = view?.rows.last?.connection.number
        case .escape: selected = nil
        case .character(let letter): return press(letter)
        case .enter, .erase, .eraseLine, .redraw: break
        }
        return nil
    }

    private mutating func press(_ letter: Character) -> Action? {
        switch letter {
        case "q", "Q": return .quit
        case "?", "h": mode = .help
        case "f", "/": mode = .filter(FilterWords.text(of: filter))
        case "k": mode = .number("")
        case " ": return .ask
        case "p":
            isPaused.toggle()
            return isPaused ? nil : .ask
        default:
            guard let order = Self.order(of: letter), order != self.order else { return nil }
            self.order = order
            return .ask
        }
        return nil
    }

    /// The order that a letter stands for.
    static func order(of letter: Character) -> ListOrder? {
        switch letter {
        case "a": .age
        case "b": .bytes
        case "i": .idle
        case "r": .rate
        case "t": .rtt
        default: nil
        }
    }

    private mutating func select(_ step: Int) {
        guard let rows = view?.rows, !rows.isEmpty else { return }
        guard let index = selectedIndex else {
            selected = (step > 0 ? rows.first : rows.last)?.connection.number
            return
        }
        selected = rows[min(max(index + step, 0), rows.count - 1)].connection.number
    }

    /// The row of the selected connection.
    var selectedIndex: Int? {
        guard let selected else { return nil }
        return view?.rows.firstIndex { $0.connection.number == selected }
    }

    // MARK: - Typing

    private mutating func type(
        _ key: TopKey, behind text: String, as mode: (String) -> Mode, done: (inout TopState, String) -> Action?
    ) -> Action? {
        switch key {
        case .character(let character) where text.utf8.count < Self.longestInput:
            self.mode = mode(text + "\(character)")
        case .erase: self.mode = mode(String(text.dropLast()))
        case .eraseLine: self.mode = mode("")
        case .escape: self.mode = .table
        case .enter: return done(&self, text)
        case .character, .up, .down, .first, .last, .redraw: break
        }
        return nil
    }

    private func applyFilter(_ state: inout TopState, _ text: String) -> Action? {
        do throws(FilterWords.Mistake) {
            state.filter = try FilterWords.parse(text)
            state.mode = .table
            return .ask
        } catch {
            state.message = Message(text: error.message, isBad: true)
            return nil
        }
    }

    private func confirm(_ state: inout TopState, _ text: String) -> Action? {
        let trimmed = text.filter { $0 != " " }
        guard let number = trimmed.isEmpty ? state.selected : UInt64(trimmed) else {
            state.message = Message(
                text: trimmed.isEmpty ? "type a number, or select a line first" : "\(trimmed) is not a number",
                isBad: true)
            return nil
        }
        state.mode = .confirmation(number)
        return nil
    }

    // MARK: - Replies

    /// Shows a sample.
    mutating func received(_ sample: TopSample) {
        let earlier = view?.sample
        let isSame = earlier.map { TopView.isSame($0, sample) } ?? true
        if !isSame { message = Message(text: "usherd was restarted") }
        let index = selectedIndex
        failure = nil
        if !isSame { ranking = TopRanking() }
        view = TopView(sample, after: isSame ? earlier : nil, &ranking)
        guard isSame else {
            selected = nil
            return
        }
        // The one that takes the place of a selected connection that has ended, or is not on the screen any more.
        if let index, selectedIndex == nil, let rows = view?.rows {
            selected = rows.isEmpty ? nil : rows[min(index, rows.count - 1)].connection.number
        }
    }

    /// Keeps what is shown, and says that the daemon cannot be asked.
    mutating func failed(_ failure: ControlFailure) { self.failure = failure.message }

    /// Says what came of a close.
    mutating func closed(_ number: UInt64, count: Int) {
        message =
            count > 0
            ? Message(text: "closed connection \(number)")
            : Message(text: "no open connection has the number \(number)", isBad: true)
    }

    /// Says why a connection was not closed.
    mutating func closeFailed(_ failure: ControlFailure) { message = Message(text: failure.message, isBad: true) }
}
