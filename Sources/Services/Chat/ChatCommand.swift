// SPDX-License-Identifier: Apache-2.0

/// What a member means by a line.
enum ChatCommand: Equatable {
    /// The line is to be said, from this byte on: a second slash in front stands for one that is meant.
    case say(from: Int)
    /// `/nick NAME`: to be called so; empty asks for the name in force.
    case nick([UInt8])
    /// `/who`: who is here.
    case who
    /// `/join TOKEN`: to come in, for who comes by datagrams.
    case join([UInt8])
    /// `/quit`: to leave.
    case quit
    /// `/help`: what can be written.
    case help
    /// A command that there is not.
    case unknown([UInt8])

    /// Understands a line. Commands are ASCII and may be in either case.
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
