// SPDX-License-Identifier: Apache-2.0

import Addresses

/// Finds echo listeners that would answer each other for ever on a CAN bus.
///
/// Every socket on a bus receives every frame except its own. So two echoes that receive the same frame would send it back and
/// forth for ever.
struct BusEchoes {
    private var echoes: [(listener: String, span: SourceSpan)] = []
    /// The echoes by the interface on which they listen, `*` included; and all echoes together.
    private var onBus: [InterfaceName: FrameIndex] = [:]
    private var everywhere = FrameIndex()

    /// Adds an address of an echo listener; reports it if an earlier echo would answer it.
    mutating func add(
        _ address: ListenAddress, of listener: String, at span: SourceSpan, _ diagnostics: inout Diagnostics
    ) {
        guard case .bind(.can, let buses, _) = address.target, case .can(let bus, _)? = buses.first else { return }
        let frames = FrameSet(address.datagrams.filters)
        let earlier =
            bus.isAny
            ? everywhere.first(for: frames)
            : [onBus[bus]?.first(for: frames), onBus[.any]?.first(for: frames)].compactMap(\.self).min()
        if let other = earlier.map({ echoes[$0] }) {
            let owner = other.listener == listener ? "the same listener" : "the listener `\(other.listener)`"
            diagnostics.report(
                "this echo and that of \(owner) would answer each other on the bus for ever", at: span,
                help: "let one of them listen on another bus, or to other frames: ?id=0x100&mask=0x700",
                related: (other.span, "the other one is here"))
        }
        onBus[bus, default: FrameIndex()].add(frames, echoes.count)
        everywhere.add(frames, echoes.count)
        echoes.append((listener, span))
    }
}
