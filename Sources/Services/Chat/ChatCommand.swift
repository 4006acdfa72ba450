// SPDX-License-Identifier: Apache-2.0

/// A line of a member, parsed as a command or as text.
enum ChatCommand: Equatable {
    /// Text to send to the others, from this byte on. Two slashes at the beginning of a line stand for one.
    case say(from: Int)
    /// `/nick NAME`: changes the name; without a name asks for the current one.
    case nick([UInt8])
    /// `/who`: lists the members.
    case who
    /// `/join TOKEN`: enters the room, for sources of datagrams.
    case join([UInt8])
    /// `/quit`: leaves the room.
    case quit
    /// `/help`: lists the commands.
    case help
    /// An unknown command.
    case unknown([UInt8])

    /// Parses a line. Commands are ASCII and case-insensitive.
    init(_ line: Span<UInt8>) {
        guard !line.isEmpty, line[0] == UInt8(ascii: "/") else {
            self = .say(from: 0)
            return
        }
        if line.count > 1, line[1] == UInt8(ascii: "/") {
            self = .say(from: 1)
            return
        }
        var word: [UInt8] = []
        var index = 0
        while index < line.count, !line[index].isBlank {
            word.append(line[index])
            index += 1
        }
        while index < line.count, line[index].isBlank { index += 1 }
        var end = line.count
        while end > index, line[end - 1].isBlank { end -= 1 }
        var rest: [UInt8] = []
        rest.append(contentsOf: line.extracting(index..<end))
        switch String(decoding: word, as: UTF8.self).lowercased() {
        case "/nick": self = .nick(rest)
        case "/join": self = .join(rest)
        case "/who": self = .who
        case "/quit": self = .quit
        case "/help": self = .help
        default: self = .unknown(word)
        }
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
}
