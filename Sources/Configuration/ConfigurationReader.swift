// SPDX-License-Identifier: Apache-2.0

import Addresses
import Policy
import TOML

/// Reads the files of a configuration one after the other and combines their settings.
///
/// A key may be written only once in all files together, in any order of files: no file silently overrides another.
struct ConfigurationReader {
    private(set) var diagnostics: Diagnostics
    private var daemon = DaemonSettings()
    private var log = LogSettings()
    private var defaults = InheritableSettings()
    private var drafts: [ListenerDraft] = []
    /// Where each key outside of listeners was first written: `daemon.lanes`.
    private var keySpans: [String: SourceSpan] = [:]
    /// Where each listener was first written.
    private var listenerSpans: [String: SourceSpan] = [:]
    private let main: SourceFile

    init(main: SourceFile, services: [ServiceSchema]) {
        self.main = main
        diagnostics = Diagnostics(file: main, services: services)
    }

    /// Adds a problem that was found before the parsing, such as an unreadable file.
    mutating func add(_ problem: ConfigurationProblem) {
        diagnostics.add(problem)
    }

    // MARK: One file

    mutating func read(_ file: SourceFile) {
        diagnostics.file = file
        let document = TOMLDocument.parse(file.bytes)
        for problem in document.problems {
            diagnostics.report(
                problem.message, at: problem.range, help: Self.help(for: problem, in: file),
                related: problem.related.map { (file.span($0.range), $0.note) })
        }
        let isWhole = document.problems.isEmpty
        diagnostics.setUnreadable(document.problems.map(\.range))
        for entry in document.root.entries {
            switch entry.key {
            case "daemon": read(entry, DaemonSettings.keys, into: \.daemon, section: .daemon)
            case "log": read(entry, LogSettings.keys, into: \.log, section: .log)
            case "defaults": read(entry, InheritableSettings.keys, into: \.defaults, section: .defaults)
            case "listener": readListeners(entry, isWhole: isWhole)
            default:
                reportUnknown(entry)
                readAsMeant(entry, isWhole: isWhole)
            }
        }
    }

    /// Reads the keys of a table with a misspelled name if the intended table is clear.
    ///
    /// So its mistakes are reported at once with that of the name.
    private mutating func readAsMeant(_ entry: TOMLTable.Entry, isWhole: Bool) {
        guard case .table(let table) = entry.value.content else { return }
        let nearest = ForeignWords.table(entry.key) == nil ? NearestName.find(entry.key, among: Self.tables) : nil
        switch nearest {
        case "daemon": diagnostics.read(table, DaemonSettings.keys, into: &daemon, section: .daemon)
        case "log": diagnostics.read(table, LogSettings.keys, into: &log, section: .log)
        case "defaults": diagnostics.read(table, InheritableSettings.keys, into: &defaults, section: .defaults)
        case "listener": readListeners(entry, isWhole: isWhole)
        default:
            // [service.web], for example: every inner table is a listener under another program's word.
            let isGroup = table.entries.allSatisfy { if case .table = $0.value.content { true } else { false } }
            if isGroup, table.entries.contains(where: { Self.looksLikeListener($0.value) }) {
                readListeners(entry, isWhole: isWhole)
            }
        }
    }

    /// Whether a table has `listen` and `service`, the keys of a listener.
    private static func looksLikeListener(_ value: TOMLValue) -> Bool {
        guard case .table(let table) = value.content else { return false }
        return table["listen"] != nil && table["service"] != nil
    }

    private static let tables = ["daemon", "log", "defaults", "listener"]

    /// The help for a TOML syntax error.
    ///
    /// For a directive of another program, usher's equivalent; for a listener header with an invalid name, the rule.
    private static func help(for problem: TOMLProblem, in file: SourceFile) -> String? {
        let line = file.line(at: problem.range.start)
        if line.hasPrefix("[listener.") || line.hasPrefix("[[listener.") {
            let isName = problem.message.hasPrefix("a key without quotes") || problem.message.hasPrefix("expected `]`")
            return isName ? nameHelp : problem.help
        }
        return ForeignWords.line(line) ?? problem.help
    }

    private static let nameHelp =
        "a name has 1 to 64 of the letters a to z, upper or lower case, digits, `-`, `_` and `.`, and begins with a letter or"
        + " a digit"

    private mutating func read<Settings>(
        _ entry: TOMLTable.Entry, _ keys: [SettingKey<Settings>],
        into property: WritableKeyPath<Self, Settings>, section: SettingSection
    ) {
        guard let table = table(entry, title: section.title) else { return }
        for inner in table.entries {
            let name = "\(entry.key).\(inner.key)"
            if let first = keySpans[name], first.file.number != diagnostics.file.number {
                diagnostics.report(
                    "`\(inner.key)` of \(section.title) is set in two files", at: inner.keyRange,
                    help: "leave one of them out: no file overrides another", related: (first, "first set here"))
            }
            keySpans[name] = keySpans[name] ?? diagnostics.file.span(inner.keyRange)
        }
        // A copy is needed: `settings` is a part of `self`, and `diagnostics` is changed at the same time.
        var settings = self[keyPath: property]
        diagnostics.read(table, keys, into: &settings, section: section)
        self[keyPath: property] = settings
    }

    private mutating func table(_ entry: TOMLTable.Entry, title: String) -> TOMLTable? {
        switch entry.value.content {
        case .table(let table): return table
        case .invalid: return nil
        default:
            diagnostics.report(
                "`\(entry.key)` must be a table, not \(entry.value.typeName)", at: entry.keyRange,
                help: "write \(title) on a line of its own, and the keys below it")
            return nil
        }
    }

    private mutating func reportUnknown(_ entry: TOMLTable.Entry) {
        if case .table = entry.value.content {
            let help: String
            if let foreign = ForeignWords.table(entry.key) {
                help = foreign
            } else if let nearest = NearestName.find(entry.key, among: Self.tables) {
                help = "did you mean [\(nearest == "listener" ? "listener.NAME" : nearest)]?"
            } else {
                help = "the tables are [daemon], [log], [defaults] and [listener.NAME]"
            }
            diagnostics.report("there is no table [\(entry.key)]", at: entry.keyRange, help: help)
            return
        }
        let sections: [SettingSection] = [.daemon, .log, .defaults, .listener(name: "NAME", service: nil)]
        let homes = sections.filter { $0.keys.contains(entry.key) }.map(\.title)
        diagnostics.report(
            "`\(entry.key)` is outside of every table", at: entry.keyRange,
            help: homes.isEmpty
                ? ForeignWords.key(entry.key) ?? "every key belongs in [daemon], [log], [defaults] or a [listener.NAME]"
                : "move it below \(homes.joined(separator: " or "))")
    }

    // MARK: Listeners

    private mutating func readListeners(_ entry: TOMLTable.Entry, isWhole: Bool) {
        guard let listeners = table(entry, title: "[listener.NAME]") else { return }
        for listener in listeners.entries {
            guard case .table(let table) = listener.value.content else {
                reportNameless(listener)
                continue
            }
            let span = diagnostics.file.span(listener.keyRange)
            guard Self.isName(listener.key) else {
                diagnostics.report(
                    "`\(listener.key)` is not a name for a listener", at: listener.keyRange,
                    help: Self.nameHelp)
                continue
            }
            if let first = listenerSpans[listener.key] {
                diagnostics.report(
                    "the listener `\(listener.key)` is defined twice", at: listener.keyRange,
                    help: "give one of them another name, or remove it", related: (first, "first defined here"))
            }
            listenerSpans[listener.key] = listenerSpans[listener.key] ?? span
            readListener(table, ListenerDraft(name: listener.key, span: span), isWhole: isWhole)
        }
    }

    private mutating func reportNameless(_ entry: TOMLTable.Entry) {
        if case .invalid = entry.value.content { return }
        let isKey = SettingSection.listener(name: "", service: nil).keys.contains(entry.key)
        if isKey || diagnostics.services.owner(ofKey: entry.key) != nil {
            diagnostics.report(
                "a listener needs a name, and `\(entry.key)` is before any listener name", at: entry.keyRange,
                help: "write [listener.NAME] above it")
        } else {
            diagnostics.report(
                "the listener `\(entry.key)` must be a table, not \(entry.value.typeName)", at: entry.keyRange,
                help: "write [listener.\(entry.key)] on a line of its own, and the keys below it")
        }
    }

    private mutating func readListener(_ table: TOMLTable, _ draft: ListenerDraft, isWhole: Bool) {
        var draft = draft
        for entry in table.entries {
            if let key = ListenerDraft.keys.first(where: { $0.name == entry.key }) {
                key.read(entry, &draft, &diagnostics)
            } else if let key = InheritableSettings.keys.first(where: { $0.name == entry.key }) {
                key.read(entry, &draft.own, &diagnostics)
            }
        }
        draft.table = table
        let schema = draft.service
        draft.values = schema?.draft ?? draft.values
        let section = SettingSection.listener(name: draft.name, service: schema)
        var meant = "echo"
        // `service` may be written after its keys.
        for entry in table.entries where !Self.listenerKeys.contains(entry.key) {
            if let key = schema?.keys.first(where: { $0.name == entry.key }) {
                key.read(entry, &draft.values, &diagnostics)
            } else if schema == nil, let owner = diagnostics.services.owner(ofKey: entry.key) {
                // `service` itself is missing or invalid; its keys show which one was meant.
                meant = owner
            } else {
                diagnostics.reportUnknown(entry, in: section)
            }
        }
        // After a syntax error a key that seems to be missing may have been skipped.
        if isWhole {
            reportMissing("listen", in: table, of: draft, help: "add for example listen = \"tcp://127.0.0.1:7007\"")
            reportMissing("service", in: table, of: draft, help: "add for example service = \"\(meant)\"")
            for (key, example) in schema?.required ?? [] {
                reportMissing(key, in: table, of: draft, help: "add for example \(key) = \(example)")
            }
        }
        drafts.append(draft)
    }

    /// The keys that every listener may have, whatever its service.
    private static let listenerKeys = Set(SettingSection.listener(name: "", service: nil).keys)

    private mutating func reportMissing(_ key: String, in table: TOMLTable, of draft: ListenerDraft, help: String) {
        guard table[key] == nil else { return }
        diagnostics.report("the listener `\(draft.name)` has no `\(key)`", at: draft.span, help: help)
    }

    /// Whether a name needs no quotes in log lines, commands and field values.
    private static func isName(_ name: String) -> Bool {
        let isAlphanumeric = { (byte: UInt8) in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        }
        guard let first = name.utf8.first, isAlphanumeric(first), name.utf8.count <= 64 else { return false }
        return name.utf8.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
    }

    // MARK: All together

    /// Returns the configuration if there are no problems, else the problems sorted by place.
    consuming func finish(host: some HostLookup) -> (Configuration?, [ConfigurationProblem]) {
        resolveOperators(host)
        let listeners = listeners(host: host)
        if drafts.isEmpty, diagnostics.problems.isEmpty {
            diagnostics.report(
                "no listener is configured", at: main.span(SourceRange(start: 0, end: 0)),
                help: "add [listener.NAME] with `listen` and `service`")
        }
        guard diagnostics.problems.isEmpty else {
            return (nil, Self.sorted(diagnostics.problems))
        }
        log.origin = keySpans["log.to"]?.origin
        daemon.controlOrigin = keySpans["daemon.control"]?.origin
        daemon.maxConnectionsOrigin = keySpans["daemon.max-connections"]?.origin
        daemon.places = places(of: "daemon")
        log.places = places(of: "log")
        var configuration = Configuration(daemon: daemon, log: log, listeners: listeners)
        configuration.defaultsPlaces = places(of: "defaults")
        configuration.notes = Self.sorted(diagnostics.notes)
        return (configuration, [])
    }

    /// The places of the keys of a table that may be in several files.
    private func places(of table: String) -> SettingPlaces {
        var places = SettingPlaces()
        for (name, span) in keySpans.sorted(by: { $0.key < $1.key }) where name.hasPrefix("\(table).") {
            places.add(String(name.dropFirst(table.utf8.count + 1)), at: span)
        }
        return places
    }

    /// Sorts by place; problems at one place keep the order in which they were found.
    private static func sorted(_ problems: [ConfigurationProblem]) -> [ConfigurationProblem] {
        problems.enumerated().sorted { ($0.element.order, $0.offset) < ($1.element.order, $1.offset) }.map(\.element)
    }

    private mutating func resolveOperators(_ host: some HostLookup) {
        guard let name = daemon.operatorGroup, let span = keySpans["daemon.operators"] else { return }
        var reason = ""
        do throws(NameLookupFailure) {
            // A name of digits is looked up as a name first, as by chown(1).
            daemon.operators = try host.group(named: name) ?? UInt32(name)
            guard daemon.operators == nil else { return }
        } catch {
            reason = ": \(error.reason)"
        }
        diagnostics.report(
            "this host has no group `\(name)`\(reason)", at: span, help: "`getent group` shows the groups")
    }

    private mutating func listeners(host: some HostLookup) -> [ListenerSettings] {
        var resolver = AddressResolver(host: host)
        var claims = AddressClaims()
        var echoes = BusEchoes()
        var inheritsTimers = false
        let inherited = defaults.applied(to: ListenerPlan())
        // Else there will be no configuration.
        let isValid = diagnostics.problems.isEmpty
        let listeners = drafts.compactMap { draft -> ListenerSettings? in
            var plan = draft.own.applied(to: inherited)
            plan.proxyTrust.sources = draft.acceptProxy?.map(\.value) ?? []
            var addresses: [ListenAddress] = []
            for address in draft.addresses ?? [] {
                guard let resolved = resolver.resolve(address, backlog: plan.backlog, &diagnostics) else { continue }
                if let earlier = claims.add(resolved, of: draft.name, at: address.span) {
                    reportCollision(address, of: draft, with: earlier)
                }
                if draft.service?.returnsFrames == true {
                    echoes.add(resolved, of: draft.name, at: address.span, &diagnostics)
                }
                addresses.append(resolved)
            }
            reportUselessTimers(draft, addresses)
            if mayBeTCP(draft, addresses) {
                if let span = draft.span(of: "user-timeout") ?? draft.span(of: "keepalive") {
                    diagnostics.noteTimers(plan.timers, of: "the listener `\(draft.name)`", at: span)
                } else {
                    inheritsTimers = true
                }
            }
            draft.checkProxySources(&diagnostics)
            draft.checkKinds(&diagnostics)
            draft.checkDatagrams(addresses, &diagnostics)
            draft.checkFlowsEnd(under: plan, &diagnostics)
            noteInheritedIdleTimeout(draft, inherited)
            guard let service = draft.service, let values = service.resolve(draft, plan, host, &diagnostics) else {
                return nil
            }
            plan.routes = [Route(to: service.name, sharesOneLane: service.sharesOneLane)]
            return ListenerSettings(
                name: draft.name, listen: addresses, service: ServiceSettings(service, values), plan: plan,
                allowsAmplification: draft.allowAmplification?.value ?? false, origin: draft.span.origin,
                places: isValid ? draft.places : SettingPlaces())
        }
        if inheritsTimers, let span = keySpans["defaults.user-timeout"], let other = keySpans["defaults.keepalive"] {
            diagnostics.noteTimers(
                inherited.timers, of: "[defaults]", at: span, related: (other, "keepalive is here"))
        }
        var circles = RelayLoops(drafts, claims: claims, resolver: resolver, host: host)
        circles.report(&diagnostics)
        var buses = BusLoops(drafts)
        buses.report(&diagnostics)
        return listeners
    }

    private mutating func reportCollision(
        _ address: WrittenAddress, of draft: ListenerDraft, with earlier: AddressClaims.Claim
    ) {
        let text = address.endpoint.description
        let isSame = text == earlier.address
        let owner = earlier.listener == draft.name ? "the same listener" : "the listener `\(earlier.listener)`"
        diagnostics.report(
            isSame
                ? "\(text) is already used by \(owner)"
                : "\(text) collides with \(earlier.address) of \(owner)",
            at: address.span, help: "choose another address or port for one of them",
            related: (earlier.span, "first used here"))
    }

    /// Notes an idle timeout that a relay inherits from [defaults]: its connections may be idle for good reasons.
    private mutating func noteInheritedIdleTimeout(_ draft: ListenerDraft, _ inherited: ListenerPlan) {
        guard draft.forward != nil, !draft.own.has("idle-timeout"),
            let timeout = inherited.idleTimeout, let span = keySpans["defaults.idle-timeout"],
            draft.addresses?.contains(where: { $0.endpoint.scheme.kind?.isDatagram != true }) == true
        else { return }
        let text = DurationText.format(nanoseconds: timeout)
        diagnostics.note(
            "the listener `\(draft.name)` relays, and inherits idle-timeout = \"\(text)\": a connection that is silent"
                + " for that long is closed",
            at: draft.span,
            help:
                "add idle-timeout = false for connections that may rest, such as those of SSH, of database pools or of"
                + " watches; or add idle-timeout = \"\(text)\" to keep it",
            related: (span, "it is set here for all listeners"))
    }

    /// Whether a listener has TCP connections, to clients or upstreams.
    private func mayBeTCP(_ draft: ListenerDraft, _ addresses: [ListenAddress]) -> Bool {
        // The kind of a socket that systemd passes is known only at the start.
        addresses.contains { $0.endpoint.scheme == .tcp || $0.endpoint.scheme == .systemd }
            || draft.forward?.upstreams?.contains { $0.address.endpoint.scheme == .tcp } ?? false
    }

    private mutating func reportUselessTimers(_ draft: ListenerDraft, _ addresses: [ListenAddress]) {
        guard !addresses.isEmpty, !mayBeTCP(draft, addresses) else { return }
        for key in ["keepalive", "user-timeout"] {
            guard let span = draft.span(of: key) else { continue }
            diagnostics.report(
                "`\(key)` is for TCP, and the listener `\(draft.name)` has no tcp address", at: span,
                help: "remove the key")
        }
    }
}
