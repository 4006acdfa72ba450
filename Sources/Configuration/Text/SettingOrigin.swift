// SPDX-License-Identifier: Apache-2.0

public import TOML

/// The place of a setting.
///
/// All origins are equal: a reload compares settings, and a listener that only moved down by a line has not changed. The
/// synthesised equality of a type includes its parts, so the exception is made here once, and not in each type that has an
/// origin. To compare places, compare the descriptions.
public struct SettingOrigin: Hashable, Sendable {
    /// The path of the file as it was opened.
    public let file: String

    /// The place in the file.
    public let place: SourcePlace

    /// Makes an origin.
    public init(file: String, place: SourcePlace) {
        self.file = file
        self.place = place
    }

    /// Always true, see above.
    public static func == (left: Self, right: Self) -> Bool { true }

    /// Hashes nothing, since all are equal.
    public func hash(into hasher: inout Hasher) {}
}

extension SettingOrigin: CustomStringConvertible {
    /// `FILE:LINE:COLUMN`.
    public var description: String { "\(file):\(place.line):\(place.column)" }
}
