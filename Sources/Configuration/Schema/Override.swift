// SPDX-License-Identifier: Apache-2.0

/// What a listener says about a setting that it could inherit.
enum Override<Value: Sendable>: Sendable {
    /// Nothing: `[defaults]` decides.
    case inherit
    /// `false`: there is none.
    case off
    /// This.
    case value(Value)

    /// What was resolved before, to be inherited.
    static func from(_ value: Value?) -> Override { value.map { .value($0) } ?? .off }

    /// The value after inheritance, where saying nothing means `fallback`.
    func resolved(over inherited: Override, or fallback: Value) -> Value? {
        if case (.inherit, .inherit) = (self, inherited) { return fallback }
        return resolved(over: inherited)
    }

    /// The value after inheritance; nil for none.
    func resolved(over inherited: Override) -> Value? {
        switch (self, inherited) {
        case (.value(let value), _), (.inherit, .value(let value)): value
        case (.off, _), (.inherit, _): nil
        }
    }
}
