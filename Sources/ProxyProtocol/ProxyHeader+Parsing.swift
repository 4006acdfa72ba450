// SPDX-License-Identifier: Apache-2.0

extension ProxyHeader {
    /// The default limit for a header of version 2; nginx has the same.
    public static let defaultLongest = 4096

    /// Parses a header at the start of the bytes that were received so far.
    ///
    /// Parsing starts over when more bytes arrive; an incomplete header costs at most 107 bytes of work.
    ///
    /// - Parameter longest: the most bytes of a whole header of version 2; the limits of version 1 are fixed.
    /// - Throws: as soon as no further bytes could complete a header. An address of version 1 is checked when the space after it
    ///   has arrived, the fields of version 2 when all of them have.
    public static func parse(
        _ bytes: RawSpan, longest: Int = defaultLongest
    ) throws(ProxyHeaderMistake) -> ProxyHeaderProgress {
        switch bytes.match(BinaryHeader.signature) {
        case .whole: return try BinaryHeaderParser.parse(bytes, longest: longest)
        case .soFar: return .incomplete
        case .differs: return try TextHeaderParser.parse(bytes)
        }
    }
}
