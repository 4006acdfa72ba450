// SPDX-License-Identifier: Apache-2.0

/// A socket address as it is written: `tcp://127.0.0.1:7007`, `unix:///run/usherd/talk?mode=0660`.
///
/// One grammar for listen addresses, upstreams and the command line. Parsing is pure: no name is resolved and no file examined.
/// ``SocketAddress`` is the resolved form.
///
/// ```
/// tcp://HOST:PORT    udp://HOST:PORT     rds://HOST:PORT      HOST: 192.0.2.1, [2001:db8::1%eth0], a name, or *
/// unix:///PATH       unix://@NAME        unix-dgram://…       unix-seqpacket://…
/// vsock://CID:PORT   can://INTERFACE     systemd://NAME       options: ?NAME=VALUE&NAME=VALUE
/// ```
public struct Endpoint: Hashable, Sendable {
    /// The word before `://`.
    public let scheme: EndpointScheme

    /// The part between `://` and `?`.
    public let location: EndpointLocation

    /// The part after `?`.
    public let options: EndpointOptions

    /// The highest backlog: Linux before 5.4 has 16 bits for it. The kernel limits it to net.core.somaxconn.
    public static let highestBacklog = 65535

    /// Parses an address from UTF-8 bytes.
    ///
    /// - Throws: every mistake in the text, each with its place.
    public init(parsing text: [UInt8]) throws(EndpointSyntaxError) {
        var parser = EndpointParser(text)
        self = try parser.parse()
    }

    /// Parses an address.
    ///
    /// - Throws: every mistake in the text, each with its place in the UTF-8 bytes.
    public init(parsing text: String) throws(EndpointSyntaxError) {
        try self.init(parsing: Array(text.utf8))
    }

    package init(scheme: EndpointScheme, location: EndpointLocation, options: EndpointOptions) {
        self.scheme = scheme
        self.location = location
        self.options = options
    }
}

extension Endpoint: CustomStringConvertible {
    /// The canonical text, which parses to the same value.
    public var description: String {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the canonical text.
    public func append(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: scheme.rawValue.utf8)
        bytes.append(contentsOf: "://".utf8)
        location.append(to: &bytes)
        options.append(to: &bytes)
    }
}
