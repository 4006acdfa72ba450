// SPDX-License-Identifier: Apache-2.0

/// The part of an ``Endpoint`` between `://` and `?`.
public enum EndpointLocation: Hashable, Sendable {
    /// A host and a port in host byte order. Port 0 lets the kernel choose a port to listen on.
    case host(EndpointHost, port: UInt16)

    /// A path in the file system: raw bytes, absolute, at most ``SocketAddress/longestUnixPath`` bytes, without NUL.
    case path([UInt8])

    /// A name in the abstract namespace of Unix sockets, without the leading NUL.
    case abstract([UInt8])

    /// A context identifier and a port of vsock(7). ``anyContext`` means every context.
    case vsock(cid: UInt32, port: UInt32)

    /// The name of a CAN interface.
    case interface(String)

    /// The name of a socket that systemd passes: `FileDescriptorName=` of the socket unit.
    case passed(name: String)

    /// `VMADDR_CID_ANY` of vsock(7).
    public static let anyContext = UInt32.max

    /// `VMADDR_CID_LOCAL` of vsock(7).
    public static let localContext: UInt32 = 1

    /// `VMADDR_CID_HOST` of vsock(7).
    static let hostContext: UInt32 = 2

    /// Appends the canonical text.
    func append(to bytes: inout [UInt8]) {
        switch self {
        case .host(let host, let port):
            host.append(to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            bytes.append(decimal: UInt64(port))
        case .path(let path):
            PercentEncoding.append(path, to: &bytes)
        case .abstract(let name):
            bytes.append(UInt8(ascii: "@"))
            PercentEncoding.append(name, to: &bytes)
        case .vsock(let cid, let port):
            switch cid {
            case Self.anyContext: bytes.append(contentsOf: "any".utf8)
            case Self.localContext: bytes.append(contentsOf: "local".utf8)
            case Self.hostContext: bytes.append(contentsOf: "host".utf8)
            default: bytes.append(decimal: UInt64(cid))
            }
            bytes.append(UInt8(ascii: ":"))
            bytes.append(decimal: UInt64(port))
        case .interface(let name):
            bytes.append(contentsOf: name.utf8)
        case .passed(let name):
            PercentEncoding.append(Array(name.utf8), to: &bytes)
        }
    }
}
