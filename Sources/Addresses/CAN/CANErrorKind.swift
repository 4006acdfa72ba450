// SPDX-License-Identifier: Apache-2.0

/// What may be wrong on a CAN bus, as its controller tells it: linux/can/error.h.
public enum CANErrorKind: Int, CaseIterable, Sendable {
    /// The controller has left the bus after too many errors.
    case busOff
    /// The controller is on the bus again after it had left.
    case restarted
    /// So many errors that the controller may only tell of them passively.
    case errorPassive
    /// So many errors that it should be looked at.
    case errorWarning
    /// Few enough errors again.
    case errorActive
    /// Nobody has acknowledged a frame that was sent.
    case noAcknowledgement
    /// Another one had the higher priority.
    case lostArbitration
    /// A frame could not be sent in time.
    case transmitTimeout
    /// The controller had no room for a frame.
    case overflow
    /// Something on the bus was against the protocol.
    case protocolViolation
    /// The wires or what drives them.
    case transceiver
    /// An error on the bus of which nothing more is told.
    case busError
    /// What is not known to be any of these.
    case other

    /// Whether it tells that things are better again.
    public var isRecovery: Bool { self == .restarted || self == .errorActive }
}
