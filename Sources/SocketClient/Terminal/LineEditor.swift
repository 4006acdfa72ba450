// SPDX-License-Identifier: Apache-2.0

import CEdit
import Glibc

/// Edits a line on the terminal with libedit, editline(3).
///
/// Each call handles one key, so that poll(2) can wait for other descriptors in between.
///
/// Concurrency: belongs to one thread.
///
/// Safety: the pointers are made in init, freed in deinit, and never passed on.
@safe final class LineEditor {
    /// The result of a key.
    enum Event: Equatable {
        /// The line is incomplete.
        case typing
        /// The line is complete; without its line feed.
        case line([UInt8])
        /// Ctrl-D, or the terminal was hung up.
        case end
    }

    /// Ctrl-D.
    private static let endOfFile: UInt8 = 0x04

    private let editor: OpaquePointer
    private let history: OpaquePointer?
    private let prompt: UnsafeMutablePointer<CChar>

    /// Starts editing and shows the prompt; nil if the terminal does not support editing.
    init?(prompt text: String) {
        // unsafe: strdup copies the string; what it returns is freed below or in deinit.
        guard let prompt = unsafe strdup(text) else { return nil }
        let history = unsafe history_init()
        guard let editor = unsafe cedit_open("usherctl", history, prompt) else {
            if let history = unsafe history { unsafe history_end(history) }
            unsafe free(prompt)
            return nil
        }
        unsafe self.prompt = prompt
        unsafe self.history = history
        unsafe self.editor = editor
        // Reads the user's key bindings: editrc(5).
        _ = unsafe el_source(editor, nil)
        _ = unsafe cedit_set_unbuffered(editor, 1)
    }

    deinit {
        // unsafe: made in init.
        _ = unsafe cedit_set_unbuffered(editor, 0)
        unsafe el_end(editor)
        if let history = unsafe history { unsafe history_end(history) }
        unsafe free(prompt)
    }

    /// Reads one key, which must be available.
    func key() -> Event {
        var count = CInt(0)
        // unsafe: `count` is a local, and the line is libedit's until the next call.
        guard let line = unsafe el_gets(editor, &count) else { return count == 0 || isGone ? .end : .typing }
        let bytes = unsafe UnsafeBufferPointer(start: line, count: Int(max(0, count))).map { UInt8(bitPattern: $0) }
        // As in rl_callback_read_char of libedit: Ctrl-D on an empty line is returned as its only character.
        if bytes == [Self.endOfFile] { return .end }
        guard let last = bytes.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") else { return .typing }
        if bytes.count > 1, let history = unsafe history { _ = unsafe cedit_remember(history, line) }
        // Starts an empty line without showing the prompt twice.
        _ = unsafe cedit_set_unbuffered(editor, 0)
        _ = unsafe cedit_set_unbuffered(editor, 1)
        return .line(Array(bytes.dropLast()))
    }

    /// The part of the line before the cursor.
    var textBeforeCursor: String {
        // unsafe: the line is libedit's, and is copied before the next call.
        guard let line = unsafe el_line(editor) else { return "" }
        let count = unsafe line.pointee.cursor - line.pointee.buffer
        let bytes = unsafe UnsafeBufferPointer(start: line.pointee.buffer, count: max(0, count))
        return unsafe String(decoding: bytes.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Shows the prompt and the line again at the cursor position of the terminal.
    func redraw() {
        _ = unsafe cedit_refresh(editor)
    }

    /// Reads the new size of the terminal.
    func resize() {
        unsafe el_resize(editor)
    }

    /// Restores the terminal for a while, or takes it again; the line is kept.
    func take(_ flag: Bool) {
        _ = unsafe cedit_take_terminal(editor, flag ? 1 : 0)
    }

    /// Whether the terminal was hung up.
    private var isGone: Bool { tcgetpgrp(STDIN_FILENO) < 0 }
}
