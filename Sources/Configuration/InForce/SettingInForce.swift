// SPDX-License-Identifier: Apache-2.0

/// A value of the configuration in force: what applies, as one would write it, and where it comes from.
public struct SettingInForce: Hashable, Sendable {
    /// Where a value comes from.
    public enum Origin: Hashable, Sendable {
        /// It is not written: the default applies.
        case standard
        /// The listener does not have the key, but `[defaults]` has it, on this line.
        case inherited(SettingLine)
        /// It is written in this line.
        case written(SettingLine)

        /// The line; nil for a default.
        public var line: SettingLine? {
            switch self {
            case .standard: nil
            case .inherited(let line), .written(let line): line
            }
        }
    }

    /// The header of the table without its brackets: `daemon`, `listener.web`, `listener.web.health`.
    public var section: String

    /// The number of the table among several with this header, from 0: that of an upstream. nil for any other table.
    public var index: Int?

    /// The key.
    public var key: String

    /// The value in TOML, in ASCII; nil if the key is not set and has no value that says so.
    public var value: String?

    /// Where the value comes from.
    public var origin: Origin

    /// Makes a setting.
    public init(section: String, index: Int? = nil, key: String, value: String?, origin: Origin) {
        self.section = section
        self.index = index
        self.key = key
        self.value = value
        self.origin = origin
    }
}

/// Collects the settings of one table. Pure.
struct SettingList {
    private(set) var settings: [SettingInForce] = []
    private let section: String
    private let index: Int?
    /// The path of the table below that which has the places: `health.`, `to.0.`.
    private let prefix: String
    private let written: [String: SettingLine]
    private let inherited: [String: SettingLine]

    init(
        section: String, index: Int? = nil, below prefix: String = "", written: [String: SettingLine],
        inherited: [String: SettingLine] = [:]
    ) {
        self.section = section
        self.index = index
        self.prefix = prefix
        self.written = written
        self.inherited = inherited
    }

    /// Whether the table has a key.
    func has(_ key: String) -> Bool { written[prefix + key] != nil }

    /// Adds a value; nil if the key is not set and has no value that says so.
    mutating func add(_ key: String, _ value: String?) {
        let origin: SettingInForce.Origin =
            if let line = written[prefix + key] {
                .written(line)
            } else if let line = inherited[key] {
                .inherited(line)
            } else {
                .standard
            }
        settings.append(SettingInForce(section: section, index: index, key: key, value: value, origin: origin))
    }

    /// Adds a value that is an upstream written as a string alone, at the place of that.
    mutating func add(_ key: String, _ value: String, orAt path: String) {
        if has(key) { return add(key, value) }
        settings.append(
            SettingInForce(
                section: section, index: index, key: key, value: value,
                origin: written[path].map { .written($0) } ?? .standard))
    }
}
