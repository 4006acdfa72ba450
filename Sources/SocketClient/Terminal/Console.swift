// SPDX-License-Identifier: Apache-2.0

import CEdit
import Glibc
import LinuxSystem

/// The standard descriptors of a client: reads standard input, shows received data and messages.
///
/// Concurrency: belongs to one thread.
final class Console {
    /// The result of a read.
    enum Input: Equatable {
        /// Bytes from a pipe or file.
        case bytes([UInt8])
        /// A line that was typed.
        case line([UInt8])
        /// EOF.
        case end
        /// Nothing to process.
        case nothing
    }

    /// Whether standard input is read from a terminal.
    let isInteractive: Bool

    private let isShownOnTerminal: Bool
    private var editor: LineEditor?
    private var screen: Screen
    private var text = TerminalText()
    private var lines = LineCutter()
    private var typedLines: [[UInt8]] = []
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)

    /// Checks whether the standard descriptors are terminals; changes nothing yet.
    ///
    /// - Parameter takesInput: whether standard input is read.
    init(takesInput: Bool) {
        isInteractive = takesInput && isatty(STDIN_FILENO) == 1
        isShownOnTerminal = isatty(STDOUT_FILENO) == 1
        Self.useLocale()
        screen = Screen(columns: Self.columns) { Int(cedit_width($0.value)) }
    }

    /// Starts line editing if input and output are on a terminal that supports it.
    func beginEditing() {
        // unsafe: getenv's string is read at once, and nothing here changes the environment.
        guard isInteractive, isShownOnTerminal, let name = unsafe getenv("TERM"), unsafe String(cString: name) != "dumb"
        else { return }
        editor = LineEditor(prompt: Screen.prompt)
    }

    /// Ends line editing, removes the prompt and restores the terminal.
    func endEditing() {
        guard let editor else { return }
        Self.write(screen.clear(editor.textBeforeCursor))
        self.editor = nil
        flushText()
    }

    /// Whether a complete typed line waits.
    var hasInput: Bool { !typedLines.isEmpty }

    // MARK: - Input

    /// Reads from standard input, which must be readable.
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

    /// Shows received bytes: unchanged, except on a terminal, where control characters are made visible.
    func show(_ bytes: [UInt8]) {
        guard isShownOnTerminal else { return Self.write(bytes, to: STDOUT_FILENO) }
        show(text.add(bytes))
    }

    /// Prints a message to standard error, on a line of its own.
    func say(_ sentence: String) {
        let line = "usherctl: \(sentence)\n"
        guard let editor else { return Self.write(Array(line.utf8), to: STDERR_FILENO) }
        let typed = editor.textBeforeCursor
        Self.write(screen.beginRow(above: typed))
        Self.write(Array(line.utf8), to: STDERR_FILENO)
        editor.redraw()
    }

    /// Shows the bytes of an incomplete character at the end.
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

    /// Handles SIGWINCH: reads the new size of the terminal.
    func resize() {
        editor?.resize()
        screen.columns = Self.columns
    }

    /// Handles SIGTSTP: restores the terminal, stops, and starts line editing again after SIGCONT.
    func stop() {
        editor?.take(false)
        Interruption.stop()
        editor?.take(true)
        editor?.redraw()
    }

    // MARK: - System calls

    /// libedit shows only characters of the locale. Where that is not UTF-8, C.UTF-8 is used.
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

    /// Writes all bytes. If the reader has closed the pipe, SIGPIPE ends the process.
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
                    // EAGAIN: another process that shares the descriptor has made it non-blocking.
                    var entries = [Poll.Entry(raw: raw, wanted: POLLOUT)]
                    try Poll.wait(&entries, until: nil)
                }
            } catch {
                return
            }
        }
    }
}
