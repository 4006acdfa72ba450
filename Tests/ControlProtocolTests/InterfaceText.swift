// SPDX-License-Identifier: Apache-2.0

import Foundation

/// An interface description, parsed by the grammar of https://varlink.org/Interface-Definition.
///
/// Stricter than the grammar in two ways, for clients that others wrote: the first label of the name has letters only, and a
/// struct without a name stands nowhere but as the parameters or results of a method, or the members of a type or an error.
struct InterfaceText: Sendable {
    indirect enum Kind: Equatable, Sendable {
        case bool, int, float, string, object
        case named(String)
        case choice([String])
        case members([Member])
        case array(Kind)
        case optional(Kind)
        case map(Kind)
    }

    struct Member: Equatable, Sendable {
        var name: String
        var kind: Kind
    }

    struct Malformed: Error { var at: String }

    private(set) var name = ""
    private(set) var types: [String: Kind] = [:]
    private(set) var methods: [String: (parameters: [Member], results: [Member])] = [:]
    private(set) var errors: [String: [Member]] = [:]

    init(_ text: String) throws {
        var scanner = Scanner(text)
        try scanner.take("interface")
        name = try scanner.word(#"[A-Za-z]+(\.[A-Za-z0-9]+([-]+[A-Za-z0-9]+)*)+"#)
        while !scanner.isAtEnd {
            let keyword = try scanner.word("type|method|error")
            let member = try scanner.word("[A-Z][A-Za-z0-9]*")
            guard types[member] == nil, methods[member] == nil, errors[member] == nil else {
                throw Malformed(at: member)
            }
            switch keyword {
            case "type": types[member] = try scanner.group()
            case "error": errors[member] = try scanner.members()
            default:
                let parameters = try scanner.members()
                try scanner.take("->")
                methods[member] = (parameters, try scanner.members())
            }
        }
    }

    /// Why a JSON value is not of a kind; nil if it is.
    func mistake(in value: Any, as kind: Kind, at path: String) -> String? {
        func number(_ isInteger: Bool) -> String? {
            guard let value = value as? NSNumber, CFBooleanCheck.isBoolean(value) == false else {
                return "\(path) is no number"
            }
            return isInteger && value.doubleValue.rounded() != value.doubleValue ? "\(path) is no integer" : nil
        }
        switch kind {
        case .bool: return (value as? NSNumber).map(CFBooleanCheck.isBoolean) == true ? nil : "\(path) is no bool"
        case .int: return number(true)
        case .float: return number(false)
        case .string: return value is String ? nil : "\(path) is no string"
        case .object: return value is [String: Any] ? nil : "\(path) is no object"
        case .optional(let kind): return value is NSNull ? nil : mistake(in: value, as: kind, at: path)
        case .named(let name):
            guard let kind = types[name] else { return "there is no type \(name)" }
            return mistake(in: value, as: kind, at: path)
        case .choice(let names):
            return (value as? String).map(names.contains) == true ? nil : "\(path) is none of \(names)"
        case .array(let kind):
            guard let values = value as? [Any] else { return "\(path) is no array" }
            return values.lazy.enumerated().compactMap { mistake(in: $1, as: kind, at: "\(path)[\($0)]") }.first
        case .map(let kind):
            guard let values = value as? [String: Any] else { return "\(path) is no map" }
            return values.lazy.compactMap { mistake(in: $1, as: kind, at: "\(path).\($0)") }.first
        case .members(let members):
            guard let values = value as? [String: Any] else { return "\(path) is no object" }
            if let unknown = values.keys.first(where: { key in !members.contains { $0.name == key } }) {
                return "\(path).\(unknown) is in no interface"
            }
            return members.lazy.compactMap { member in
                if let value = values[member.name] {
                    return mistake(in: value, as: member.kind, at: "\(path).\(member.name)")
                }
                if case .optional = member.kind { return nil }
                return "\(path).\(member.name) is missing"
            }.first
        }
    }

    /// The names of types that are used but not declared.
    var dangling: [String] {
        func names(_ kind: Kind) -> [String] {
            switch kind {
            case .named(let name): [name]
            case .array(let kind), .optional(let kind), .map(let kind): names(kind)
            case .members(let members): members.flatMap { names($0.kind) }
            case .bool, .int, .float, .string, .object, .choice: []
            }
        }
        let used =
            types.values.flatMap(names)
            + methods.values.flatMap { ($0.parameters + $0.results).flatMap { names($0.kind) } }
            + errors.values.flatMap { $0.flatMap { names($0.kind) } }
        return used.filter { types[$0] == nil }
    }

    private struct Scanner {
        private var rest: Substring

        init(_ text: String) {
            rest = text[...]
            skip()
        }

        var isAtEnd: Bool { rest.isEmpty }

        private mutating func skip() {
            while let first = rest.first {
                if first == "#" {
                    rest = rest.drop { $0 != "\n" }
                } else if first.isWhitespace {
                    rest.removeFirst()
                } else {
                    return
                }
            }
        }

        mutating func word(_ pattern: String) throws -> String {
            guard let range = rest.range(of: pattern, options: [.regularExpression, .anchored]) else {
                throw Malformed(at: String(rest.prefix(40)))
            }
            defer {
                rest = rest[range.upperBound...]
                skip()
            }
            return String(rest[range])
        }

        mutating func take(_ text: String) throws {
            guard accept(text) else { throw Malformed(at: String(rest.prefix(40))) }
        }

        private mutating func accept(_ text: String) -> Bool {
            guard rest.hasPrefix(text) else { return false }
            rest.removeFirst(text.count)
            skip()
            return true
        }

        mutating func members() throws -> [Member] {
            guard case .members(let members) = try group() else { throw Malformed(at: String(rest.prefix(40))) }
            return members
        }

        /// `(a: int, b: string)` or `(one, two)`.
        mutating func group() throws -> Kind {
            try take("(")
            var members: [Member] = []
            var names: [String] = []
            if accept(")") { return .members([]) }
            repeat {
                let name = try word("[A-Za-z](_?[A-Za-z0-9])*")
                if accept(":") { members.append(Member(name: name, kind: try kind())) } else { names.append(name) }
            } while accept(",")
            try take(")")
            guard members.isEmpty || names.isEmpty,
                Set(names + members.map(\.name)).count == names.count + members.count
            else { throw Malformed(at: "\(names) \(members)") }
            return names.isEmpty ? .members(members) : .choice(names)
        }

        private mutating func kind() throws -> Kind {
            if accept("?") { return .optional(try kind()) }
            if accept("[]") { return .array(try kind()) }
            if accept("[string]") { return .map(try kind()) }
            if rest.hasPrefix("(") {
                let group = try group()
                guard case .choice = group else { throw Malformed(at: "a struct without a name: \(group)") }
                return group
            }
            switch try word("[A-Za-z][A-Za-z0-9]*") {
            case "bool": return .bool
            case "int": return .int
            case "float": return .float
            case "string": return .string
            case "object": return .object
            case let name:
                guard name.first?.isUppercase == true else { throw Malformed(at: name) }
                return .named(name)
            }
        }
    }
}

/// `JSONSerialization` gives numbers and Boolean values as the same class.
enum CFBooleanCheck {
    static func isBoolean(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }
}
