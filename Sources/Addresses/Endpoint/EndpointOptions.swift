// SPDX-License-Identifier: Apache-2.0

/// The options of an ``Endpoint``, after `?`. nil means "not written".
public struct EndpointOptions: Hashable, Sendable {
    /// `backlog`: how many connections may wait to be accepted, listen(2).
    public var backlog: Int?

    /// `mode`: the permissions of the path of a Unix socket, chmod(2).
    public var mode: UInt16?

    /// `user`: the owner of the path of a Unix socket, a name or a number.
    public var user: String?

    /// `group`: the group of the path of a Unix socket, a name or a number.
    public var group: String?

    /// `interface`: the interface on which a multicast group is joined.
    public var interface: String?

    /// `broadcast`: whether broadcast datagrams are received and sent.
    public var broadcast: Bool?

    /// `id` and `mask`: filters of CAN frames; a frame passes if one filter accepts it. Without filters all frames pass.
    public var filters: [CANFilter] = []

    /// Makes options of which none is written.
    public init() {}

    /// Appends `?` and the options in a fixed order, or nothing.
    func append(to bytes: inout [UInt8]) {
        var separator = UInt8(ascii: "?")
        func write(_ name: String, _ value: String) {
            bytes.append(separator)
            bytes.append(contentsOf: "\(name)=\(value)".utf8)
            separator = UInt8(ascii: "&")
        }
        if let mode {
            let digits = String(mode, radix: 8)
            write("mode", String(repeating: "0", count: max(0, 4 - digits.count)) + digits)
        }
        if let user { write("user", user) }
        if let group { write("group", group) }
        if let backlog { write("backlog", String(backlog)) }
        if let interface { write("interface", interface) }
        if let broadcast { write("broadcast", broadcast ? "true" : "false") }
        for filter in filters {
            write("id", filter.idText)
            if let mask = filter.maskText { write("mask", mask) }
        }
    }
}
