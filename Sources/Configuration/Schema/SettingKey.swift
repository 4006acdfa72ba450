// SPDX-License-Identifier: Apache-2.0

import TOML

/// A key of a table and what its value does to the settings that the table stands for.
struct SettingKey<Settings>: Sendable {
    let name: String

    /// Puts the value into the settings, or reports what is wrong with it.
    let read: @Sendable (TOMLTable.Entry, inout Settings, inout Diagnostics) -> Void

    /// A key whose value goes into one property.
    init<Value>(
        _ name: String, _ property: any WritableKeyPath<Settings, Value> & Sendable, _ type: SettingType<Value>
    ) {
        self.name = name
        self.read = { entry, settings, diagnostics in
            guard let value = type.read(name, entry.value, &diagnostics) else { return }
            settings[keyPath: property] = value
        }
    }

    /// A key whose value may be absent from the settings.
    init<Value>(
        _ name: String, _ property: any WritableKeyPath<Settings, Value?> & Sendable, _ type: SettingType<Value>
    ) {
        self.name = name
        self.read = { entry, settings, diagnostics in
            guard let value = type.read(name, entry.value, &diagnostics) else { return }
            settings[keyPath: property] = value
        }
    }
}
