// SPDX-License-Identifier: Apache-2.0

/// Why a call was not done, as the client is told.
///
/// Source of the names: https://varlink.org/Service for `org.varlink.service`, ``ControlInterface`` for the others.
package enum VarlinkError: Error, Hashable, Sendable {
    /// There is no such interface here.
    case interfaceNotFound(String)
    /// The interface has no such method.
    case methodNotFound(String)
    /// A parameter is missing, unknown, or has a value that it cannot have.
    case invalidParameter(String)
    /// The user of the client may not call this.
    case permissionDenied
    /// The method has several replies, and the call has no `more`.
    case expectedMore
    /// No listener has this name.
    case noSuchListener(String)
    /// No open connection has this number.
    case noSuchConnection(UInt64)
    /// The listener has no upstream with this address.
    case noSuchUpstream(String, of: String)
    /// The reload failed, and the configuration in force stays.
    case reloadFailed(String)
    /// The daemon is stopping.
    case stopping
    /// The lane with this number does not answer.
    case laneSilent(Int)

    /// The qualified name.
    package var name: String {
        switch self {
        case .interfaceNotFound: "org.varlink.service.InterfaceNotFound"
        case .methodNotFound: "org.varlink.service.MethodNotFound"
        case .invalidParameter: "org.varlink.service.InvalidParameter"
        case .permissionDenied: "org.varlink.service.PermissionDenied"
        case .expectedMore: "org.varlink.service.ExpectedMore"
        case .noSuchListener: "io.usher.control.NoSuchListener"
        case .noSuchConnection: "io.usher.control.NoSuchConnection"
        case .noSuchUpstream: "io.usher.control.NoSuchUpstream"
        case .reloadFailed: "io.usher.control.ReloadFailed"
        case .stopping: "io.usher.control.Stopping"
        case .laneSilent: "io.usher.control.LaneSilent"
        }
    }

    /// What the error says beside its name.
    package struct Details: Codable, Hashable, Sendable {
        var interface: String?
        var method: String?
        var parameter: String?
        var listener: String?
        var upstream: String?
        var reason: String?
        var lane: Int?
        var number: UInt64?
    }

    /// The parameters of the error.
    var details: Details {
        switch self {
        case .interfaceNotFound(let name): Details(interface: name)
        case .methodNotFound(let name): Details(method: name)
        case .invalidParameter(let name): Details(parameter: name)
        case .permissionDenied, .expectedMore, .stopping: Details()
        case .noSuchListener(let name): Details(listener: name)
        case .noSuchConnection(let number): Details(number: number)
        case .noSuchUpstream(let address, let listener): Details(listener: listener, upstream: address)
        case .reloadFailed(let reason): Details(reason: reason)
        case .laneSilent(let number): Details(lane: number)
        }
    }

    /// The error of a reply; nil if the name is unknown, as that of a newer daemon may be, or what it needs is missing.
    init?(_ name: String, _ details: Details) {
        let known: VarlinkError? =
            switch name {
            case "org.varlink.service.InterfaceNotFound": details.interface.map(Self.interfaceNotFound)
            case "org.varlink.service.MethodNotFound": details.method.map(Self.methodNotFound)
            case "org.varlink.service.InvalidParameter": details.parameter.map(Self.invalidParameter)
            case "org.varlink.service.PermissionDenied": .permissionDenied
            case "org.varlink.service.ExpectedMore": .expectedMore
            case "io.usher.control.NoSuchListener": details.listener.map(Self.noSuchListener)
            case "io.usher.control.NoSuchConnection": details.number.map(Self.noSuchConnection)
            case "io.usher.control.NoSuchUpstream":
                details.listener.flatMap { listener in
                    details.upstream.map { .noSuchUpstream($0, of: listener) }
                }
            case "io.usher.control.ReloadFailed": details.reason.map(Self.reloadFailed)
            case "io.usher.control.Stopping": .stopping
            case "io.usher.control.LaneSilent": details.lane.map(Self.laneSilent)
            default: nil
            }
        guard let known else { return nil }
        self = known
    }
}
