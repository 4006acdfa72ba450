// SPDX-License-Identifier: Apache-2.0

/// What may come next between the brackets of an array or the braces of an inline table.
enum ListState {
    /// An element, or the end if there is none before.
    case opened
    /// An element; in an array also the end.
    case afterComma
    /// A comma or the end.
    case afterElement
    /// Anything: the last element could not be read and was skipped.
    case afterMistake
}
