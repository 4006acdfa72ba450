// SPDX-License-Identifier: Apache-2.0

package import TOML

/// A key of a table, and how its value changes the settings of the table.
package struct SettingKey<Settings>: Sendable {
    /// The name in the file.
    package let name: String

    /// Puts the value into the settings, or reports what is wrong with it.
    package let read: @Sendable (TOMLTable.Entry, inout Settings, inout Diagnostics) -> Void

    /// Makes a key with its own function to read the value.
    package init(_ name: String, read: @escaping @Sendable (TOMLTable.Entry, inout Settings, inout Diagnostics) -> Void)
    {
        self.name = name
        self.read = read
    }

    /// Makes a key whose value goes into one property.
    package init<Value>(
        _ name: String, _ property: any WritableKeyPath<Settings, Value> & Sendable, _ type: SettingType<Value>
    ) {
        self.name = name
        self.read = { entry, settings, diagnostics in
            guard let value = type.read(name, entry.value, &diagnostics) else { return }
            settings[keyPath: property] = value
        }
    }

    /// Makes a key whose value goes into an optional property.
    package init<Value>(
        _ name: String, _ property: any WritableKeyPath<Settings, Value?> & Sendable, _ type: SettingType<Value>
    ) {
        self.name = name
        self.read = { entry, settings, diagnostics in
            guard let value = type.read(name, entry.value, &diagnostics) else { return }
            settings[keyPath: property] = value
        }
    }

    /// The same key for a table whose settings contain these as a part.
    func inside<Outer>(_ part: any WritableKeyPath<Outer, Settings> & Sendable) -> SettingKey<Outer> {
        SettingKey<Outer>(name) { [read] entry, outer, diagnostics in read(entry, &outer[keyPath: part], &diagnostics) }
    }
}
