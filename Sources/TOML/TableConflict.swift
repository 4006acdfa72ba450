// SPDX-License-Identifier: Apache-2.0

/// Why a key or a header is rejected: its name is in use. Pure; `problem` makes the message.
struct TableConflict: Error {
    /// What the document tries to do.
    enum Attempt {
        /// Set the value of a key.
        case key
        /// Define a table with `[name]`.
        case header
        /// Append a table to an array with `[[name]]`.
        case arrayHeader
        /// Enter a table through the first parts of a dotted key.
        case keyPassage
        /// Enter a table through the first parts of a header.
        case headerPassage
    }

    /// The existing value.
    enum Existing {
        case value(TOMLValue)
        /// A table that its own header or a header below it defined.
        case headerTable
        /// A table that a dotted key defined.
        case dottedTable
        /// The tables under a `[[name]]`.
        case tableArray
    }

    var attempt: Attempt
    /// The parts of the key up to the conflict.
    var path: ArraySlice<KeyPart>
    var existing: Existing
    /// The place of the existing key.
    var existingRange: SourceRange

    /// The message; nil if the conflict comes from an invalid value, which was reported already.
    var problem: TOMLProblem? {
        guard let last = path.last, let (message, help) = words else { return nil }
        return TOMLProblem(
            message: message, help: help, range: last.range,
            related: TOMLProblem.Related(range: existingRange, note: "first defined here"))
    }

    private var words: (message: String, help: String)? {
        switch attempt {
        case .key: return ("\(name) is defined twice", "remove or rename one of the two")
        case .header: return headerWords
        case .arrayHeader: return arrayHeaderWords
        case .keyPassage, .headerPassage: return passageWords
        }
    }

    private var name: String { Excerpt.quoted(path) }

    private var headerWords: (String, String) {
        switch existing {
        case .headerTable:
            (
                "the table \(name) is defined twice",
                "put all keys of a table under one header, or rename one of the two"
            )
        case .dottedTable:
            (
                "the table \(name) is already defined by dotted keys",
                "put all its keys either there or under this header"
            )
        case .tableArray:
            ("\(name) is an array of tables", "write its name between `[[` and `]]` to add a table to it")
        case .value(let value):
            ("\(name) is already defined as \(value.typeName)", "remove or rename one of the two")
        }
    }

    private var arrayHeaderWords: (String, String) {
        switch existing {
        case .headerTable, .dottedTable:
            ("\(name) is already defined as a single table", "write the same header, `[…]` or `[[…]]`, at both places")
        case .tableArray:
            ("\(name) is already defined as an array", "remove or rename one of the two")
        case .value(let value):
            ("\(name) is already defined as \(value.typeName)", "remove or rename one of the two")
        }
    }

    private var passageWords: (String, String)? {
        switch existing {
        case .headerTable:
            return (
                "dotted keys cannot add to the table \(name), which has a header",
                "put this key under a header of that table"
            )
        case .dottedTable:
            return ("the table \(name) is defined by dotted keys", "put this key with them")
        case .tableArray:
            return ("\(name) is an array of tables", "put this key under one of its `[[…]]` headers")
        case .value(let value):
            switch value.content {
            case .invalid: return nil
            case .table: return ("\(name) is closed: it is an inline table", "put this key between its braces")
            default: return ("\(name) is \(value.typeName) and cannot hold keys", "rename one of the two")
            }
        }
    }
}
