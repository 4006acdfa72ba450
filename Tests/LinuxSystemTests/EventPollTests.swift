// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing

@testable import LinuxSystem

@Suite struct EventPollTests {
    @Test func `ready descriptors are reported with their token`() throws {
        var poll = try EventPoll()
        let first = try WakeDescriptor()
        let second = try WakeDescriptor()
        try poll.add(first.raw, for: .readable, token: 11)
        try poll.add(second.raw, for: .readable, token: .max)
        #expect(try poll.wait(timeout: 0) == 0)
        second.signal()
        #expect(try poll.wait(timeout: nil) == 1)
        #expect(poll.event(0).token == .max)
        #expect(poll.event(0).readiness == .readable)
    }

    @Test func `level-triggered events repeat, edge-triggered ones come once`() throws {
        var poll = try EventPoll()
        let level = try WakeDescriptor()
        let edge = try WakeDescriptor()
        try poll.add(level.raw, for: .readable, token: 1)
        try poll.add(edge.raw, for: [.readable, .edgeTriggered], token: 2)
        level.signal()
        edge.signal()
        #expect(try poll.wait(timeout: nil) == 2)
        #expect(try poll.wait(timeout: nil) == 1)
        #expect(poll.event(0).token == 1)
        level.clear()
        #expect(try poll.wait(timeout: 0) == 0)
        edge.signal()
        #expect(try poll.wait(timeout: 0) == 1)
    }

    @Test func `removed and closed descriptors are not reported`() throws {
        var poll = try EventPoll()
        let one = try WakeDescriptor()
        try poll.add(one.raw, for: .readable, token: 1)
        one.signal()
        try poll.remove(one.raw)
        #expect(try poll.wait(timeout: 0) == 0)
        do {
            let gone = try WakeDescriptor()
            try poll.add(gone.raw, for: .readable, token: 2)
            gone.signal()
        }
        #expect(try poll.wait(timeout: 0) == 0)
    }

    @Test func `a bad descriptor is EBADF`() throws {
        let poll = try EventPoll()
        let wake = try WakeDescriptor()
        try poll.add(wake.raw, for: .readable, token: 1)
        #expect(throws: SystemError("epoll_ctl", errno: EEXIST)) { try poll.add(wake.raw, for: .readable, token: 2) }
        let file = try OpenFile("/proc/self/stat", O_RDONLY)
        #expect(throws: SystemError("epoll_ctl", errno: EPERM)) { try poll.add(file.raw, for: .readable, token: 3) }
        let other = try WakeDescriptor()
        #expect(throws: SystemError("epoll_ctl", errno: ENOENT)) { try poll.remove(other.raw) }
    }

    @Test func `events beyond the capacity are reported next time`() throws {
        var poll = try EventPoll(capacity: 2)
        let sockets = try (0..<5).map { _ in try Pipe() }
        for (index, pipe) in sockets.enumerated() {
            try poll.add(pipe.reading, for: [.readable, .edgeTriggered], token: UInt64(index))
            #expect(write(pipe.writing, "x", 1) == 1)
        }
        var tokens: Set<UInt64> = []
        while case let count = try poll.wait(timeout: 0), count > 0 {
            #expect(count <= 2)
            for index in 0..<count { tokens.insert(poll.event(index).token) }
        }
        #expect(tokens == [0, 1, 2, 3, 4])
    }

    @Test func `EPOLLEXCLUSIVE wakes one of several`() throws {
        var first = try EventPoll()
        var second = try EventPoll()
        let wake = try WakeDescriptor()
        try first.add(wake.raw, for: [.readable, .exclusive], token: 1)
        try second.add(wake.raw, for: [.readable, .exclusive], token: 2)
        wake.signal()
        // Both see it if they look; exclusiveness is about who is woken.
        #expect(try first.wait(timeout: 0) == 1)
        #expect(try second.wait(timeout: 0) == 1)
    }

    @Test func `EINTR ends the wait`() throws {
        // A handler that does nothing, since without one the signal would not interrupt anything.
        signal(SIGURG) { _ in }
        let waiter = Atomic<UInt>(0)
        let isDone = Atomic(false)
        let poking = Thread {
            while !isDone.load(ordering: .relaxed) {
                let thread = waiter.load(ordering: .relaxed)
                if thread != 0 { pthread_kill(pthread_t(thread), SIGURG) }
                usleep(1000)
            }
        }
        poking.start()
        let count = try onOwnThread {
            // Threads of Dispatch block every signal, and those that they make inherit that.
            var signals = sigset_t()
            sigemptyset(&signals)
            sigaddset(&signals, SIGURG)
            pthread_sigmask(SIG_UNBLOCK, &signals, nil)
            var poll = try EventPoll()
            waiter.store(UInt(pthread_self()), ordering: .relaxed)
            defer {
                waiter.store(0, ordering: .relaxed)
                isDone.store(true, ordering: .relaxed)
                // The other thread may still be about to send one, and only to a thread that lives.
                usleep(10_000)
            }
            return try poll.wait(timeout: nil)
        }
        #expect(count == 0)
    }

    /// A pipe of the test's own.
    private final class Pipe {
        let reading: CInt
        let writing: CInt

        init() throws {
            var ends: [CInt] = [0, 0]
            guard pipe(&ends) == 0 else { throw POSIXFailure("pipe") }
            (reading, writing) = (ends[0], ends[1])
        }

        deinit {
            close(reading)
            close(writing)
        }
    }
}
