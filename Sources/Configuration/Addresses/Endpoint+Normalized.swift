// SPDX-License-Identifier: Apache-2.0

import Addresses

extension Endpoint {
    /// A TCP address, for an example in a message.
    static func tcp(_ host: EndpointHost, port: UInt16) -> Endpoint {
        Endpoint(scheme: .tcp, location: .host(host, port: port), options: EndpointOptions())
    }

    /// The endpoint in a form that is equal for two spellings of one socket, without any look-up.
    ///
    /// Names are in lower case, paths have no empty parts, and options are removed.
    var normalized: Endpoint {
        var location = location
        switch location {
        case .host(.name(let name), let port): location = .host(.name(name.lowercased()), port: port)
        case .path(let path): location = .path(Self.normalized(path: path))
        case .host, .abstract, .vsock, .passed, .interface: break
        }
        return Endpoint(scheme: scheme, location: location, options: EndpointOptions())
    }

    /// A path without empty parts and `.`. Symbolic links are not resolved.
    static func normalized(path: [UInt8]) -> [UInt8] {
        path.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual([UInt8(ascii: ".")]) }
            .flatMap { [UInt8(ascii: "/")] + $0 }
    }
}
