// SPDX-License-Identifier: Apache-2.0

/// Paths and names: Unix sockets, interfaces and sockets that systemd passes.
extension EndpointParser {
    mutating func unixName(_ part: ArraySlice<UInt8>, of scheme: EndpointScheme) -> EndpointLocation? {
        let prefix = scheme.rawValue + "://"
        if part.first == UInt8(ascii: "@") {
            guard let name = decoded(part.dropFirst()) else { return nil }
            guard !name.isEmpty else {
                report(.badName, part.endIndex..<part.endIndex, "no name follows `@`", help: "write \(prefix)@NAME")
                return nil
            }
            // The leading NUL of an abstract name counts like the terminating NUL of a path.
            return checkLength(name, part, what: "name").map { .abstract($0) }
        }
        guard part.first == UInt8(ascii: "/") else {
            var rest = part
            if rest.first == UInt8(ascii: ".") || rest.first == UInt8(ascii: "~") {
                rest = []
            }
            report(
                .relativePath, part.indices, "`\(Self.string(part))` is not an absolute path",
                help: rest.isEmpty
                    ? "write three slashes and the whole path: \(scheme.form)"
                    : "write three slashes: \(prefix)/\(Self.string(rest))")
            return nil
        }
        guard let path = decoded(part) else { return nil }
        if path.contains(0) {
            report(
                .badPath, part.indices, "a path cannot hold a zero byte", help: "an abstract name can: \(prefix)@NAME")
            return nil
        }
        if path.last == UInt8(ascii: "/") {
            report(
                .badPath, part.indices, "`\(Self.string(part))` names a directory, not a socket",
                help: "write the path of the socket itself")
            return nil
        }
        return checkLength(path, part, what: "path").map { .path($0) }
    }

    private mutating func checkLength(_ bytes: [UInt8], _ part: ArraySlice<UInt8>, what: String) -> [UInt8]? {
        let highest = SocketAddress.longestUnixPath
        guard bytes.count > highest else { return bytes }
        report(
            .pathTooLong, part.indices,
            "this \(what) is \(bytes.count) bytes long; the limit is \(highest)",
            help: "choose a shorter \(what), such as \(what == "path" ? "/run/usherd/talk" : "@talk")")
        return nil
    }

    /// Decodes `%XX`; nil after reporting a mistake.
    private mutating func decoded(_ part: ArraySlice<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var isRight = true
        var index = part.startIndex
        while index < part.endIndex {
            let byte = part[index]
            if byte == UInt8(ascii: "%") {
                if index + 2 < part.endIndex, let high = PercentEncoding.value(ofDigit: part[index + 1]),
                    let low = PercentEncoding.value(ofDigit: part[index + 2])
                {
                    bytes.append(high << 4 | low)
                    index += 3
                    continue
                }
                report(
                    .badEscape, index..<index + 1, "two hexadecimal digits must follow `%`",
                    help: "write %25 for a percent sign")
                isRight = false
            } else if byte < 0x20 || byte == 0x7f {
                report(
                    .badEscape, index..<index + 1, "the address contains a control character",
                    help: "write it as `%` and two hexadecimal digits")
                isRight = false
            }
            bytes.append(byte)
            index += 1
        }
        return isRight ? bytes : nil
    }

    /// A valid name of a network interface (`dev_valid_name` in net/core/dev.c).
    mutating func interface(_ part: ArraySlice<UInt8>) -> String? {
        let text = Self.string(part)
        let isRight = part.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ":") }
        if isRight, (1...15).contains(part.count), text != ".", text != ".." { return text }
        report(
            .badInterface, part.indices, "`\(text)` is not the name of an interface",
            help: "write 1 to 15 characters without spaces, slashes and colons, as `ip link` shows it")
        return nil
    }

    /// A valid name of a passed descriptor (`fdname_is_valid` in systemd's src/basic/fd-util.c).
    mutating func passedName(_ part: ArraySlice<UInt8>) -> EndpointLocation? {
        guard let bytes = decoded(part) else { return nil }
        let isRight = bytes.allSatisfy { $0 >= 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ":") }
        guard isRight, bytes.count <= 255 else {
            report(
                .badName, part.indices, "`\(Self.string(part))` is not a name that systemd gives to a socket",
                help: "write what FileDescriptorName= says in the socket unit: ASCII without colons, at most 255 bytes")
            return nil
        }
        return .passed(name: String(decoding: bytes, as: UTF8.self))
    }
}
