// SPDX-License-Identifier: Apache-2.0

/// A key, as a terminal sends it.
enum TopKey: Equatable, Sendable {
    /// A printable character of ASCII.
    case character(Character)
    case up, down, first, last
    case enter
    case escape
    /// The backspace key.
    case erase
    /// Ctrl-U: the whole line.
    case eraseLine
    /// Ctrl-L.
    case redraw
}

/// Reads keys from the bytes of a terminal: ECMA-48, and the keys of xterm. Pure.
///
/// Keys that ``TopKey`` does not have, and characters beyond ASCII, are dropped.
struct TopKeyReader: Sendable {
    /// The beginning of a sequence.
    private var pending: [UInt8] = []

    private static let escape: UInt8 = 0x1b

    /// Whether the bytes so far may be the escape key or the beginning of a sequence: ``flush()`` decides after a while.
    var isUndecided: Bool { !pending.isEmpty }

    /// The keys that are complete with these bytes.
    mutating func keys(in bytes: some Sequence<UInt8>) -> [TopKey] {
        var keys: [TopKey] = []
        for byte in bytes {
            if pending.isEmpty {
                if byte == Self.escape { pending = [byte] } else if let key = Self.key(byte) { keys.append(key) }
            } else if pending.count == 1, byte == Self.escape {
                keys.append(.escape)
            } else if pending.count == 1, byte != UInt8(ascii: "["), byte != UInt8(ascii: "O") {
                // Alt with a key.
                pending = []
            } else {
                pending.append(byte)
                guard pending.count > 2, (0x40...0x7e).contains(byte) || pending.count > 16 else { continue }
                if let key = Self.key(sequence: pending[2...]) { keys.append(key) }
                pending = []
            }
        }
        return keys
    }

    /// No more bytes have come for a while: an escape is the key.
    mutating func flush() -> TopKey? {
        defer { pending = [] }
        return pending.count == 1 ? .escape : nil
    }

    private static func key(_ byte: UInt8) -> TopKey? {
        switch byte {
        case 0x0a, 0x0d: .enter
        case 0x08, 0x7f: .erase
        case 0x0c: .redraw
        case 0x15: .eraseLine
        case 0x20..<0x7f: .character(Character(Unicode.Scalar(byte)))
        default: nil
        }
    }

    private static func key(sequence: ArraySlice<UInt8>) -> TopKey? {
        switch String(decoding: sequence, as: UTF8.self) {
        case "A": .up
        case "B": .down
        case "H", "1~", "7~", "5~": .first
        case "F", "4~", "8~", "6~": .last
        default: nil
        }
    }
}
