// SPDX-License-Identifier: Apache-2.0

extension Lexer {
    /// Parses the next bare value: a number, a boolean, a date or a time.
    mutating func bareValue() -> TOMLValue {
        let start = offset
        skipBareWord()
        guard offset > start else {
            reportUnexpected(
                expected: "a value", help: "put a value here: text goes between quotes, as in `\"text\"`")
            return TOMLValue(content: .invalid, range: SourceRange(start: start, end: start))
        }
        let range = SourceRange(start: start, end: offset)
        switch BareValue.read(bytes[start..<offset]) {
        case .success(let content):
            return TOMLValue(content: content, range: range)
        case .failure(let mistake):
            report(TOMLProblem(message: mistake.message, help: mistake.help, range: range))
            return TOMLValue(content: .invalid, range: range)
        }
    }

    /// Skips a bare word, and a time of day that follows a date after one space.
    private mutating func skipBareWord() {
        let start = offset
        skip { !ASCII.endsBareValue($0) }
        guard DateTimeReader.isDateShaped(bytes[start..<offset]), offset - start == 10, next == ASCII.space,
            let tens = byte(ahead: 1), ASCII.isDigit(tens), let ones = byte(ahead: 2), ASCII.isDigit(ones),
            byte(ahead: 3) == ASCII.colon
        else { return }
        offset += 1
        skip { !ASCII.endsBareValue($0) }
    }
}
