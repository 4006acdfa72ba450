// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

@testable import LinuxSystem

@Suite struct SignalDescriptorTests {
    @Test func `sent signals are read once`() throws {
        try onOwnThread {
            let signals = try SignalDescriptor(blocking: [SIGUSR1, SIGUSR2, SIGHUP])
            #expect(try signals.next() == nil)
            for number in [SIGUSR1, SIGHUP] { pthread_kill(pthread_self(), number) }
            let read = [try signals.next(), try signals.next()]
            #expect(Set(read) == [SIGUSR1, SIGHUP])
            #expect(try signals.next() == nil)
        }
    }

    @Test func `a signal that is sent twice before a read is counted once`() throws {
        try onOwnThread {
            let signals = try SignalDescriptor(blocking: [SIGUSR1])
            for _ in 0..<5 { pthread_kill(pthread_self(), SIGUSR1) }
            #expect(try signals.next() == SIGUSR1)
            #expect(try signals.next() == nil)
        }
    }

    @Test func `the descriptor is close-on-exec and nonblocking`() throws {
        try onOwnThread {
            let signals = try SignalDescriptor(blocking: [])
            #expect(fcntl(signals.raw, F_GETFD) & FD_CLOEXEC != 0)
            #expect(fcntl(signals.raw, F_GETFL) & O_NONBLOCK != 0)
        }
    }

    @Test func `EMFILE is reported`() throws {
        try onOwnThread {
            _ = FaultInjection.failing(call: 2, with: EMFILE) {
                #expect(throws: SystemError("signalfd", errno: EMFILE)) { try SignalDescriptor(blocking: []) }
            }
        }
    }
}
