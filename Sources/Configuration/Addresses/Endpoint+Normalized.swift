// SPDX-License-Identifier: Apache-2.0

import Addresses

extension Endpoint {
    /// A TCP address, to show how one is written.
    static func tcp(_ host: EndpointHost, port: UInt16) -> Endpoint {
        Endpoint(scheme: .tcp, location: .host(host, port: port), options: EndpointOptions())
    }

    /// What is the same for two texts that lead to one socket as far as one can tell without asking anybody: names in
    /// lower case, paths without empty parts, no options.
    var normalized: Endpoint {
        var location = location
        switch location {
        case .host(.name(let name), let port): location = .host(.name(name.lowercased()), port: port)
        case .path(let path): location = .path(Self.normalized(path: path))
        case .host, .abstract, .vsock, .passed, .interface: break
        }
        return Endpoint(scheme: scheme, location: location, options: EndpointOptions())
    }

    /// A path without empty parts and `.`, which lead nowhere. What links do is for the kernel to say.
    static func normalized(path: [UInt8]) -> [UInt8] {
        path.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual([UInt8(ascii: ".")]) }
            .flatMap { [UInt8(ascii: "/")] + $0 }
    }
}
