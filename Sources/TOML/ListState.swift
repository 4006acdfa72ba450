// SPDX-License-Identifier: Apache-2.0

/// What is allowed next in an array or an inline table.
enum ListState {
    /// An element, or the end of the empty array or table.
    case opened
    /// An element; in an array also the end.
    case afterComma
    /// A comma or the end.
    case afterElement
    /// Anything: the last element was invalid and was skipped.
    case afterMistake
}
