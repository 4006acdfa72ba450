// SPDX-License-Identifier: Apache-2.0

extension ControlParameters {
    /// Of `SetLogLevel`.
    package struct SetLogLevel: VarlinkParameters, Codable, Hashable, Sendable {
        package var level: LevelName

        package init(level: LevelName) { self.level = level }
        package enum CodingKeys: CodingKey, CaseIterable { case level }
    }
}

extension ControlResults {
    /// Of `LogLevel`.
    package struct LogLevel: Codable, Hashable, Sendable {
        /// The lowest level that is logged.
        package var level: LevelName
        /// The one of the configuration.
        package var configured: LevelName

        package init(level: LevelName, configured: LevelName) {
            self.level = level
            self.configured = configured
        }
    }
}
