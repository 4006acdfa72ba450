// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

/// What a member is called.
struct MemberName: Equatable {
    /// The most characters that a chosen name may have.
    static let longest = 32

    /// The name as it is shown: UTF-8 without anything that could harm a terminal.
    let text: [UInt8]

    /// What two names have in common that a person would take for one another: case does not count, and neither does the
    /// way in which an accent is composed.
    let key: String

    private init(text: [UInt8]) {
        self.text = text
        let name = String(decoding: text, as: UTF8.self)
        // Upper case first: it is what makes "ß" and "ss", or the two small sigmas, one. Strings are compared by canonical
        // equivalence.
        key = name.uppercased().lowercased()
    }
}

// MARK: - A chosen name

extension MemberName {
    /// What is wrong with a name that a member has chosen.
    enum Problem: Error, Equatable {
        /// It has too many characters.
        case tooLong
        /// It has a character that a name must not have.
        case unfit
    }

    /// Takes a name that a member has chosen.
    ///
    /// It has 1 to ``longest`` printable characters, no blanks, and none of the marks by which given names and the room's
    /// own words are known, so that nobody can look like an address or like the room.
    init(chosen text: [UInt8]) throws(Problem) {
        let name = String(decoding: text, as: UTF8.self)
        guard name.unicodeScalars.count <= Self.longest else { throw .tooLong }
        guard let first = name.unicodeScalars.first, !first.properties.generalCategory.isMark,
            name.unicodeScalars.allSatisfy(Self.mayStand)
        else { throw .unfit }
        self.init(text: text)
    }

    /// Whether a character may stand in a chosen name.
    private static func mayStand(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "<", ">", "/", ":", "#", "@", "*": return false
        default: return scalar.properties.generalCategory.isPrintable && !scalar.properties.isDefaultIgnorableCodePoint
        }
    }
}

// MARK: - A given name

extension MemberName {
    /// The name of a newcomer: its address, or `unix-#ID` if it has none.
    init(peer: SocketAddress, connection identifier: UInt64) {
        var address: [UInt8] = []
        peer.append(to: &address)
        var text: [UInt8] = []
        if address.isEmpty {
            text.append("unix-#")
            text.append(decimal: identifier)
        } else {
            // What a Unix socket is bound to is up to the client: any bytes at all.
            for scalar in String(decoding: address, as: UTF8.self).unicodeScalars {
                let shown: Unicode.Scalar =
                    scalar.properties.generalCategory.isPrintable && scalar != "<" && scalar != ">" ? scalar : "?"
                text.append(contentsOf: String(shown).utf8)
            }
        }
        self.init(text: text)
    }

    /// The same name with a number behind it, for when somebody else has it.
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

    /// Whether a character leaves a mark on paper: letters, marks, numbers, punctuation, symbols; no blanks, no controls.
    fileprivate var isPrintable: Bool {
        switch self {
        case .spaceSeparator, .lineSeparator, .paragraphSeparator, .control, .format, .surrogate, .privateUse,
            .unassigned:
            false
        default: true
        }
    }
}
