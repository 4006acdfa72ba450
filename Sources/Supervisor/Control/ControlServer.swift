// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Dispatch
import Glibc
import LinuxSystem
import Policy
import Reactor
import Records
import Services

/// The control socket, and the lane that serves it: a listener of the daemon's own, on a lane apart from those of the data.
///
/// Concurrency: belongs to the supervisor's queue.
final class ControlServer {
    /// What the socket is to be like.
    struct Settings: Hashable {
        /// Where it is.
        var path: String
        /// Whether its directory is made if it is missing.
        var makesDirectory: Bool
        /// The group of the file; nil for that of the process.
        var group: UInt32?
        /// Who may change something.
        var operators: ControlService.Operators
    }

    /// Why the socket cannot be had.
    enum Failure: Error {
        case system(SystemError)
        /// Another process listens there.
        case live
        /// The file is no socket.
        case notASocket

        /// The error number.
        var errno: CInt {
            switch self {
            case .system(let error): error.errno
            case .live: EADDRINUSE
            case .notASocket: EEXIST
            }
        }

        /// What stands in the way, and what to do.
        func sentence(_ path: String) -> String {
            switch self {
            case .live: "another process listens there, perhaps another usherd: set control of [daemon] to another path"
            case .notASocket: "there is a file that is not a socket, and usherd does not remove it: remove it"
            case .system(let error) where error.errno == ENOENT:
                "\(error): make the directory, or set control of [daemon] to another path"
            case .system(let error) where error.errno == EACCES || error.errno == EROFS || error.errno == EPERM:
                "\(error): usherd may not write to the directory; set control of [daemon] to another path"
            case .system(let error): "\(error)"
            }
        }
    }

    /// The most clients at a time.
    private static let connectionLimit = 64

    private let inbox: ControlInbox
    private let writer: RecordWriter
    private let state = ListenerState(identifier: 1)
    private var lanes: LaneGroup?
    private var settings: Settings?
    private var socket: ListeningSocket?

    init(_ inbox: ControlInbox, _ writer: RecordWriter) {
        self.inbox = inbox
        self.writer = writer
    }

    /// Whether the socket is as these settings want it, and its file is still there.
    func isOpen(as wanted: Settings) -> Bool {
        settings == wanted && socket?.file?.isFile(at: Array(wanted.path.utf8)) == true
    }

    /// Opens the socket, in place of the one that is open. Clients of that stay.
    func open(_ wanted: Settings) throws(Failure) {
        // The path may be the same: its file has to go first.
        let isMoving = settings?.path != wanted.path
        if !isMoving { removeFile() }
        let next = try Self.bind(wanted)
        if isMoving { removeFile() }
        let lanes: LaneGroup
        do throws(SystemError) {
            if let running = self.lanes { lanes = running } else { lanes = try makeLanes() }
        } catch {
            try? next.file?.remove()
            throw .system(error)
        }
        self.lanes = lanes
        socket = next
        settings = wanted
        let listener = listener(for: wanted)
        // The service stays, since it counts the clients that stay.
        lanes.performOnAll { lane in
            lane.update(listener, sockets: [next], keepsService: true)
            (lane.service(of: listener.identifier) as? ControlService)?.operators = wanted.operators
        }
    }

    /// Closes the socket. Its clients are answered, and then closed too.
    func close() {
        removeFile()
        socket = nil
        settings = nil
        let identifier = state.identifier
        lanes?.performOnAll { $0.stop(identifier, because: .drained, by: .operator) }
    }

    /// Ends the lane, by the end of the daemon.
    func end(timeout: DispatchTime) {
        close()
        lanes?.end()
        _ = lanes?.join(timeout: timeout)
        lanes = nil
    }

    private func removeFile() {
        try? socket?.file?.remove()
    }

    private func makeLanes() throws(SystemError) -> LaneGroup {
        let shared = LaneShared(connectionLimit: Self.connectionLimit) {}
        return try LaneGroup(count: 1, name: "usherd.control", shared: shared) { [writer] in
            writer.makeBuffer(isPrivate: true)
        }
    }

    private func listener(for wanted: Settings) -> ListenerInForce {
        var plan = ListenerPlan()
        plan.log = []
        let inbox = inbox
        // The service is made on its lane.
        return ListenerInForce(
            plan, label: ListenerLabel(name: "control", service: "control"), state: state,
            makeService: { ControlService(inbox, operators: wanted.operators, version: Version.text) })
    }

    private static func bind(_ wanted: Settings) throws(Failure) -> ListeningSocket {
        let path = Array(wanted.path.utf8)
        if wanted.makesDirectory { makeDirectory(of: wanted.path) }
        let access = UnixSocketAccess(mode: 0o660, group: wanted.group)
        let obstacle: UnixSocketFile.Obstacle?
        do throws(SystemError) {
            obstacle = try UnixSocketFile.removeStale(at: path, kind: .unixStream)
        } catch {
            throw .system(error)
        }
        switch obstacle {
        case nil: break
        case .live: throw .live
        case .notASocket: throw .notASocket
        }
        do throws(SystemError) {
            return try ListeningSocket(
                kind: .unixStream, address: .unix(path: path), dualStack: false, options: ListeningOptions(backlog: 64),
                access: access)
        } catch {
            throw .system(error)
        }
    }

    /// Makes the directory, if it is missing. What prevents it shows when the socket is bound.
    private static func makeDirectory(of path: String) {
        guard let slash = path.lastIndex(of: "/") else { return }
        try? Directory.make(Array(path[..<slash].utf8), mode: 0o755)
    }

    #if DEBUG
        /// The lanes, to be verified. Debug builds only.
        var verifiable: LaneGroup? { lanes }

        /// The descriptor of the socket. Debug builds only.
        var raw: CInt? { socket?.raw }
    #endif
}
