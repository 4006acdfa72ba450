// SPDX-License-Identifier: Apache-2.0

public import TOML

/// Where a setting was written.
///
/// All origins are equal. A reload compares settings to find what changed, and a listener that only moved down by a
/// line has not changed; as equality is built from that of the parts, it is the origin that has to stand aside, once,
/// and not each type that holds one. To compare places, compare the descriptions.
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

    /// Always true: see above.
    public static func == (left: Self, right: Self) -> Bool { true }

    /// Nothing, as all are equal.
    public func hash(into hasher: inout Hasher) {}
}

extension SettingOrigin: CustomStringConvertible {
    /// `FILE:LINE:COLUMN`.
    public var description: String { "\(file):\(place.line):\(place.column)" }
}
