// SPDX-License-Identifier: Apache-2.0

/// A value of the configuration in force.
package struct Setting: Codable, Hashable, Sendable {
    /// Where a value comes from.
    package enum Origin: String, Codable, Sendable {
        /// It is not written: the default applies.
        case standard = "default"
        /// `[defaults]` has it.
        case inherited
        /// The table has it.
        case written
    }

    /// The header of the table, without its brackets.
    package var section: String
    /// The number of the table among several with this header, from 0; nil for any other table.
    package var index: Int?
    package var key: String
    /// The value in TOML, in ASCII; nil if the key is not set and has no value that says so.
    package var value: String?
    package var origin: Origin
    /// The file and the line; nil for a default.
    package var file: String?
    package var line: Int?

    package init(
        section: String, index: Int? = nil, key: String, value: String?, origin: Origin = .standard,
        file: String? = nil, line: Int? = nil
    ) {
        self.section = section
        self.index = index
        self.key = key
        self.value = value
        self.origin = origin
        self.file = file
        self.line = line
    }
}

extension ControlParameters {
    /// Of `Config`.
    package struct Config: VarlinkParameters, Codable, Hashable, Sendable {
        /// The only listener to show; nil for everything.
        package var listener: String?

        package init(listener: String? = nil) { self.listener = listener }
        package enum CodingKeys: CodingKey, CaseIterable { case listener }
    }
}

extension ControlResults {
    /// Of `Config`.
    package struct Config: Codable, Hashable, Sendable {
        package var settings: [Setting]

        package init(settings: [Setting]) { self.settings = settings }
    }
}
