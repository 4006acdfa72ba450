// SPDX-License-Identifier: Apache-2.0

import Configuration
import Dispatch
import Glibc
import LinuxSystem
import Records

/// The program usherd, from its command line to its exit status.
public enum Daemon {
    /// Runs until the daemon is stopped. Called once, on the main thread, before any other thread exists.
    ///
    /// - Returns: the status to exit with.
    public static func run(_ words: some Collection<String>) -> CInt {
        StandardDescriptors.fill()
        let arguments: Arguments
        do throws(Arguments.Mistake) {
            arguments = try Arguments(words)
        } catch {
            PrefixedErrorOutput().say("\(error.message)\nTry usherd --help.")
            return ExitStatus.usage
        }
        switch arguments.command {
        case .help: return printOut(Arguments.usage)
        case .version: return printOut("usherd \(Version.text)\n")
        case .check: return ConfigurationCheck.run(arguments)
        case .run: return serve(path: arguments.path)
        }
    }

    /// The lowest limit of descriptors to start with.
    ///
    /// It is what the daemon opens itself on a host with many processors, lanes and log included, and some for connections.
    private static let leastDescriptors = 32

    private static func serve(path: String) -> CInt {
        // Before anything else is opened, so that no descriptor of the daemon's own is mistaken for a passed one.
        let passed = ServiceManager.takePassedDescriptors()
        let manager = SystemdNotifier()
        do throws(SystemError) {
            // A write to a connection that the peer has closed fails with EPIPE, instead of a signal that ends the process.
            signal(SIGPIPE, SIG_IGN)
            // Blocked before the first queue, whose threads inherit the mask, and before anything that may wait.
            let ends = Orphans.areOurs ? [SIGCHLD] : []
            let signals = try SignalDescriptor(
                blocking: [SIGHUP, SIGTERM, SIGINT, SIGUSR1, SIGUSR2] + ends + Verification.signals)
            // Children that ended before SIGCHLD was blocked cause no further signal.
            if Orphans.areOurs { Orphans.reap() }
            let loader = try ConfigurationLoader(path: path)
            let configuration: Configuration
            var wait = try StartupWait(for: loader, signals: signals, telling: manager)
            switch try wait.run() {
            case .loaded(let loaded): configuration = loaded
            case .stopped:
                manager.notify("STOPPING=1")
                return 0
            case .refused(let problems):
                ConfigurationCheck.report(problems)
                let summary = problems.first?.summary ?? path
                manager.notify("STATUS=\(summary)\nERRNO=\(EINVAL)")
                return ExitStatus.configuration
            }
            let descriptorLimit = try DescriptorLimit.raise()
            guard descriptorLimit >= leastDescriptors else {
                return fail(
                    "the process may have only \(descriptorLimit) descriptors, and needs \(leastDescriptors) to start:"
                        + " raise LimitNOFILE= of the unit, or ulimit -n", errno: EMFILE, status: ExitStatus.system,
                    manager)
            }
            return start(
                loader, configuration, manager, passed, signals: signals, descriptorLimit: descriptorLimit)
        } catch {
            return fail(error.description, errno: error.errno, status: ExitStatus.system, manager)
        }
    }

    private static func start(
        _ loader: ConfigurationLoader, _ configuration: Configuration, _ manager: SystemdNotifier,
        _ passed: [(name: String, raw: CInt)], signals: SignalDescriptor,
        descriptorLimit: Int
    ) -> CInt {
        let writer: RecordWriter
        do throws(SinkError) {
            writer = try RecordWriter(configuration.log.recordSettings)
        } catch {
            // systemd restarts the unit after a shortage, but not after a mistake in its configuration
            // (RestartPreventExitStatus=).
            let status = error.isShortage ? ExitStatus.system : ExitStatus.configuration
            return fail(error.description, errno: error.cause.errno, status: status, manager)
        }
        OwnBug.setExitHandler { sentence in
            PrefixedErrorOutput().say(sentence)
            writer.write(.ownBug(sentence))
            writer.flush(within: .seconds(1))
        }
        let gate = ExitGate()
        let start = Supervisor.Start(
            loader: loader, configuration: configuration, writer: writer, manager: manager,
            passed: passed, signals: signals, gate: gate,
            descriptorLimit: descriptorLimit)
        // On the main thread, so that signals and messages to systemd are handled even when no thread can be created.
        let queue = DispatchQueue(label: "usherd.supervisor", target: .main)
        queue.async {
            do throws(SystemError) {
                try Supervisor(start, on: queue).begin(start)
            } catch {
                gate.open(status: fail(error.description, errno: error.errno, status: ExitStatus.system, manager))
            }
        }
        MainQueue.run { gate.isOpen }
        return gate.wait()
    }

    private static func fail(_ message: String, errno: CInt, status: CInt, _ manager: SystemdNotifier) -> CInt {
        PrefixedErrorOutput().say(message)
        manager.notify("STATUS=\(TerminalText.safe(message))\nERRNO=\(errno)")
        return status
    }

    static func printOut(_ text: String) -> CInt {
        print(text, terminator: "")
        // Flushed, so that the two keep their order when standard output and standard error are the same file.
        _ = fflush(nil)
        return 0
    }
}
