// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// Finds echoes that would answer each other on a CAN bus: everybody on it hears everybody, and a socket only does not hear
/// itself. So two that take the same frame send it to and fro for ever.
struct BusEchoes {
    private struct Echo {
        let listener: String
        let interface: InterfaceName
        let filters: [CANFilter]
        let span: SourceSpan
    }

    private var echoes: [Echo] = []

    /// Notes an address of a listener that echoes; reports it if an earlier one would answer it.
    mutating func add(
        _ address: ListenAddress, of listener: String, at span: SourceSpan, _ diagnostics: inout Diagnostics
    ) {
        guard case .bind(.can, let buses, _) = address.target, case .can(let interface, _)? = buses.first else {
            return
        }
        let echo = Echo(listener: listener, interface: interface, filters: address.datagrams.filters, span: span)
        if let other = echoes.first(where: { Self.hear(echo, $0) }) {
            let owner = other.listener == listener ? "the same listener" : "the listener `\(other.listener)`"
            diagnostics.report(
                "this echo and that of \(owner) would answer each other on the bus for ever", at: span,
                help: "let one of them listen on another bus, or to other frames: ?id=0x100&mask=0x700",
                related: (other.span, "the other one is here"))
        }
        echoes.append(echo)
    }

    /// Whether there are frames that both take.
    private static func hear(_ one: Echo, _ other: Echo) -> Bool {
        guard one.interface == other.interface || one.interface.isAny || other.interface.isAny else { return false }
        guard !one.filters.isEmpty, !other.filters.isEmpty else { return true }
        return one.filters.contains { filter in other.filters.contains { filter.overlaps($0) } }
    }
}
