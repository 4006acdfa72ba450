// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem

/// The terminal of `top`: the alternate screen, and keys without echo, until ``leave()``.
///
/// Concurrency: belongs to one thread.
final class TopTerminal {
    private let saved: termios
    private var isEntered = false
    private var size = TopState.Size(columns: 80, rows: 24)

    /// The alternate screen (xterm), no wrapping of long lines (DECAWM), no cursor (DECTCEM).
    private static let entering = "\u{1b}[?1049h\u{1b}[?7l\u{1b}[?25l\u{1b}[2J"
    private static let leaving = "\u{1b}[m\u{1b}[2J\u{1b}[?25h\u{1b}[?7h\u{1b}[?1049l"

    /// Reads the settings of the terminal; changes nothing yet. Nil if standard input or output is not a terminal.
    init?() {
        var settings = termios()
        // unsafe: a local that the call fills.
        guard isatty(STDOUT_FILENO) == 1, unsafe tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        saved = settings
    }

    /// Takes the terminal, also again after the process was stopped.
    func enter() {
        isEntered = true
        var settings = saved
        // unsafe: locals that live for the calls.
        unsafe cfmakeraw(&settings)
        // Ctrl-C, Ctrl-\ and Ctrl-Z stay signals.
        settings.c_lflag |= tcflag_t(ISIG)
        _ = unsafe tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
        show(Self.entering)
    }

    /// Gives the terminal back as it was. Idempotent.
    func leave() {
        guard isEntered else { return }
        isEntered = false
        show(Self.leaving)
        var settings = saved
        // unsafe: a local that lives for the call. Keys that were typed and not read are dropped.
        _ = unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
    }

    /// The size as it is now; the last known one if the terminal does not say it.
    func currentSize() -> TopState.Size {
        var window = winsize()
        // unsafe: a local of the type that the request fills.
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 else {
            return size
        }
        // A frame of more than this is no screen.
        size = TopState.Size(columns: min(Int(window.ws_col), 1000), rows: min(Int(window.ws_row), 1000))
        return size
    }

    /// The bytes of the keys that were pressed; nil if the terminal has gone. It must be readable.
    func read() -> ArraySlice<UInt8>? {
        var buffer = [UInt8](repeating: 0, count: 1024)
        let room = buffer.count
        do throws(SystemError) {
            // unsafe: the buffer is ours for the call.
            let count = try systemCallIfReady("read") { unsafe Glibc.read(STDIN_FILENO, &buffer, room) }
            guard let count else { return [] }
            return count > 0 ? buffer[..<count] : nil
        } catch {
            return nil
        }
    }

    /// Writes a text: in one call, if the terminal takes it.
    func show(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            do throws(SystemError) {
                let count = try systemCallIfReady("write") {
                    // unsafe: the slice outlives the call.
                    unsafe rest.withUnsafeBytes { unsafe Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
                }
                if let count {
                    rest = rest.dropFirst(count)
                } else {
                    // EAGAIN: another process that shares the descriptor has made it non-blocking.
                    var entries = [Poll.Entry(raw: STDOUT_FILENO, wanted: POLLOUT)]
                    try Poll.wait(&entries, until: nil)
                }
            } catch {
                // The terminal has gone, which the next read shows.
                return
            }
        }
    }
}
