// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import LinuxSystem
import Reactor
import Synchronization
import TestSupport

@testable import ControlProtocol
@testable import Services

/// What holds for the control socket whatever a client sends, and wherever reads cut it, in sentences where it does not.
/// Fuzzing checks the same.
///
/// The bytes are lines, and each becomes a message. `Close- {"filter":{}}` is a call of a method with its parameters; `+`
/// after the name makes it a call with `more`, `-` a one-way call. Any other line is sent as it is.
func controlInvariantFailures(of bytes: [UInt8]) -> [String] {
    do {
        let script = ControlScript(bytes)
        let whole = try ControlPlay(script, cutAfter: .max)
        var failures = whole.failures
        for length in [1, 7] {
            let parts = try ControlPlay(script, cutAfter: length)
            failures += parts.failures
            if parts.replies != whole.replies {
                failures.append("cut after every \(length): \(parts.replies) instead of \(whole.replies)")
            }
        }
        return failures
    } catch {
        return ["\(error)"]
    }
}

/// The messages that a client sends.
private struct ControlScript {
    /// Each without its NUL.
    private(set) var messages: [[UInt8]] = []

    private static let methods: [String: String] = {
        var names = ["GetInfo", "GetInterfaceDescription"].map { ($0, "\(ControlInterface.serviceName).\($0)") }
        names += ControlMethod.allCases.map { ($0.rawValue, $0.qualifiedName) }
        return Dictionary(uniqueKeysWithValues: names)
    }()

    init(_ bytes: [UInt8]) {
        messages = bytes.split(separator: UInt8(ascii: "\n")).prefix(40).map { Self.message(of: $0) }
    }

    private static func message(of line: ArraySlice<UInt8>) -> [UInt8] {
        let words = line.split(separator: UInt8(ascii: " "), maxSplits: 1)
        var name = String(decoding: words.first ?? [], as: UTF8.self)
        let flag = ["+": "more", "-": "oneway"][name.last ?? " "]
        if flag != nil { name.removeLast() }
        guard let method = methods[name] else { return Array(line) }
        let parameters = words.count > 1 ? Array(words[1]) : Array("{}".utf8)
        let rest = flag.map { ",\"\($0)\":true" } ?? ""
        return Array("{\"method\":\"\(method)\",\"parameters\":".utf8) + parameters + Array("\(rest)}".utf8)
    }

    /// How many final replies there must be, if the daemon does not close the connection; nil if that is open to
    /// interpretation.
    var finalReplies: Int? {
        var count = 0
        for message in messages {
            // A NUL ends a message, and of two members with the same name the decoder chooses one.
            let oneway = String(decoding: message, as: UTF8.self).ranges(of: "oneway").count
            if message.contains(0) || oneway > 1 { return nil }
            let object = try? JSONSerialization.jsonObject(with: Data(message)) as? [String: Any]
            if object?["oneway"] as? Bool != true { count += 1 }
        }
        return count
    }
}

/// A lane with a control socket and an echo listener that has three clients, made once.
private final class ControlStage {
    nonisolated(unsafe) private static var made: ControlStage?

    let harness: LaneHarness
    let plane: Plane
    private let control: ListeningSocket
    private let echo: ListeningSocket
    private var guests: [TestPeer] = []

    /// A supervisor that carries out every second request.
    final class Plane: ControlPlane {
        let dataLanes: [LaneHandle]
        private let requests = Mutex<[ControlRequest]>([])

        init(_ lane: LaneHandle) { dataLanes = [lane] }

        func submit(_ request: ControlRequest) { requests.withLock { $0.append(request) } }

        func answer() {
            let taken = requests.withLock { requests in
                defer { requests = [] }
                return requests
            }
            for request in taken {
                switch request.work {
                case .reload: request.finish(.failed(.reloadFailed("no")))
                default: request.finish(.done)
                }
            }
        }
    }

    private init() throws {
        harness = try LaneHarness()
        plane = Plane(harness.lane.handle)
        let plane = plane
        control = try harness.listen([.unixStream]) {
            ControlService(
                plane, operators: .init(user: geteuid(), group: nil), version: "1", laneTime: 60_000_000_000)
        }[0]
        echo = try harness.listen { StatelessService(EchoWorker.init(_:lane:), flow: EchoFlow.init(flow:lane:)) }[0]
    }

    /// A client, beside three of the echo listener.
    static func connect() throws -> (ControlStage, TestPeer) {
        let stage = try made ?? ControlStage()
        made = stage
        stage.harness.forgetPeers()
        for guest in stage.guests { guest.close() }
        guard stage.harness.run(until: { stage.harness.connections == 0 }) else { throw Stuck() }
        stage.guests = try (0..<3).map { _ in try stage.harness.connect(to: stage.echo) }
        for guest in stage.guests { guest.write("x") }
        guard stage.harness.run(until: { stage.guests.allSatisfy { !$0.received.isEmpty } }) else { throw Stuck() }
        return (stage, try stage.harness.connect(to: stage.control))
    }

    struct Stuck: Error {}
}

/// One client from its first byte to the end of its connection.
private struct ControlPlay {
    private(set) var failures: [String] = []

    /// What kind of reply each was: the error and what it names, or the names of the results.
    private(set) var replies: [String] = []

    init(_ script: ControlScript, cutAfter length: Int) throws {
        let (stage, peer) = try ControlStage.connect()
        peer.writeLength = length
        for message in script.messages { peer.write(message + [0]) }
        peer.finishWriting()
        let isOver = stage.harness.run(until: {
            stage.plane.answer()
            return peer.isOver
        })
        if !isOver { failures.append("the connection does not end") }
        let messages = peer.received.split(separator: 0, omittingEmptySubsequences: false)
        if messages.last?.isEmpty == false, peer.hasEnded { failures.append("a reply without its NUL") }
        var finals = 0
        for message in messages.dropLast() {
            guard let reply = read(message) else { continue }
            // How many replies with records there are before the end of the input depends on the time.
            if !reply.continues || !reply.kind.contains("records") { replies.append(reply.kind) }
            if !reply.continues { finals += 1 }
        }
        // What the client sent after its last call may reset the connection, and a reply with it.
        guard peer.failure == 0, let expected = script.finalReplies else { return }
        if finals > expected { failures.append("\(finals) replies to \(expected) calls") }
    }

    private mutating func read(_ message: ArraySlice<UInt8>) -> (kind: String, continues: Bool)? {
        guard let object = try? JSONSerialization.jsonObject(with: Data(message)) as? [String: Any],
            let parameters = object["parameters"] as? [String: Any]
        else {
            failures.append("no reply: \(String(decoding: message.prefix(200), as: UTF8.self).debugDescription)")
            return nil
        }
        if let stray = object.keys.first(where: { !["parameters", "error", "continues"].contains($0) }) {
            failures.append("a reply with \(stray)")
        }
        let continues = object["continues"] as? Bool ?? false
        guard let error = object["error"] as? String else {
            return (parameters.keys.sorted().joined(separator: ","), continues)
        }
        if continues { failures.append("\(error) continues") }
        return ("\(error) \(parameters["parameter"] ?? "")", false)
    }
}
