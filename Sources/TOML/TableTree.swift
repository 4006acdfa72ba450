// SPDX-License-Identifier: Apache-2.0

/// The tables of a document or of one inline table during parsing: what is defined, and what may be added.
///
/// Tables are numbered, so that any of them can be extended at any time; `table(_:)` makes the nested value at the end.
struct TableTree {
    /// The number of a table.
    typealias ID = Int

    /// How a table was created, which decides what may extend it.
    private enum Origin {
        /// By a header of a table below it. Its own header may still follow.
        case implicit
        /// By its own header, by the braces of an inline table, or as the document.
        case explicit
        /// By a dotted key. More dotted keys may extend it, and headers of tables below it.
        case dotted
    }

    private enum Content {
        case value(TOMLValue)
        case table(ID)
        /// The index in `arrays` of the tables under a `[[name]]`.
        case array(Int)
    }

    private struct Entry {
        var key: KeyPart
        var content: Content
    }

    private struct Table {
        var origin: Origin
        var range: SourceRange
        var entries: [Entry] = []
    }

    /// A key of one table.
    private struct Slot: Hashable {
        var table: ID
        var key: ExactKey
    }

    /// The number of the top table.
    static let root: ID = 0

    private var tables: [Table]
    private var arrays: [[ID]] = []
    /// The index of each key in the entries of its table. One dictionary for all tables finds any key in constant time.
    private var index: [Slot: Int] = [:]

    /// Makes a tree whose top table has the range `range`.
    init(range: SourceRange) {
        tables = [Table(origin: .explicit, range: range)]
    }

    /// Makes a table that is not part of the document, for the keys after a rejected header.
    mutating func detachedTable() -> ID {
        addTable(.explicit, range: tables[Self.root].range)
    }

    /// Sets the range of the top table, once its end is known.
    mutating func setRootRange(_ range: SourceRange) {
        tables[Self.root].range = range
    }

    // MARK: Definitions

    /// Adds `value` under a dotted key below `table`.
    mutating func insert(_ value: TOMLValue, at path: [KeyPart], below table: ID) throws(TableConflict) {
        var table = table
        for depth in path.indices.dropLast() {
            table = try dottedTable(path[...depth], in: table)
        }
        guard let key = path.last else { return }
        if let entry = entry(of: key, in: table) { throw conflict(.key, at: path[...], with: entry) }
        add(Entry(key: key, content: .value(value)), to: table)
    }

    /// Opens the table that the header `[path]` at `range` defines.
    mutating func openTable(_ path: [KeyPart], range: SourceRange) throws(TableConflict) -> ID {
        let parent = try parentTable(of: path, range: range)
        guard let key = path.last else { return parent }
        guard let place = place(of: key, in: parent) else {
            return addTable(.explicit, range: range, under: key, in: parent)
        }
        let entry = tables[parent].entries[place]
        guard case .table(let table) = entry.content, tables[table].origin == .implicit else {
            throw conflict(.header, at: path[...], with: entry)
        }
        tables[parent].entries[place].key = key
        tables[table].origin = .explicit
        tables[table].range = range
        return table
    }

    /// Makes the table that the header `[[path]]` at `range` appends to its array.
    mutating func appendTable(_ path: [KeyPart], range: SourceRange) throws(TableConflict) -> ID {
        let parent = try parentTable(of: path, range: range)
        guard let key = path.last else { return parent }
        if let entry = entry(of: key, in: parent) {
            guard case .array(let array) = entry.content else {
                throw conflict(.arrayHeader, at: path[...], with: entry)
            }
            let table = addTable(.explicit, range: range)
            arrays[array].append(table)
            return table
        }
        let table = addTable(.explicit, range: range)
        add(Entry(key: key, content: .array(arrays.count)), to: parent)
        arrays.append([table])
        return table
    }

    /// Finds or makes the table that contains the last part of `path`, for a header at `range`.
    private mutating func parentTable(of path: [KeyPart], range: SourceRange) throws(TableConflict) -> ID {
        var table = Self.root
        for depth in path.indices.dropLast() {
            guard let entry = entry(of: path[depth], in: table) else {
                table = addTable(.implicit, range: range, under: path[depth], in: table)
                continue
            }
            switch entry.content {
            case .table(let inner): table = inner
            case .array(let array): table = arrays[array][arrays[array].count - 1]
            case .value: throw conflict(.headerPassage, at: path[...depth], with: entry)
            }
        }
        return table
    }

    /// Finds or makes the table in `table` that the last part of `path`, a beginning of a dotted key, names.
    private mutating func dottedTable(_ path: ArraySlice<KeyPart>, in table: ID) throws(TableConflict) -> ID {
        let key = path[path.endIndex - 1]
        guard let entry = entry(of: key, in: table) else {
            return addTable(.dotted, range: key.range, under: key, in: table)
        }
        guard case .table(let inner) = entry.content, tables[inner].origin == .dotted else {
            throw conflict(.keyPassage, at: path, with: entry)
        }
        return inner
    }

    private mutating func addTable(_ origin: Origin, range: SourceRange) -> ID {
        tables.append(Table(origin: origin, range: range))
        return tables.count - 1
    }

    private mutating func addTable(_ origin: Origin, range: SourceRange, under key: KeyPart, in parent: ID) -> ID {
        let table = addTable(origin, range: range)
        add(Entry(key: key, content: .table(table)), to: parent)
        return table
    }

    private mutating func add(_ entry: Entry, to table: ID) {
        index[Slot(table: table, key: ExactKey(entry.key.text))] = tables[table].entries.count
        tables[table].entries.append(entry)
    }

    private func place(of key: KeyPart, in table: ID) -> Int? {
        index[Slot(table: table, key: ExactKey(key.text))]
    }

    private func entry(of key: KeyPart, in table: ID) -> Entry? {
        place(of: key, in: table).map { tables[table].entries[$0] }
    }

    /// The conflict of `attempt` with the existing `entry` at `path`.
    private func conflict(
        _ attempt: TableConflict.Attempt, at path: ArraySlice<KeyPart>, with entry: Entry
    ) -> TableConflict {
        let existing: TableConflict.Existing =
            switch entry.content {
            case .value(let value): .value(value)
            case .table(let table): tables[table].origin == .dotted ? .dottedTable : .headerTable
            case .array: .tableArray
            }
        return TableConflict(attempt: attempt, path: path, existing: existing, existingRange: entry.key.range)
    }

    // MARK: The result

    /// The finished value of `table` with everything below it. Recurses as deep as keys are nested, which is limited.
    func table(_ table: ID = root) -> TOMLTable {
        TOMLTable(
            entries: tables[table].entries.map { entry in
                TOMLTable.Entry(key: entry.key.text, keyRange: entry.key.range, value: value(of: entry.content))
            },
            range: tables[table].range)
    }

    private func value(of content: Content) -> TOMLValue {
        switch content {
        case .value(let value): value
        case .table(let id): TOMLValue(content: .table(table(id)), range: tables[id].range)
        case .array(let array):
            TOMLValue(
                content: .array(arrays[array].map { value(of: .table($0)) }), range: tables[arrays[array][0]].range)
        }
    }
}
