// SPDX-License-Identifier: Apache-2.0

/// The kinds of errors that a CAN controller reports: linux/can/error.h.
public enum CANErrorKind: Int, CaseIterable, Sendable {
    /// The controller has left the bus after too many errors.
    case busOff
    /// The controller is on the bus again after bus-off.
    case restarted
    /// Error passive: after many errors the controller may signal errors only passively.
    case errorPassive
    /// Error warning: many errors.
    case errorWarning
    /// Error active: few errors again.
    case errorActive
    /// No node has acknowledged a sent frame.
    case noAcknowledgement
    /// Another node sent a frame of higher priority.
    case lostArbitration
    /// A frame could not be sent in time.
    case transmitTimeout
    /// The controller had no buffer for a frame.
    case overflow
    /// A violation of the CAN protocol.
    case protocolViolation
    /// A fault of the wires or the transceiver.
    case transceiver
    /// An error on the bus without further details.
    case busError
    /// An unknown kind.
    case other

    /// Whether it reports an improvement.
    public var isRecovery: Bool { self == .restarted || self == .errorActive }
}
