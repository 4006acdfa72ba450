// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// A program that a test has started. It is killed and waited for at the latest when the last reference goes.
public final class ChildProcess: Sendable {
    /// How a process ended.
    public enum End: Hashable, Sendable {
        /// By itself, with this status.
        case exited(CInt)
        /// By a signal.
        case killed(CInt)
    }

    /// The process.
    public let identifier: pid_t

    private let end = Mutex<End?>(nil)

    /// Starts a program with default signal handling.
    ///
    /// - Parameters:
    ///   - program: a path, or a name that is looked up in `PATH`.
    ///   - environment: all of it.
    ///   - descriptors: the child's descriptors and which of ours they are; standard ones are /dev/null unless named.
    public init(
        _ program: String, _ arguments: [String], environment: [String: String] = ChildProcess.plainEnvironment,
        descriptors: [CInt: CInt] = [:]
    ) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // By way of high numbers: a source may have the number of another one's target.
        var high: [(source: CInt, target: CInt)] = []
        defer { for pair in high { close(pair.source) } }
        for (target, source) in descriptors {
            let copy = fcntl(source, F_DUPFD_CLOEXEC, 200)
            guard copy >= 0 else { throw POSIXFailure("fcntl") }
            high.append((copy, target))
        }
        for standard in CInt(0)...2 where descriptors[standard] == nil {
            posix_spawn_file_actions_addopen(&actions, standard, "/dev/null", O_RDWR, 0)
        }
        for pair in high { posix_spawn_file_actions_adddup2(&actions, pair.source, pair.target) }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { for word in words + variables { free(word) } }
        var identifier = pid_t()
        let result = posix_spawnp(&identifier, program, &actions, &attributes, &words, &variables)
        guard result == 0 else { throw POSIXFailure("posix_spawn of \(program)", result) }
        self.identifier = identifier
    }

    /// The test's own environment without what systemd says in it.
    public static var plainEnvironment: [String: String] {
        var result: [String: String] = [:]
        var place = environ
        while let entry = place.pointee {
            let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
            place += 1
        }
        let systemd = [
            "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES",
            "JOURNAL_STREAM", "INVOCATION_ID",
        ]
        for name in systemd { result[name] = nil }
        return result
    }

    /// How it ended; nil while it runs.
    public var ended: End? {
        end.withLock { end in
            if end != nil { return end }
            var status: CInt = 0
            guard waitpid(identifier, &status, WNOHANG) == identifier else { return nil }
            end = status & 0x7f == 0 ? .exited(status >> 8 & 0xff) : .killed(status & 0x7f)
            return end
        }
    }

    /// Waits until it has ended.
    public func waitForEnd() throws -> End {
        try waitFor("an end of process \(identifier)") { ended }
    }

    /// Sends a signal, unless it has ended.
    public func send(signal: CInt) {
        // Until it is waited for, its number is nobody else's.
        end.withLock { end in
            if end == nil { kill(identifier, signal) }
        }
    }

    deinit {
        end.withLock { end in
            guard end == nil else { return }
            kill(identifier, SIGKILL)
            var status: CInt = 0
            waitpid(identifier, &status, 0)
        }
    }
}
