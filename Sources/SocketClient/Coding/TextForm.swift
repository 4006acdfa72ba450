// SPDX-License-Identifier: Apache-2.0

/// How what is sent is written, and what is received shown.
public enum TextForm: Sendable {
    /// As the bytes are.
    case plain
    /// Two digits a byte: ``HexText``.
    case hex
    /// A frame of a CAN bus, as candump(1) and cansend(1) write it: ``CANFrame``.
    case can

    /// The bytes that a line stands for, which comes without its line feed.
    ///
    /// - Throws: what is wrong with the line.
    public func decode(line: [UInt8]) throws(TextMistake) -> [UInt8] {
        switch self {
        case .plain: line
        case .hex: try HexText.decode(line)
        case .can: try CANFrame(text: line).kernelBytes
        }
    }

    /// A message on a line of its own: its bytes and a line feed, unless plain ones end in one.
    public func line(forMessage bytes: [UInt8]) -> [UInt8] {
        let feed = UInt8(ascii: "\n")
        switch self {
        case .plain: return bytes.last == feed ? bytes : bytes + [feed]
        case .hex: return HexText.encode(bytes[...]) + [feed]
        // What is no frame, which the kernel does not deliver, is shown as bytes.
        case .can: return (CANFrame(kernelBytes: bytes)?.text ?? HexText.encode(bytes[...])) + [feed]
        }
    }

    /// Bytes of a stream: as they are, or lines of sixteen.
    public func lines(forStream bytes: ArraySlice<UInt8>) -> [UInt8] {
        guard self != .plain else { return Array(bytes) }
        return stride(from: bytes.startIndex, to: bytes.endIndex, by: 16).flatMap { start in
            HexText.encode(bytes[start..<min(start + 16, bytes.endIndex)]) + [UInt8(ascii: "\n")]
        }
    }
}
