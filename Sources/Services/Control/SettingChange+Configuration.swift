// SPDX-License-Identifier: Apache-2.0

package import Configuration
package import ControlProtocol

extension SettingChange {
    /// What identifies a value in two configurations. An upstream is identified by its address, wherever it is in the list.
    private struct Name: Hashable {
        var section: String
        var upstream: String?
        var key: String
    }

    /// The values that differ, in the order of the new ones, and behind them those that are left out.
    ///
    /// Where a value comes from makes no difference. Of a whole listener or upstream that is on one side only, defaults are
    /// left out.
    package static func changes(from old: [SettingInForce], to new: [SettingInForce]) -> [SettingChange] {
        let (before, after) = (named(old), named(new))
        let values = Dictionary(before, uniquingKeysWith: { first, _ in first })
        let names = Set(after.map(\.0))
        let (oldTables, newTables) = (tables(before), tables(after))
        var changes: [SettingChange] = []
        for (name, setting) in after {
            if let previous = values[name] {
                guard previous.value != setting.value else { continue }
                changes.append(SettingChange(upstream: name.upstream, old: Setting(previous), new: Setting(setting)))
            } else if isShown(setting, isPartOfTable: has(table(name), in: oldTables)) {
                changes.append(SettingChange(upstream: name.upstream, old: nil, new: Setting(setting)))
            }
        }
        for (name, setting) in before where !names.contains(name) {
            guard isShown(setting, isPartOfTable: has(table(name), in: newTables)) else { continue }
            changes.append(SettingChange(upstream: name.upstream, old: Setting(setting), new: nil))
        }
        return changes
    }

    /// Whether a value that is on one side only is a change.
    private static func isShown(_ setting: SettingInForce, isPartOfTable: Bool) -> Bool {
        guard setting.value != nil else { return false }
        return isPartOfTable || setting.origin != .standard
    }

    private static func table(_ name: Name) -> Name { Name(section: name.section, upstream: name.upstream, key: "") }

    /// Whether a configuration has a table, or the listener in which it might be.
    private static func has(_ table: Name, in tables: Set<Name>) -> Bool {
        if tables.contains(table) { return true }
        guard table.upstream == nil, let dot = table.section.lastIndex(of: ".") else { return false }
        return tables.contains(Name(section: String(table.section[..<dot]), key: ""))
    }

    private static func tables(_ settings: [(Name, SettingInForce)]) -> Set<Name> { Set(settings.map { table($0.0) }) }

    private static func named(_ settings: [SettingInForce]) -> [(Name, SettingInForce)] {
        var upstream: String?
        return settings.map { setting in
            // The address is the first key of an upstream.
            if setting.index == nil { upstream = nil } else if setting.key == "address" { upstream = setting.value }
            return (Name(section: setting.section, upstream: upstream, key: setting.key), setting)
        }
    }
}

extension ControlResults.PlanReload {
    /// The plan with the values that change.
    package func completed(from old: Configuration, to new: Configuration) -> Self {
        var plan = self
        plan.settings = SettingChange.changes(from: old.settingsOfDaemon, to: new.settingsOfDaemon)
        for index in plan.listeners.indices where plan.listeners[index].change != .unchanged {
            let name = plan.listeners[index].name
            plan.listeners[index].settings = SettingChange.changes(
                from: old.settings(of: name), to: new.settings(of: name))
        }
        return plan
    }
}
