// SPDX-License-Identifier: Apache-2.0

/// The text format of bytes to send and of bytes received.
public enum TextForm: Sendable {
    /// Bytes without conversion.
    case plain
    /// Two digits a byte: ``HexText``.
    case hex
    /// A CAN frame, in the format of candump(1) and cansend(1): ``CANFrame``.
    case can

    /// Decodes a line, which comes without its line feed.
    ///
    /// - Throws: why the line is invalid.
    public func decode(line: [UInt8]) throws(TextMistake) -> [UInt8] {
        switch self {
        case .plain: line
        case .hex: try HexText.decode(line)
        case .can: try CANFrame(text: line).kernelBytes
        }
    }

    /// Formats a message as a line: its bytes and a line feed, unless plain bytes already end in one.
    public func line(forMessage bytes: [UInt8]) -> [UInt8] {
        let feed = UInt8(ascii: "\n")
        switch self {
        case .plain: return bytes.last == feed ? bytes : bytes + [feed]
        case .hex: return HexText.encode(bytes[...]) + [feed]
        // Bytes that are not a frame, which the kernel never delivers, are shown as hexadecimal digits.
        case .can: return (CANFrame(kernelBytes: bytes)?.text ?? HexText.encode(bytes[...])) + [feed]
        }
    }

    /// Formats bytes of a stream: unchanged, or as lines of sixteen bytes.
    public func lines(forStream bytes: ArraySlice<UInt8>) -> [UInt8] {
        guard self != .plain else { return Array(bytes) }
        return stride(from: bytes.startIndex, to: bytes.endIndex, by: 16).flatMap { start in
            HexText.encode(bytes[start..<min(start + 16, bytes.endIndex)]) + [UInt8(ascii: "\n")]
        }
    }
}
