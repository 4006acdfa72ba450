// SPDX-License-Identifier: Apache-2.0

/// The level of a record, by its name.
package enum LevelName: String, Codable, CaseIterable, Sendable {
    case debug, info, notice, warning, error
}

extension ControlParameters {
    /// Of `Events`.
    package struct Events: VarlinkParameters, Codable, Hashable, Sendable {
        /// The only listener; nil for all, and for the daemon's own records.
        package var listener: String?
        /// The names of the events; nil for all.
        package var events: [String]?
        /// The lowest level; nil for all.
        package var level: LevelName?
        /// Whether lines of text are wanted instead of records.
        package var text: Bool?

        package init(
            listener: String? = nil, events: [String]? = nil, level: LevelName? = nil, text: Bool? = nil
        ) {
            self.listener = listener
            self.events = events
            self.level = level
            self.text = text
        }

        package enum CodingKeys: CodingKey, CaseIterable { case listener, events, level, text }
    }
}

extension ControlResults {
    /// Of `Events`, without the records: ``RecordsReply`` has them as they were sent.
    package struct Events: Codable, Hashable, Sendable {
        /// Lines of the text log, without their line feeds.
        package var lines: [String]?
        /// How many records were lost after those of the reply.
        package var missed: UInt64?

        package init(lines: [String]? = nil, missed: UInt64? = nil) {
            self.lines = lines
            self.missed = missed
        }
    }
}
