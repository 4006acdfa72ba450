// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import LinuxSystem

@Suite struct DescriptorLimitTests {
    @Test func `a limit that cannot be raised is kept`() async {
        await #expect(processExitsWith: .success) {
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = 100
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            var value: Int?
            let reached = FaultInjection.failing(call: 2, with: EPERM) { value = try? DescriptorLimit.raise() }
            #expect(reached)
            #expect(value == 100)
        }
    }

    @Test func `the soft limit is raised to the hard limit`() async {
        await #expect(processExitsWith: .success) {
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = 100
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            let raised = try DescriptorLimit.raise()
            #expect(raised == Int(clamping: limit.rlim_max))
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            #expect(limit.rlim_cur == limit.rlim_max)
            let raisedAgain = try DescriptorLimit.raise()
            #expect(raisedAgain == raised)
        }
    }
}
