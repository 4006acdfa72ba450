// SPDX-License-Identifier: Apache-2.0

import Addresses
import ControlProtocol
import Reactor

/// What each method does.
extension ControlWorker {
    /// How many connections one reply lists, and how many are listed without `more`: at most 4 MB.
    private static let connectionsPerReply = 256
    private static let connectionsWithoutMore = 8192

    /// Begins to carry out a call.
    func perform(_ call: VarlinkCall) throws(VarlinkError) {
        guard let dot = call.method.lastIndex(of: ".") else { throw .methodNotFound(call.method) }
        let (interface, name) = (String(call.method[..<dot]), call.method[call.method.index(after: dot)...])
        switch interface {
        case ControlInterface.serviceName: try describe(name, call)
        case ControlInterface.name:
            guard let method = ControlMethod(rawValue: String(name)) else { throw .methodNotFound(call.method) }
            try perform(method, call)
        default: throw .interfaceNotFound(interface)
        }
    }

    /// `org.varlink.service`: https://varlink.org/Service.
    private func describe(_ name: Substring, _ call: VarlinkCall) throws(VarlinkError) {
        switch name {
        case "GetInfo":
            _ = try call.parameters(as: ControlParameters.None.self)
            reply(ControlResults.Info(version: service.version))
        case "GetInterfaceDescription":
            let interface = try call.parameters(as: ControlParameters.Interface.self).interface
            guard let text = ControlInterface.description(of: interface) else { throw .interfaceNotFound(interface) }
            reply(ControlResults.Description(description: text))
        default: throw .methodNotFound(call.method)
        }
    }

    private func perform(_ method: ControlMethod, _ call: VarlinkCall) throws(VarlinkError) {
        switch method {
        case .status:
            ask(.status(listener: try call.parameters(as: ControlParameters.Status.self).listener))
        case .connections:
            let parameters: ControlParameters.Connections = try call.parameters()
            let filter = try SessionFilter(parameters.filter ?? ConnectionFilter())
            begin(
                Visit(
                    for: .list(filter, parameters.order ?? .age, limit: parameters.limit.map(Int.init) ?? .max)))
        case .config:
            ask(.config(listener: try call.parameters(as: ControlParameters.Config.self).listener))
        case .show:
            begin(Visit(for: .show(try call.parameters(as: ControlParameters.Connection.self).number)))
        case .explain:
            let parameters: ControlParameters.Explain = try call.parameters()
            guard let client = SocketAddress(client: parameters.address) else { throw .invalidParameter("address") }
            ask(.explain(client, listener: parameters.listener))
        case .close:
            let parameters: ControlParameters.Close = try call.parameters()
            let filter = try SessionFilter(parameters.filter)
            let isDryRun = parameters.dryRun ?? false
            // An empty filter is more likely a mistake than the wish to close everything.
            guard !parameters.filter.isEmpty else { throw .invalidParameter("filter") }
            try expectOperator(for: "close \(parameters.filter.text)\(isDryRun ? " (dry run)" : "")")
            begin(Visit(for: .close(filter, isDryRun: isDryRun)))
        case .events: try follow(call.parameters())
        case .history: try recall(call.parameters())
        case .logLevel:
            _ = try call.parameters(as: ControlParameters.None.self)
            replyLogLevel()
        case .setLogLevel:
            let level = try call.parameters(as: ControlParameters.SetLogLevel.self).level
            try expectOperator(for: "log-level \(level.rawValue)")
            setLogLevel(level)
        case .pause:
            let name = try call.parameters(as: ControlParameters.Listener.self).listener
            try expectOperator(for: "pause \(name)")
            ask(.pause(listener: name))
        case .resume:
            let name = try call.parameters(as: ControlParameters.Listener.self).listener
            try expectOperator(for: "resume \(name)")
            ask(.resume(listener: name))
        case .drain: try drain(call)
        case .setUpstream: try setUpstream(call)
        case .resetUpstream: try resetUpstream(call)
        case .reload:
            _ = try call.parameters(as: ControlParameters.None.self)
            try expectOperator(for: "reload")
            ask(.reload)
        case .planReload:
            _ = try call.parameters(as: ControlParameters.None.self)
            try expectOperator(for: "reload (dry run)")
            ask(.planReload)
        case .reopen:
            _ = try call.parameters(as: ControlParameters.None.self)
            try expectOperator(for: "reopen")
            ask(.reopen)
        }
    }

    // MARK: - Ends of visits

    /// Answers the call once every lane was visited.
    func conclude(_ visit: Visit) {
        switch visit.purpose {
        case .close: reply(ControlResults.Count(count: visit.found.count))
        case .list(_, let order, let limit): list(visit.found.samples, order, limit)
        case .show(let number):
            if let detail = visit.found.detail { reply(detail.result) } else { fail(.noSuchConnection(number)) }
        case .status(let status, let identifiers): reply(completed(status, identifiers, visit.found.traffic))
        }
    }

    private func list(_ samples: [SessionSample], _ order: ConnectionOrder, _ limit: Int) {
        let count = samples.count
        let sorted = samples.sorted { $0.precedes($1, by: order) }.prefix(limit)
        guard repliesInParts || sorted.count <= Self.connectionsWithoutMore else { return fail(.expectedMore) }
        activity = .listing(rest: sorted, count: count)
    }

    /// Sends the next part of a list; all of it to a client that takes one reply only.
    func sendPart(of rest: ArraySlice<SessionSample>, _ count: Int) {
        let part = repliesInParts ? rest.prefix(Self.connectionsPerReply) : rest
        let left = rest.dropFirst(part.count)
        if !left.isEmpty { activity = .listing(rest: left, count: count) }
        reply(
            ControlResults.Connections(connections: part.map(\.status), count: count), continues: !left.isEmpty)
    }

    /// The status with the bytes of the connections that are open.
    private func completed(
        _ known: ControlResults.Status, _ identifiers: [Int], _ traffic: [Int: SessionSlice.Bytes]
    ) -> ControlResults.Status {
        var status = known
        for (index, identifier) in identifiers.enumerated() where status.listeners.indices.contains(index) {
            guard let open = traffic[identifier] else { continue }
            status.listeners[index].bytesIn &+= open.received
            status.listeners[index].bytesOut &+= open.sent
        }
        return status
    }
}
