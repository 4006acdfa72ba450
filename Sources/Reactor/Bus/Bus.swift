// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import Records

/// The interface of a CAN listener, and its error frames.
///
/// It follows an interface that is missing, goes down and comes back; looks up the names of interfaces, since a frame has
/// only the index; and counts the errors that controllers report.
///
/// Concurrency: belongs to one lane.
final class Bus: Pollable {
    private let socket: ListeningSocket
    private let listener: LaneListener
    private let lane: Lane
    private let waiter: UInt64

    private var events: LinkEvents?
    private var link = BusLink.unknown
    private var errors = BusErrors()

    /// The names of interfaces that frames came from, by index; cleared when any interface changes.
    private var names: [UInt32: InterfaceName] = [:]

    init(_ socket: ListeningSocket, listener: LaneListener, lane: Lane) {
        self.socket = socket
        self.listener = listener
        self.lane = lane
        waiter = lane.shared.makeIdentifier()
        super.init()
    }

    /// Starts watching the interfaces, and then checks the link: in this order no change is missed.
    func begin() {
        do throws(SystemError) {
            let events = try LinkEvents()
            try lane.watch(self, events.raw, for: .readable)
            self.events = consume events
        } catch {
            lane.add(self)
            lane.write(.interfacesUnwatched(because: error, on: socket.recorded, listener: listener.current.label))
        }
        checkLink()
        // The supervisor writes no `listening` record of a socket that it could not bind to its interface.
        if socket.waitsForInterface, link == .up { tellListening(.interfaceAdded("\(interface)")) }
    }

    /// Records the errors that are left, and stops watching.
    func end() {
        errors.check(at: nil, tellErrors)
        lane.shared.noteAwaited(nil, of: listener.current.label.name, by: waiter)
        lane.forget(self)
        events = nil
    }

    override func ready(_ readiness: Readiness) -> Turn {
        events?.clear()
        names.removeAll(keepingCapacity: true)
        // The interface may have gone down and come up again before this event was handled; the socket still has ENETDOWN.
        if let errno = try? socket.takeError(), errno != 0 { failed(errno) } else { checkLink() }
        return .done
    }

    override func deadline(at now: UInt64) -> UInt64? {
        errors.check(at: now, tellErrors)
        return errors.next
    }

    // MARK: - The interface

    private var interface: InterfaceName {
        if case .can(let interface, _) = socket.address { interface } else { .any }
    }

    /// Handles an error of a read: `ENETDOWN` when the interface went down, `ENODEV` when it was removed.
    func failed(_ errno: CInt) {
        guard !socket.address.isWildcard else { return }
        switch errno {
        case ENETDOWN where link != .down: noteLink(.down)
        case ENODEV where link != .missing: noteLink(.missing)
        default: break
        }
        checkLink()
    }

    /// Checks the link, and binds to the interface if it has appeared. A socket on all interfaces needs none.
    private func checkLink() {
        guard !socket.address.isWildcard else { return }
        do throws(SystemError) {
            noteLink(BusLink(try currentLink()))
        } catch {
            lane.write(
                .interfaceUnusable(interface, because: error, on: socket.recorded, listener: listener.current.label))
        }
    }

    /// The interface that has the name now, after binding the socket to it. While none has it, the interface that the
    /// socket is bound to, which has another name now.
    private func currentLink() throws(SystemError) -> NetworkLink? {
        let bound = try socket.interfaceIndex
        guard let link = try NetworkLink.named(interface, through: socket.raw) else {
            return bound == 0 ? nil : try NetworkLink.numbered(bound, through: socket.raw)
        }
        guard link.isCAN, link.index != bound else { return link }
        do throws(SystemError) {
            try socket.bindToInterface()
        } catch {
            // The interface was removed meanwhile: an event follows.
            if error.errno == ENODEV { return nil }
            throw error
        }
        return link
    }

    private func noteLink(_ now: BusLink) {
        let news = link.update(to: now)
        lane.shared.noteAwaited(link.awaited(interface), of: listener.current.label.name, by: waiter)
        switch news {
        case .waits(let wait)?:
            lane.write(.interfaceAwaited(interface, wait, on: socket.recorded, listener: listener.current.label))
        case .serves(wasDown: true)?: tellListening(.interfaceUp("\(interface)"))
        case .serves(wasDown: false)?: tellListening(.interfaceAdded("\(interface)"))
        case nil: break
        }
    }

    private func tellListening(_ cause: ListeningCause) {
        lane.write(.listening(on: socket.recorded, because: cause, listener: listener.current.label))
    }

    // MARK: - Frames

    /// The source of a frame: its interface and its identifier without CAN_RTR_FLAG. nil if the frame is too short.
    func source(_ index: Int, of batch: DatagramBatch) -> SocketAddress? {
        guard let identifier = batch.withBytes(index, CANIdentifier.init(frame:)) else { return nil }
        return .can(name(of: batch.bus(index)), identifier.source)
    }

    /// The index of the interface of a source.
    func index(of source: SocketAddress) -> UInt32 {
        guard case .can(let interface, _) = source else { return 0 }
        if let index = names.first(where: { $0.value == interface })?.key { return index }
        // No interface has this index, so the kernel fails with ENXIO, as for an interface that was removed.
        return interface.index ?? UInt32(CInt.max)
    }

    private func name(of index: UInt32) -> InterfaceName {
        if let name = names[index] { return name }
        guard let name = InterfaceName(index: index) else { return interface }
        names[index] = name
        return name
    }

    /// Counts error frames.
    ///
    /// - Parameter range: frames of one source, so that all are error frames if the first is.
    /// - Returns: whether they are error frames.
    func takeErrors(_ range: Range<Int>, of batch: DatagramBatch) -> Bool {
        guard batch.withBytes(range.lowerBound, CANIdentifier.init(frame:))?.isError == true else { return false }
        for index in range {
            guard let frame = batch.withBytes(index, CANErrorFrame.init(frame:)) else { continue }
            errors.note(frame, from: name(of: batch.bus(index)), at: lane.now, tellErrors)
        }
        if let next = errors.next { lane.schedule(self, at: next) }
        return true
    }

    private func tellErrors(of kind: CANErrorKind, _ count: UInt64, in errors: BusErrors) {
        guard let record = errors.record(of: kind, count, label: listener.current.label, socket: socket) else { return }
        lane.write(record)
    }
}
