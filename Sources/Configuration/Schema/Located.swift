// SPDX-License-Identifier: Apache-2.0

import TOML

/// A value with its place, for checks after everything was read.
struct Located<Value: Sendable>: Sendable {
    let value: Value
    let span: SourceSpan
}

extension SettingType {
    /// A value of this type with its place.
    static func located<Inner>(_ type: SettingType<Inner>) -> Self where Value == Located<Inner> {
        Self { key, value, diagnostics in
            let span = diagnostics.file.span(value.range)
            return type.read(key, value, &diagnostics).map { Located(value: $0, span: span) }
        }
    }
}
