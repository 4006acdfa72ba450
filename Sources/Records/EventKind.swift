// SPDX-License-Identifier: Apache-2.0

/// The event of a record.
///
/// Name, level and `MESSAGE_ID` are part of the interface: scripts and the journal's catalog rely on them, so they never change
/// and are never reused.
public enum EventKind: UInt8, CaseIterable, Sendable {
    /// The daemon is ready.
    case started

    /// A listener listens on a socket.
    case listening

    /// A connection was accepted.
    case open

    /// A connection ended.
    case close

    /// A connection was refused by a rule.
    case refused

    /// A connection is open; written for each one on SIGUSR2.
    case live

    /// The state of a listener; written for each one on SIGUSR2.
    case listener

    /// A connection is open; written at the interval that its listener configures.
    case progress

    /// An upstream went down: it gets no new connections.
    case upstreamDown

    /// An upstream is up again: it gets new connections.
    case upstreamUp

    /// An operation of the daemon failed.
    case failed

    /// A reload applied a new configuration.
    case reload

    /// A new configuration was invalid or could not be applied; the old one stays in force.
    case reloadFailed

    /// Open connections continue, and no new ones are accepted.
    case draining

    /// The daemon, or a listener, has stopped.
    case stopped

    /// Records were dropped because they were written faster than a destination accepted them.
    case dropped

    /// Datagrams were dropped.
    case lost

    /// The process has no descriptors or memory for new connections.
    case acceptPaused

    /// New connections are accepted again.
    case acceptResumed

    /// A destination of the log cannot be written to.
    case logFailed

    /// A destination of the log can be written to again.
    case logResumed

    /// A log file was reopened.
    case reopened

    /// An operator has used the control socket to change something.
    case operated

    /// A condition that the operator should check.
    case warning

    /// The condition of an earlier warning has ended.
    case recovered

    /// The value of the field `event`.
    public var name: StaticString {
        switch self {
        case .started: "started"
        case .listening: "listening"
        case .open: "open"
        case .close: "close"
        case .refused: "refused"
        case .live: "live"
        case .listener: "listener"
        case .progress: "progress"
        case .upstreamDown: "upstream-down"
        case .upstreamUp: "upstream-up"
        case .failed: "failed"
        case .reload: "reload"
        case .reloadFailed: "reload-failed"
        case .draining: "draining"
        case .stopped: "stopped"
        case .dropped: "dropped"
        case .lost: "lost"
        case .acceptPaused: "accept-paused"
        case .acceptResumed: "accept-resumed"
        case .logFailed: "log-failed"
        case .logResumed: "log-resumed"
        case .reopened: "reopened"
        case .operated: "operator"
        case .warning: "warning"
        case .recovered: "recovered"
        }
    }

    /// The default level of the event.
    public var level: RecordLevel {
        switch self {
        case .open, .close, .live, .listener, .progress: .info
        case .started, .listening, .reload, .draining, .stopped, .acceptResumed, .logResumed, .reopened, .upstreamUp,
            .operated, .recovered:
            .notice
        case .refused, .dropped, .lost, .acceptPaused, .upstreamDown, .warning: .warning
        case .failed, .reloadFailed, .logFailed: .error
        }
    }

    /// The journal's `MESSAGE_ID`, under which the catalog explains the event: 32 hexadecimal digits.
    ///
    /// A `close` or `refused` record of a connection has that of its reason: ``CloseReason/messageID``, ``Refusal/messageID``.
    public var messageID: StaticString {
        switch self {
        case .started: "128346829f89481789538e5fff352639"
        case .listening: "df23f97d0d0a43a0829e076c500a46aa"
        case .open: "e64f290fbb0b414c8465bf07eae28615"
        case .close: "66b6003f84ce4be086fe3d51bd795d73"
        case .refused: "0c51834117bc4090bb77a5755ec41295"
        case .progress: "d169d42264174782b23cdaf0177e6210"
        case .upstreamDown: "1df1825aca1e4e25bbe42c640d225307"
        case .upstreamUp: "b2bb0ab82b08420184b7e7655fc99a4e"
        case .live: "adf62329cde242e7ac47af99463d2c44"
        case .listener: "c5d4dc1b91bb416b8a46db9891c8303f"
        case .failed: "eeec2caa450d4c92a7c4cce6eb8b7208"
        case .reload: "f7b67f9481ad42cdb5f324cb648bfe08"
        case .reloadFailed: "a24a9d2e8ecf49ef90439216cbde503f"
        case .draining: "066f6d53a97b466389d69cf153736df5"
        case .stopped: "9fe48ccfff8849b78f7e2ea2dc54b6d2"
        case .dropped: "a33a72c4959a4821a28f8c407ca8a6b8"
        case .lost: "031f48cdd327423eafa86487f4022d04"
        case .acceptPaused: "0e5bb3c42f1b4c27be15b2424c00313c"
        case .acceptResumed: "5da7c6d63fcc450c91de1fefae78adfe"
        case .logFailed: "f31da410aff645ee9ef00ad598df5872"
        case .logResumed: "76e8611b4f1541b4bd3bbab3bbe001bd"
        case .reopened: "b4f4edd55b854a8997dc6e349ae56487"
        case .operated: "5b0a6b5c2e0f4a9d8d3c1a7f6e42b190"
        case .warning: "9010ddc9b2cf49a197f061e24c69c41d"
        case .recovered: "3bdadc8a09e74b318438954713f2bde5"
        }
    }
}
