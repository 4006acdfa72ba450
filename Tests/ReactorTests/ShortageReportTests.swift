// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import TestSupport
import Testing

@testable import Reactor

@Suite struct ShortageReportTests {
    private static let quiet = ShortageReport.quietTime

    @Test func `only the first failure is reported`() {
        var report = ShortageReport()
        #expect(report.note(at: 100) == true)
        for time in 101...200 as ClosedRange<UInt64> { #expect(report.note(at: time) == false) }
    }

    @Test func `a shortage ends after ten seconds without a failure`() {
        var report = ShortageReport()
        _ = report.note(at: 100)
        _ = report.note(at: 150)
        #expect(report.check(at: 100 + Self.quiet) == .wait(150 + Self.quiet))
        #expect(report.check(at: 149 + Self.quiet) == .wait(150 + Self.quiet))
        #expect(report.check(at: 150 + Self.quiet) == .over(.init(nanoseconds: 50, attempts: 2)))
        #expect(report.note(at: 1000 + Self.quiet) == true)
        #expect(report.check(at: 1000 + 2 * Self.quiet) == .over(.init(nanoseconds: 0, attempts: 1)))
    }

    @Test func `lanes whose clocks differ a little never make a time negative`() {
        var report = ShortageReport()
        _ = report.note(at: 100)
        _ = report.note(at: 90)
        #expect(report.check(at: 95 + Self.quiet) == .wait(100 + Self.quiet))
        #expect(report.check(at: 100 + Self.quiet) == .over(.init(nanoseconds: 0, attempts: 2)))
    }

    @Test func `extreme clock values do not overflow`() {
        var report = ShortageReport()
        _ = report.note(at: .max)
        #expect(report.check(at: .max) == .wait(.max))
    }

    /// Against a list of all failures.
    @Test func `begin and end alternate, and each failure is reported exactly once`() {
        var random = SplitMix(seed: 5)
        for _ in 0..<200 {
            var report = ShortageReport()
            var now: UInt64 = 1000
            var failures: [UInt64] = []
            for _ in 0..<100 {
                now += UInt64.random(in: 0...(Self.quiet / 3), using: &random)
                if Bool.random(using: &random) {
                    #expect(report.note(at: now) == failures.isEmpty)
                    failures.append(now)
                } else if let last = failures.last, let first = failures.first {
                    if now - last >= Self.quiet {
                        #expect(
                            report.check(at: now)
                                == .over(.init(nanoseconds: last - first, attempts: UInt64(failures.count))))
                        failures = []
                    } else {
                        #expect(report.check(at: now) == .wait(last + Self.quiet))
                    }
                }
            }
        }
    }

    @Test func `each shortage has its own name`() {
        let names = HostFault.allCases.map(\.name)
        #expect(Set(names).count == names.count)
        for name in names { #expect(!name.isEmpty && name.allSatisfy { $0 == "-" || ("a"..."z").contains($0) }) }
    }
}

/// What the lanes tell of a shortage.
@Suite struct ShortageRecordTests {
    private func reportShortage(
        _ fault: HostFault, _ errno: CInt, towards target: String = "tcp://10.0.0.5:80", on harness: LaneHarness,
        times: Int = 1
    ) {
        for _ in 0..<times {
            harness.lane.reportShortage(
                fault, because: SystemError("connect", errno: errno), towards: target,
                label: .init(name: "front", service: "forward"))
        }
    }

    @Test func `each shortage has one warning for any number of failures`() throws {
        let harness = try LaneHarness()
        reportShortage(.localPorts, 99, on: harness, times: 100)
        reportShortage(.descriptors, 24, on: harness, times: 100)
        let warnings = try harness.capturedRecords().filter { $0.event == "warning" }
        #expect(warnings.map { $0["lacks"] } == ["local-ports", "descriptors"])
        let message = try #require(warnings.first?["message"])
        #expect(message.contains("tcp://10.0.0.5:80") && message.contains("EADDRNOTAVAIL"), "\(message)")
        #expect(message.contains("net.ipv4.ip_local_port_range"), "\(message)")
    }

    @Test func `missing routes to two upstreams are reported separately`() throws {
        let harness = try LaneHarness()
        for target in ["tcp://10.0.0.5:80", "tcp://10.0.0.6:80"] {
            reportShortage(.route, 101, towards: target, on: harness, times: 2)
            reportShortage(.memory, 12, towards: target, on: harness, times: 2)
        }
        let warnings = try harness.capturedRecords().filter { $0.event == "warning" }
        #expect(warnings.map { $0["lacks"] } == ["route", "memory", "route"])
    }

    @Test func `every fault has a sentence`() throws {
        let harness = try LaneHarness()
        for fault in HostFault.allCases { reportShortage(fault, 113, on: harness) }
        let warnings = try harness.capturedRecords().filter { $0.event == "warning" }
        #expect(warnings.count == HostFault.allCases.count)
    }
}
