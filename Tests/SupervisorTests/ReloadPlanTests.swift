// SPDX-License-Identifier: Apache-2.0

import Configuration
import Foundation
import LinuxSystem
import Records
import TestSupport
import Testing

@testable import Supervisor

@Suite struct ReloadPlanTests {
    /// Listeners as `NAME ADDRESS… SERVICE [OPTION]`, one a line.
    private func plan(_ old: String, _ new: String) throws -> ReloadPlan {
        ReloadPlan(from: try configuration(Self.toml(old)), to: try configuration(Self.toml(new)))
    }

    private static func toml(_ text: String) -> String {
        text.split(separator: "\n").map { line in
            let words = line.split(separator: " ")
            let addresses = words.filter { $0.contains("://") }.map { "\"\($0)\"" }.joined(separator: ", ")
            let options = words.filter { $0.contains("=") && !$0.contains("://") }.joined(separator: "\n")
            let service = words.dropFirst().first { !$0.contains("://") && !$0.contains("=") } ?? "echo"
            return "[listener.\(words[0])]\nlisten = [\(addresses)]\nservice = \"\(service)\"\n\(options)\n"
        }.joined()
    }

    private func key(_ text: String) throws -> SocketKey { try #require(listener(text).wantedSockets.first).key }

    // MARK: - Effort

    private static let shapes: [@Sendable (Int) -> String] = [
        { count in "a " + (1...count).map { "tcp://127.0.0.1:\($0)" }.joined(separator: " ") },
        { count in "a " + String(repeating: "tcp://127.0.0.1:0 ", count: count) },
        { count in (1...count).map { "l\($0) tcp://127.0.0.1:\($0)" }.joined(separator: "\n") },
    ]

    /// A quadratic effort would be 16 times as much.
    @Test(arguments: shapes.indices)
    func `planning a reload takes linear time`(shape: Int) throws {
        let text = Self.shapes[shape]
        let short = try configuration(Self.toml(text(400)))
        let long = try configuration(Self.toml(text(1600)))
        let growth = growth(from: short, to: long, limit: 9) {
            #expect(ReloadPlan(from: $0, to: $0).toOpen.isEmpty)
        }
        #expect(growth < 9)
    }

    private static let one = "a tcp://127.0.0.1:7001 echo"

    @Test(arguments: [
        (one, one, ReloadPlan.Change.unchanged, true),
        (one, "a tcp://127.0.0.1:7001 discard", .changed, false),
        (one, "a tcp://127.0.0.1:7001 echo idle-timeout=\"5s\"", .changed, true),
        (one, "a tcp://127.0.0.1:7001 echo lifetime=\"5s\"", .changed, true),
        (one, "a tcp://127.0.0.1:7001 echo max-connections=5", .changed, true),
        (one, "a tcp://127.0.0.1:7001 echo backlog=5", .changed, true),
        (one, "a tcp://127.0.0.1:7001 echo keepalive=true", .changed, true),
        (one, "a tcp://127.0.0.1:7001?backlog=5 echo", .changed, true),
        (one, "a tcp://127.0.0.1:7002 echo", .rebound, true),
        (one, "a tcp://127.0.0.1:7002 discard", .rebound, false),
        (one, "a tcp://127.0.0.2:7001 echo", .rebound, true),
        (one, "a tcp://*:7001 echo", .rebound, true),
        (one, "a tcp://127.0.0.1:7001 tcp://127.0.0.1:7002 echo", .rebound, true),
        (one, "a unix:///tmp/a echo", .rebound, true),
        (one, "a systemd://a echo", .rebound, true),
        ("a tcp://*:7001 echo", "a tcp://[::]:7001 echo", .rebound, true),
        ("a unix:///tmp/a echo", "a unix-seqpacket:///tmp/a echo", .rebound, true),
        ("a unix:///tmp/a echo", "a unix:///tmp/a?mode=0600 echo", .changed, true),
        ("a unix:///tmp/a echo", "a unix://@a echo", .rebound, true),
        ("a systemd://a echo", "a systemd://b echo", .rebound, true),
        ("a systemd://a echo", "a systemd://a discard", .changed, false),
        ("a tcp://127.0.0.1:0 echo", "a tcp://127.0.0.1:0 echo", .unchanged, true),
        ("a tcp://127.0.0.1:0 echo", "a tcp://127.0.0.1:0 discard", .changed, false),
        ("a tcp://127.0.0.1:1 tcp://127.0.0.1:2 echo", "a tcp://127.0.0.1:2 tcp://127.0.0.1:1 echo", .changed, true),
        ("a tcp://127.0.0.1:1 tcp://127.0.0.1:2 echo", "a tcp://127.0.0.1:2 echo", .rebound, true),
        ("a tcp://127.0.0.1:7001 chat", "a tcp://127.0.0.1:7001 chat max-connections=5", .changed, true),
    ])
    func `the change of one listener is classified`(
        old: String, new: String, change: ReloadPlan.Change, keepsService: Bool
    ) throws {
        let plan = try plan(old, new)
        #expect(plan.steps == [ReloadPlan.Step(name: "a", change: change, keepsService: keepsService)])
        #expect(plan.count(change) == 1)
        if change == .unchanged || change == .changed {
            #expect(plan.toOpen.isEmpty && plan.toClose.isEmpty && !plan.toKeep.isEmpty)
        } else {
            #expect(!plan.toOpen.isEmpty || !plan.toClose.isEmpty)
        }
    }

    @Test func `a listener that only moved in the file has not changed`() throws {
        let moved = try configuration("# a comment\n\n\n" + Self.toml(Self.one), path: "other.toml")
        #expect(try ReloadPlan(from: configuration(Self.toml(Self.one)), to: moved).steps.map(\.change) == [.unchanged])
    }

    @Test func `new listeners come in their order, then removed ones in theirs`() throws {
        let plan = try plan(
            """
            a tcp://127.0.0.1:7001
            b tcp://127.0.0.1:7002
            c tcp://127.0.0.1:7003
            d tcp://127.0.0.1:7004
            """,
            """
            e tcp://127.0.0.1:7005
            d tcp://127.0.0.1:7004
            b tcp://127.0.0.1:7012
            """)
        #expect(
            plan.steps.map { "\($0.name) \($0.change)" } == [
                "e added", "d unchanged", "b rebound", "a removed", "c removed",
            ])
        #expect(try plan.toOpen == [key("tcp://127.0.0.1:7005"), key("tcp://127.0.0.1:7012")])
        #expect(try plan.toKeep == [key("tcp://127.0.0.1:7004")])
        #expect(
            try plan.toClose == [
                key("tcp://127.0.0.1:7001"), key("tcp://127.0.0.1:7002"), key("tcp://127.0.0.1:7003"),
            ])
        #expect(plan.counts.map(\.count) == [1, 2, 1, 0, 1])
    }

    @Test(arguments: [
        // From a removed listener to a new one, between two that stay, and crosswise.
        ("a tcp://127.0.0.1:7001", "b tcp://127.0.0.1:7001", ["b added", "a removed"], 1),
        (
            "a tcp://127.0.0.1:7001 tcp://127.0.0.1:7002\nb tcp://127.0.0.1:7003",
            "a tcp://127.0.0.1:7001\nb tcp://127.0.0.1:7003 tcp://127.0.0.1:7002", ["a rebound", "b rebound"], 3
        ),
        (
            "a tcp://127.0.0.1:7001\nb tcp://127.0.0.1:7002", "a tcp://127.0.0.1:7002\nb tcp://127.0.0.1:7001",
            ["a rebound", "b rebound"], 2
        ),
        ("a unix:///tmp/a?mode=0600", "b unix:///tmp/a?mode=0660", ["b added", "a removed"], 1),
        ("a systemd://x", "b systemd://x", ["b added", "a removed"], 1),
    ])
    func `a socket that moves to another listener is kept`(old: String, new: String, steps: [String], kept: Int) throws
    {
        let plan = try plan(old, new)
        #expect(plan.steps.map { "\($0.name) \($0.change)" } == steps)
        #expect(plan.toOpen.isEmpty && plan.toClose.isEmpty)
        #expect(plan.toKeep.count == kept)
    }

    @Test func `a port that the kernel chose belongs to its listener`() throws {
        let moved = try plan("a tcp://127.0.0.1:0", "b tcp://127.0.0.1:0")
        #expect(moved.toOpen.count == 1 && moved.toClose.count == 1 && moved.toKeep.isEmpty)
    }

    @Test func `a port that the kernel chose survives a change of the other addresses`() throws {
        let plan = try plan(
            "a tcp://127.0.0.1:7001 tcp://127.0.0.1:0 tcp://127.0.0.1:0 tcp://[::1]:0",
            "a tcp://[::1]:0 tcp://127.0.0.1:0 tcp://127.0.0.1:0")
        #expect(plan.toOpen.isEmpty)
        #expect(plan.toKeep.count == 3)
        #expect(try plan.toClose == [key("tcp://127.0.0.1:7001")])
    }

    @Test(arguments: [
        ("a systemd://x", "a systemd://x", "1 unchanged"),
        ("a systemd://x", "a systemd://x discard", "1 changed"),
        ("a systemd://x", "b systemd://y", "1 added, 1 removed"),
    ])
    func `listeners are counted by their kind of change`(old: String, new: String, summary: String) throws {
        #expect(DaemonRecord.reloaded(try plan(old, new).counts).message == "configuration reloaded: \(summary)")
    }
}
