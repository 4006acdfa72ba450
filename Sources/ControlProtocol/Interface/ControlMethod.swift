// SPDX-License-Identifier: Apache-2.0

/// A method of ``ControlInterface/name``.
package enum ControlMethod: String, CaseIterable, Sendable {
    case status = "Status"
    case connections = "Connections"
    case config = "Config"
    case show = "Show"
    case explain = "Explain"
    case close = "Close"
    case pause = "Pause"
    case resume = "Resume"
    case drain = "Drain"
    case setUpstream = "SetUpstream"
    case resetUpstream = "ResetUpstream"
    case reload = "Reload"
    case planReload = "PlanReload"
    case reopen = "Reopen"
    case events = "Events"
    case history = "History"
    case logLevel = "LogLevel"
    case setLogLevel = "SetLogLevel"

    /// The name that a call has: `io.usher.control.Status`.
    package var qualifiedName: String { "\(ControlInterface.name).\(rawValue)" }

    /// Whether the method changes something, so that it is for operators alone.
    package var needsOperator: Bool {
        switch self {
        case .status, .connections, .config, .show, .explain, .events, .history, .logLevel: false
        case .close, .pause, .resume, .drain, .setUpstream, .resetUpstream, .reload, .planReload, .reopen, .setLogLevel:
            true
        }
    }
}

/// What the methods take. Each is a struct whose members have the names of the parameters in the interface.
package enum ControlParameters {
    /// Nothing.
    package struct None: VarlinkParameters, Codable, Hashable, Sendable {
        package init() {}
        package enum CodingKeys: CodingKey, CaseIterable {}
        package init(from decoder: any Decoder) {}
        package func encode(to encoder: any Encoder) { _ = encoder.container(keyedBy: CodingKeys.self) }
    }

    /// A listener's name.
    package struct Listener: VarlinkParameters, Codable, Hashable, Sendable {
        package var listener: String

        package init(listener: String) { self.listener = listener }
        package enum CodingKeys: CodingKey, CaseIterable { case listener }
    }

    /// Of `org.varlink.service.GetInterfaceDescription`.
    package struct Interface: VarlinkParameters, Codable, Hashable, Sendable {
        package var interface: String

        package init(interface: String) { self.interface = interface }
        package enum CodingKeys: CodingKey, CaseIterable { case interface }
    }

    /// Of `Status`.
    package struct Status: VarlinkParameters, Codable, Hashable, Sendable {
        /// The only listener to show; nil for all.
        package var listener: String?

        package init(listener: String? = nil) { self.listener = listener }
        package enum CodingKeys: CodingKey, CaseIterable { case listener }
    }

    /// Of `Connections`.
    package struct Connections: VarlinkParameters, Codable, Hashable, Sendable {
        /// Which; nil for all.
        package var filter: ConnectionFilter?
        /// Which are first.
        package var order: ConnectionOrder?
        /// The most that are listed.
        package var limit: UInt32?

        package init(filter: ConnectionFilter? = nil, order: ConnectionOrder? = nil, limit: UInt32? = nil) {
            self.filter = filter
            self.order = order
            self.limit = limit
        }

        package enum CodingKeys: CodingKey, CaseIterable { case filter, order, limit }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            filter = try container.decodeIfPresent(Known<ConnectionFilter>.self, forKey: .filter)?.value
            order = try container.decodeIfPresent(ConnectionOrder.self, forKey: .order)
            limit = try container.decodeIfPresent(UInt32.self, forKey: .limit)
        }
    }

    /// Of `Close`.
    package struct Close: VarlinkParameters, Codable, Hashable, Sendable {
        /// Which.
        package var filter: ConnectionFilter
        /// Whether they are only counted.
        package var dryRun: Bool?

        package init(filter: ConnectionFilter, dryRun: Bool? = nil) {
            self.filter = filter
            self.dryRun = dryRun
        }

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case filter
            case dryRun = "dry_run"
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            filter = try container.decode(Known<ConnectionFilter>.self, forKey: .filter).value
            dryRun = try container.decodeIfPresent(Bool.self, forKey: .dryRun)
        }
    }
}

/// Which connections of a list are first.
package enum ConnectionOrder: String, Codable, CaseIterable, Sendable {
    /// The oldest.
    case age
    /// Those that have moved the most bytes, both ways together.
    case bytes
    /// Those on which no byte has moved for the longest time.
    case idle
    /// Those with the longest round-trip time; those that have none last.
    case rtt
}

/// Which connections a call is about: those that match everything that is given.
package struct ConnectionFilter: VarlinkParameters, Codable, Hashable, Sendable {
    /// The numbers of connections.
    package var numbers: [UInt64]?
    /// The name of a listener.
    package var listener: String?
    /// The name of a service.
    package var service: String?
    /// A network, or an address, of the client.
    package var peer: String?
    /// The address of an upstream.
    package var upstream: String?
    /// The least age, in microseconds.
    package var olderMicroseconds: UInt64?
    /// The least time without a byte, in microseconds.
    package var idleMicroseconds: UInt64?

    /// Every connection.
    package init() {}

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case numbers, listener, service, peer, upstream
        case olderMicroseconds = "older_us"
        case idleMicroseconds = "idle_us"
    }

    /// Whether it says nothing, so that every connection matches.
    package var isEmpty: Bool { self == ConnectionFilter() }

    /// What it says, for a record: `listener=front peer=192.0.2.0/24`.
    package var text: String {
        var parts: [String] = []
        if let numbers { parts.append("numbers=\(numbers.map(String.init).joined(separator: ","))") }
        if let listener { parts.append("listener=\(listener)") }
        if let service { parts.append("service=\(service)") }
        if let peer { parts.append("peer=\(peer)") }
        if let upstream { parts.append("upstream=\(upstream)") }
        if let olderMicroseconds { parts.append("older=\(olderMicroseconds)us") }
        if let idleMicroseconds { parts.append("idle=\(idleMicroseconds)us") }
        return parts.joined(separator: " ")
    }
}
