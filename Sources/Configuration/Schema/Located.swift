// SPDX-License-Identifier: Apache-2.0

import TOML

/// A value and where it was written, for what can only be judged once all is read.
struct Located<Value: Sendable>: Sendable {
    let value: Value
    let span: SourceSpan
}

extension SettingType {
    /// A value of this kind, with its place.
    static func located<Inner>(_ type: SettingType<Inner>) -> Self where Value == Located<Inner> {
        Self { key, value, diagnostics in
            let span = diagnostics.file.span(value.range)
            return type.read(key, value, &diagnostics).map { Located(value: $0, span: span) }
        }
    }
}
