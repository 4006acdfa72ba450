// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

/// The name of a member.
struct MemberName: Equatable {
    /// The most characters that a chosen name may have.
    static let longest = 32

    /// The name as it is shown: UTF-8 without characters that could harm a terminal.
    let text: [UInt8]

    /// A key that is equal for names that look the same to a person.
    ///
    /// It ignores case and the composition of accents (canonical equivalence).
    let key: String

    private init(text: [UInt8]) {
        self.text = text
        let name = String(decoding: text, as: UTF8.self)
        // Upper case first: it maps "ß" to "SS" and both small sigmas to one capital. Swift compares strings by canonical
        // equivalence.
        key = name.uppercased().lowercased()
    }
}

// MARK: - A chosen name

extension MemberName {
    /// Why a chosen name is not allowed.
    enum Problem: Error, Equatable {
        /// It has too many characters.
        case tooLong
        /// It has a character that is not allowed in a name.
        case unfit
    }

    /// Checks a name that a member has chosen.
    ///
    /// It has 1 to ``longest`` printable characters, no blanks, and none of the characters that mark assigned names and
    /// messages of the room, so that it cannot look like an address or like the room.
    init(chosen text: [UInt8]) throws(Problem) {
        let name = String(decoding: text, as: UTF8.self)
        guard name.unicodeScalars.count <= Self.longest else { throw .tooLong }
        guard let first = name.unicodeScalars.first, !first.properties.generalCategory.isMark,
            name.unicodeScalars.allSatisfy(Self.isAllowed)
        else { throw .unfit }
        self.init(text: text)
    }

    /// Whether a chosen name may contain this character.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "<", ">", "/", ":", "#", "@", "*": return false
        default: return scalar.properties.generalCategory.isPrintable && !scalar.properties.isDefaultIgnorableCodePoint
        }
    }
}

// MARK: - An assigned name

extension MemberName {
    /// The first name of a member: its address, or `unix-#ID` if it has none.
    init(peer: SocketAddress, connection identifier: UInt64) {
        var address: [UInt8] = []
        peer.append(to: &address)
        var text: [UInt8] = []
        if address.isEmpty {
            text.append("unix-#")
            text.append(decimal: identifier)
        } else {
            // The client chooses the name of its Unix socket, which may be any bytes.
            for scalar in String(decoding: address, as: UTF8.self).unicodeScalars {
                let shown: Unicode.Scalar =
                    scalar.properties.generalCategory.isPrintable && scalar != "<" && scalar != ">" ? scalar : "?"
                text.append(contentsOf: String(shown).utf8)
            }
        }
        self.init(text: text)
    }

    /// The same name with a number appended, used if another member has the name.
    func numbered(_ number: UInt64) -> MemberName {
        var text = text
        text.append("#")
        text.append(decimal: number)
        return MemberName(text: text)
    }
}

extension Unicode.GeneralCategory {
    fileprivate var isMark: Bool {
        switch self {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }

    /// Whether a character is visible: letters, marks, numbers, punctuation, symbols; no blanks, no controls.
    fileprivate var isPrintable: Bool {
        switch self {
        case .spaceSeparator, .lineSeparator, .paragraphSeparator, .control, .format, .surrogate, .privateUse,
            .unassigned:
            false
        default: true
        }
    }
}
