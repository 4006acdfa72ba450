// SPDX-License-Identifier: Apache-2.0

/// Why a key or a header cannot be accepted: its place is taken. Pure; turned into words by `problem`.
struct TableConflict: Error {
    /// What a document tries to do.
    enum Attempt {
        /// Give a key its value.
        case key
        /// Define a table by `[name]`.
        case header
        /// Add a table to an array by `[[name]]`.
        case arrayHeader
        /// Reach a table by the beginning of a dotted key.
        case keyPassage
        /// Reach a table by the beginning of the name in a header.
        case headerPassage
    }

    /// What is in its way.
    enum Existing {
        case value(TOMLValue)
        /// A table with a header, its own or one of a table below it.
        case headerTable
        /// A table made by dotted keys.
        case dottedTable
        /// The tables under a `[[name]]`.
        case tableArray
    }

    var attempt: Attempt
    /// The key as far as it could be followed, the taken part last.
    var path: ArraySlice<KeyPart>
    var existing: Existing
    /// Where the key of what exists stands.
    var existingRange: SourceRange

    /// The conflict in words; nil if it comes of a value that could not be read, since that is told already.
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
