// SPDX-License-Identifier: Apache-2.0

/// `NAME=VALUE&NAME=VALUE`.
extension EndpointParser {
    /// The options of the grammar.
    private enum Option: String, CaseIterable {
        case mode, user, group, backlog, interface, broadcast, id, mask

        /// The schemes that have the option.
        var schemes: [EndpointScheme] {
            switch self {
            case .mode, .user, .group: [.unix, .unixDatagram, .unixSeqpacket]
            case .backlog: [.tcp, .unix, .unixSeqpacket, .vsock]
            case .interface, .broadcast: [.udp]
            case .id, .mask: [.can]
            }
        }

        /// A CAN listener may have several filters.
        var mayRepeat: Bool { self == .id || self == .mask }
    }

    mutating func options(
        _ part: ArraySlice<UInt8>, of scheme: EndpointScheme, location: EndpointLocation?
    ) -> EndpointOptions {
        var options = EndpointOptions()
        var seen: Set<Option> = []
        for item in part.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false) {
            let equals = item.firstIndex(of: UInt8(ascii: "=")) ?? item.endIndex
            guard let option = option(item[..<equals], of: scheme, location: location) else { continue }
            guard seen.insert(option).inserted || option.mayRepeat else {
                report(
                    .repeatedOption, item.indices, "the option `\(option.rawValue)` is given twice",
                    help: "leave one of them out")
                continue
            }
            guard equals < item.endIndex, equals + 1 < item.endIndex else {
                report(
                    .badOption, item.endIndex..<item.endIndex, "the option `\(option.rawValue)` has no value",
                    help: "write \(option.rawValue)=VALUE")
                continue
            }
            read(option, item[(equals + 1)...], into: &options)
        }
        return options
    }

    private mutating func option(
        _ name: ArraySlice<UInt8>, of scheme: EndpointScheme, location: EndpointLocation?
    ) -> Option? {
        let text = Self.string(name)
        let fitting = Option.allCases.filter { $0.schemes.contains(scheme) }.map(\.rawValue)
        let list =
            fitting.isEmpty
            ? "`\(scheme.rawValue)` has no options"
            : "the options of `\(scheme.rawValue)` are \(fitting.map { "`\($0)`" }.joined(separator: ", "))"
        guard let option = Option(rawValue: text) else {
            if name.isEmpty {
                report(.badOption, name.startIndex..<name.startIndex, "an option is missing", help: list)
            } else {
                let nearest = NearestName.find(text, among: fitting)
                report(
                    .unknownOption, name.indices, "there is no option `\(text)`",
                    help: nearest.map { "did you mean `\($0)`?" } ?? list)
            }
            return nil
        }
        guard option.schemes.contains(scheme) else {
            report(
                .optionNotForScheme, name.indices, "the option `\(text)` is not for `\(scheme.rawValue)`", help: list)
            return nil
        }
        if case .abstract = location, [.mode, .user, .group].contains(option) {
            report(
                .optionNotForScheme, name.indices, "the option `\(text)` is not for an abstract name",
                help: "only a path has permissions and an owner: write \(scheme.form)")
            return nil
        }
        return option
    }

    private mutating func read(_ option: Option, _ value: ArraySlice<UInt8>, into options: inout EndpointOptions) {
        let text = Self.string(value)
        switch option {
        case .mode:
            options.mode = mode(value)
        case .user:
            options.user = owner(value, what: "user")
        case .group:
            options.group = owner(value, what: "group")
        case .backlog:
            options.backlog = Self.number(value, highest: UInt64(Endpoint.highestBacklog)).map(Int.init)
            if options.backlog ?? 0 == 0 {
                reportValue(value, "is not a backlog", help: "write a number from 1 to \(Endpoint.highestBacklog)")
            }
        case .interface:
            options.interface = interface(value)
        case .broadcast:
            guard text == "true" || text == "false" else {
                reportValue(value, "is neither `true` nor `false`", help: "write broadcast=true")
                return
            }
            options.broadcast = text == "true"
        case .id:
            guard let id = identifier(value) else { return }
            // Eight digits mean the extended format, as for candump(1).
            let isExtended = text.hasPrefix("0x") && text.utf8.count == 10
            options.filters.append(CANFilter(id: id, isExtended: isExtended))
        case .mask:
            guard let last = options.filters.last, last.mask == nil else {
                reportValue(value, "is a mask without an id before it", help: "write id=0x100&mask=0x700")
                return
            }
            guard let mask = identifier(value) else { return }
            guard last.isExtended || mask <= CANFilter.highestStandard else {
                reportValue(
                    value, "has more bits than the identifier",
                    help: "a standard identifier has 11 bits, so up to 0x7ff; one of eight digits, such as"
                        + " id=0x00000100, is extended")
                return
            }
            options.filters[options.filters.count - 1] = CANFilter(id: last.id, mask: mask, isExtended: last.isExtended)
        }
    }

    private mutating func mode(_ value: ArraySlice<UInt8>) -> UInt16? {
        let octal = UInt8(ascii: "0")...UInt8(ascii: "7")
        let mode = value.allSatisfy(octal.contains) && value.count <= 4 ? UInt16(Self.string(value), radix: 8) : nil
        if let mode, mode <= 0o777 { return mode }
        reportValue(value, "is not a mode", help: "write octal digits from 0000 to 0777, such as mode=0660")
        return nil
    }

    private mutating func owner(_ value: ArraySlice<UInt8>, what: String) -> String? {
        // The characters of useradd(8), and the dots, `@` and `\` of directories such as LDAP and Active Directory.
        if value.allSatisfy({ Self.isLetterOrDigit($0) || "-._@$\\".utf8.contains($0) }) { return Self.string(value) }
        reportValue(value, "is not the name of a \(what)", help: "write a name or a number, such as \(what)=www-data")
        return nil
    }

    private mutating func identifier(_ value: ArraySlice<UInt8>) -> UInt32? {
        let text = Self.string(value)
        let isHexadecimal = text.hasPrefix("0x")
        let digits = isHexadecimal ? value.dropFirst(2) : value
        let areDigits = digits.allSatisfy { PercentEncoding.value(ofDigit: $0) != nil }
        if areDigits, let id = UInt32(Self.string(digits), radix: isHexadecimal ? 16 : 10), id <= CANFilter.highest {
            return id
        }
        reportValue(value, "is not a CAN identifier", help: "write a number up to 0x1fffffff, such as 0x123")
        return nil
    }

    private mutating func reportValue(_ value: ArraySlice<UInt8>, _ what: String, help: String) {
        report(.badOption, value.indices, "`\(Self.string(value))` \(what)", help: help)
    }
}
