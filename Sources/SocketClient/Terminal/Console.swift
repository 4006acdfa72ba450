// SPDX-License-Identifier: Apache-2.0

import CEdit
import Glibc
import LinuxSystem

/// The standard descriptors of a client: what a person types or a pipe brings, and where what comes in is shown.
///
/// Concurrency: belongs to one thread.
final class Console {
    /// What the standard input brought.
    enum Input: Equatable {
        /// Bytes of a pipe or file.
        case bytes([UInt8])
        /// A line that was typed.
        case line([UInt8])
        /// There is no more.
        case end
        /// Nothing that counts.
        case nothing
    }

    /// Whether a person types.
    let isInteractive: Bool

    private let isShownOnTerminal: Bool
    private var editor: LineEditor?
    private var screen: Screen
    private var text = TerminalText()
    private var lines = LineCutter()
    private var typedLines: [[UInt8]] = []
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)

    /// Looks at the standard descriptors; takes nothing yet.
    ///
    /// - Parameter takesInput: whether the standard input is read.
    init(takesInput: Bool) {
        isInteractive = takesInput && isatty(STDIN_FILENO) == 1
        isShownOnTerminal = isatty(STDOUT_FILENO) == 1
        Self.useLocale()
        screen = Screen(columns: Self.columns) { Int(cedit_width($0.value)) }
    }

    /// Takes the terminal, if there is one to edit on; gives it back when the console goes.
    func beginEditing() {
        // unsafe: getenv's string is read at once, and nothing here changes the environment.
        guard isInteractive, isShownOnTerminal, let name = unsafe getenv("TERM"), unsafe String(cString: name) != "dumb"
        else { return }
        editor = LineEditor(prompt: Screen.prompt)
    }

    /// Gives the terminal back, with no prompt left on it.
    func endEditing() {
        guard let editor else { return }
        Self.write(screen.clear(editor.textBeforeCursor))
        self.editor = nil
        flushText()
    }

    /// Whether a line that was typed waits.
    var hasInput: Bool { !typedLines.isEmpty }

    // MARK: - Input

    /// Reads what is there, which there must be.
    func read() throws(SystemError) -> Input {
        if !typedLines.isEmpty { return .line(typedLines.removeFirst()) }
        if let editor {
            switch editor.key() {
            case .typing: return .nothing
            case .line(let line):
                screen.lineEntered()
                return .line(line)
            case .end:
                return .end
            }
        }
        // unsafe: the buffer is ours for the call.
        let count = try unsafe buffer.withUnsafeMutableBufferPointer { (bytes) throws(SystemError) in
            try systemCallIfReady("read") { unsafe Glibc.read(STDIN_FILENO, bytes.baseAddress, bytes.count) }
        }
        guard let count else { return .nothing }
        let bytes = Array(buffer[..<count])
        guard isInteractive else { return count == 0 ? .end : .bytes(bytes) }
        if count == 0 { return lines.takeRest().map { .line($0) } ?? .end }
        typedLines += lines.add(bytes)
        return typedLines.isEmpty ? .nothing : .line(typedLines.removeFirst())
    }

    // MARK: - Output

    /// Shows what came in: bytes as they are, unless it is a terminal that they could steer.
    func show(_ bytes: [UInt8]) {
        guard isShownOnTerminal else { return Self.write(bytes, to: STDOUT_FILENO) }
        show(text.add(bytes))
    }

    /// Tells the person something, on standard error, and in a place of its own.
    func say(_ sentence: String) {
        let line = "usherctl: \(sentence)\n"
        guard let editor else { return Self.write(Array(line.utf8), to: STDERR_FILENO) }
        let typed = editor.textBeforeCursor
        Self.write(screen.beginRow(above: typed))
        Self.write(Array(line.utf8), to: STDERR_FILENO)
        editor.redraw()
    }

    /// Shows what is left of a character that was never completed.
    private func flushText() {
        if isShownOnTerminal { show(text.finish()) }
    }

    private func show(_ text: String) {
        guard !text.isEmpty else { return }
        guard let editor else { return Self.write(text) }
        Self.write(screen.show(text, above: editor.textBeforeCursor))
        editor.redraw()
    }

    // MARK: - Signals

    /// The terminal has another size.
    func resize() {
        editor?.resize()
        screen.columns = Self.columns
    }

    /// Stops with the terminal as the shell left it, and takes it again afterwards.
    func stop() {
        editor?.take(false)
        Interruption.stop()
        editor?.take(true)
        editor?.redraw()
    }

    // MARK: - The system

    /// libedit reads and shows the characters of the locale; where it has only ASCII, UTF-8 does no harm.
    private static func useLocale() {
        // unsafe: literals; nobody else looks at the locale at this time.
        _ = unsafe setlocale(LC_CTYPE, "")
        if unsafe String(cString: nl_langinfo(CInt(CODESET))) != "UTF-8" { _ = unsafe setlocale(LC_CTYPE, "C.UTF-8") }
    }

    private static var columns: Int {
        var size = winsize()
        // unsafe: a local of the type that the request fills.
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    private static func write(_ text: String) {
        write(Array(text.utf8), to: STDOUT_FILENO)
    }

    /// Writes all of it. Who does not want the output any more has closed it, and SIGPIPE ends the program.
    private static func write(_ bytes: [UInt8], to raw: CInt) {
        var rest = bytes[...]
        while !rest.isEmpty {
            do throws(SystemError) {
                let count = try systemCallIfReady("write") {
                    // unsafe: the slice outlives the call.
                    unsafe rest.withUnsafeBytes { unsafe Glibc.write(raw, $0.baseAddress, $0.count) }
                }
                if let count {
                    rest = rest.dropFirst(count)
                } else {
                    // Whoever shares the descriptor has made it non-blocking.
                    var entries = [Poll.Entry(raw: raw, wanted: POLLOUT)]
                    try Poll.wait(&entries, until: nil)
                }
            } catch {
                return
            }
        }
    }
}
