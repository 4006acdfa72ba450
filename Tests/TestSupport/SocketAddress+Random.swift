// SPDX-License-Identifier: Apache-2.0

public import Addresses
import LinuxSystem

extension SocketAddress {
    /// Any address.
    public static func random(using random: inout SplitMix) -> SocketAddress {
        let port = UInt16.random(in: 0 ... .max, using: &random)
        func bytes(_ lowest: UInt8) -> [UInt8] {
            (0..<Int.random(in: 1...107, using: &random)).map { _ in .random(in: lowest...255, using: &random) }
        }
        switch Int.random(in: 0..<7, using: &random) {
        case 0: return .ipv4(IPv4Address(UInt32.random(in: 0 ... .max, using: &random)), port: port)
        case 1:
            let address = IPv6Address(high: random.next(), low: random.next())
            return .ipv6(address, port: port, scope: .random(in: 0 ... .max, using: &random))
        case 2: return .unix(path: bytes(1))
        case 3: return .abstract(name: bytes(0))
        case 4: return .unnamed
        case 5: return .vsock(cid: .random(in: 0 ... .max, using: &random), port: UInt32(port))
        default:
            let name = Bool.random(using: &random) ? InterfaceName("can\(port % 100)") : nil
            return .can(name ?? .any, CANIdentifier(rawValue: .random(in: 0 ... .max, using: &random)))
        }
    }
}
