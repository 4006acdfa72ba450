// SPDX-License-Identifier: Apache-2.0

extension ProxyHeader {
    /// The longest header of version 2 that is taken where nobody says otherwise; nginx has the same bound.
    public static let defaultLongest = 4096

    /// Reads a header at the beginning of what has come from a client so far.
    ///
    /// It is read anew each time that more has come: what is incomplete costs a look at 107 bytes at most.
    ///
    /// - Parameter longest: the most bytes that a header of version 2 may have in all; the bounds of version 1 are fixed.
    /// - Throws: as soon as no further bytes could make a header of these. An address of version 1 is judged when the
    ///   space after it has come, what follows the addresses of version 2 when all of it has.
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
