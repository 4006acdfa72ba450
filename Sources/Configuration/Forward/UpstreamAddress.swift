// SPDX-License-Identifier: Apache-2.0

import Addresses
import TOML

extension SettingType where Value == WrittenAddress {
    /// An address to which a socket can be connected.
    static let upstreamAddress = Self { key, value, diagnostics in
        guard let address = diagnostics.address(value, of: key, example: "tcp://10.0.0.5:443") else { return nil }
        let count = diagnostics.problems.count
        checkScheme(address, &diagnostics)
        checkOptions(address, &diagnostics)
        checkLocation(address, &diagnostics)
        return diagnostics.problems.count == count ? address : nil
    }

    private static func checkScheme(_ address: WrittenAddress, _ diagnostics: inout Diagnostics) {
        guard address.endpoint.scheme == .systemd else { return }
        diagnostics.report(
            "`systemd` is for sockets to listen on, and cannot be connected to", at: address.schemeSpan,
            help: "upstreams are tcp, unix and vsock for streams, udp, unix-dgram, can and rds for datagrams, and"
                + " unix-seqpacket for a unix-seqpacket listener")
    }

    private static func checkOptions(_ address: WrittenAddress, _ diagnostics: inout Diagnostics) {
        let options = address.endpoint.options
        let written = [
            ("mode", options.mode != nil), ("user", options.user != nil), ("group", options.group != nil),
            ("backlog", options.backlog != nil), ("interface", options.interface != nil),
            ("broadcast", options.broadcast != nil),
        ]
        for (name, isWritten) in written where isWritten {
            diagnostics.report(
                "the option `\(name)` means nothing for an upstream", at: address.span(of: "\(name)="),
                help: "leave it out: it is for `listen`")
        }
    }

    private static func checkLocation(_ address: WrittenAddress, _ diagnostics: inout Diagnostics) {
        let endpoint = address.endpoint
        switch endpoint.location {
        case .host(let host, let port):
            checkHost(host, port: port, address, &diagnostics)
        case .vsock(let context, let port):
            if context == EndpointLocation.anyContext {
                diagnostics.report(
                    "every context can be listened on, but not connected to", at: address.span,
                    help:
                        "write vsock://local:\(port) for this machine, vsock://host:\(port) for the host of a virtual "
                        + "machine, or the number of a virtual machine")
            }
            if port == 0 { reportPort(address, &diagnostics) }
        case .interface("*"):
            diagnostics.report(
                "every bus can be listened on, but not sent to", at: address.span,
                help: "write the interface of one bus, such as can://can0, or several in an array")
        case .path, .abstract, .passed, .interface:
            break
        }
    }

    private static func checkHost(
        _ host: EndpointHost, port: UInt16, _ address: WrittenAddress, _ diagnostics: inout Diagnostics
    ) {
        switch host {
        case .any, .ipv4(.any), .ipv6(.any, _):
            let example = "\(address.endpoint.scheme.rawValue)://127.0.0.1:\(port == 0 ? "PORT" : String(port))"
            diagnostics.report(
                "every address of a host can be listened on, but not connected to", at: address.span,
                help: "write one address or a name, such as \(example) for this host"
            )
            return
        case .ipv6(let ip, let scope):
            if let mapped = ip.mappedIPv4 {
                diagnostics.report(
                    "an IPv4-mapped IPv6 address is not supported", at: address.span,
                    help: "write \(Endpoint.tcp(.ipv4(mapped), port: port))")
            } else if ip.isLinkLocal, scope == nil {
                diagnostics.reportMissingScope(
                    at: address.span, example: Endpoint.tcp(.ipv6(ip, scope: "eth0"), port: port).description)
            }
        case .ipv4, .name:
            break
        }
        if port == 0 { reportPort(address, &diagnostics) }
    }

    private static func reportPort(_ address: WrittenAddress, _ diagnostics: inout Diagnostics) {
        diagnostics.report(
            "port 0 lets the kernel choose where to listen, and cannot be connected to", at: address.span(of: ":0"),
            help: "write the port of the upstream")
    }
}
