// SPDX-License-Identifier: Apache-2.0

/// How deeply the objects and arrays of a JSON text are nested.
///
/// Found by a scan without recursion, so that a text can be refused before a decoder, which recurses, is given it. Of a text
/// that is no JSON it is some bound of what a decoder would descend to.
package enum JSONDepth {
    /// The deepest call that is decoded.
    package static let deepestCall = 16

    /// The greatest depth in a text: 0 for a number, 1 for `{}`.
    package static func of(_ text: some Sequence<UInt8>) -> Int {
        var depth = 0
        var deepest = 0
        var isString = false
        var isEscaped = false
        for byte in text {
            if isString {
                switch byte {
                case _ where isEscaped: isEscaped = false
                case UInt8(ascii: "\\"): isEscaped = true
                case UInt8(ascii: "\""): isString = false
                default: break
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                deepest = max(deepest, depth)
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
        }
        return deepest
    }
}
