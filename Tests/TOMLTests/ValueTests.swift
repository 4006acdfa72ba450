// SPDX-License-Identifier: Apache-2.0

import TOML
import Testing

/// Values at the edges of what the corpus has, and the words for those beyond.
@Suite struct ValueTests {
    @Test(arguments: [
        ("9223372036854775807", Int64.max),
        ("+9_223_372_036_854_775_807", Int64.max),
        ("-9223372036854775808", Int64.min),
        ("0x7FFF_FFFF_FFFF_FFFF", Int64.max),
        ("0x0000_0000_0000_0000_0001", 1),
        ("0o777777777777777777777", Int64.max),
        ("0b0", 0),
        ("-0", 0),
    ])
    func `an integer is read exactly`(text: String, value: Int64) {
        #expect(root(of: "a = \(text)").value(at: "a")?.integer == value)
    }

    @Test(arguments: [
        "9223372036854775808", "-9223372036854775809", "99999999999999999999999999", "0x8000000000000000",
        "0xFFFFFFFFFFFFFFFF", "0x1_0000_0000_0000_0000", "0o1000000000000000000000",
        "0b1000000000000000000000000000000000000000000000000000000000000000",
    ])
    func `an integer of more than 64 bits is a problem`(text: String) throws {
        let problem = try #require(TOMLDocument.parse(Array("a = \(text)".utf8)).problems.first)
        #expect(problem.message.hasSuffix("does not fit into 64 bits"))
        #expect(problem.help == "integers go from -9223372036854775808 to 9223372036854775807")
        #expect(problem.range == SourceRange(start: 4, end: 4 + text.utf8.count))
    }

    @Test(arguments: [
        ("1e400", "1:5: `1e400` is too large for a float"),
        ("-1e400", "1:5: `-1e400` is too large for a float"),
        ("007", "1:5: `007` begins with a zero"),
        ("-0x1", "1:5: `-0x1` has a sign"),
        ("0X1", "1:5: `0X1` is not a number"),
        ("1__0", "1:5: `1__0` has a stray `_`"),
        ("1_", "1:5: `1_` has a stray `_`"),
        ("1.", "1:5: `1.` ends in the middle of a number"),
        (".5", "1:5: `.5` has a stray `.`"),
        ("1.e5", "1:5: `1.e5` has a stray `.`"),
        ("64KiB", "1:5: `64KiB` is not a number"),
        ("10.0.0.1", "1:5: `10.0.0.1` is not a number"),
        ("0b12", "1:5: `0b12` is not a number of base 2"),
        ("yes", "1:5: `yes` is not a boolean"),
        ("TRUE", "1:5: `TRUE` is not a boolean"),
        ("null", "1:5: TOML has no `null`"),
        ("NaN", "1:5: `NaN` is not a number"),
        ("2023-02-29", "1:5: `2023-02-29` is not a day of the calendar"),
        ("2024-01-01T24:00:00", "1:5: `24:00:00` is not a time of day"),
        ("2024-01-01T00:00", "1:5: `2024-01-01T00:00` is not a date or time"),
        ("2024-01-01T00:00:00+24:00", "1:5: `2024-01-01T00:00:00+24:00` has an impossible offset from UTC"),
        ("2024-01-01T00:00:00Zulu", "1:5: `2024-01-01T00:00:00Zulu` is not a date or time"),
        ("\"\\ud800\\udc00\"", "1:6: `\\ud800` is not a Unicode character"),
        ("\"\\U00110000\"", "1:6: `\\U00110000` is not a Unicode character"),
        ("\"\\u12\"", "1:6: `\\u12` has too few digits"),
        ("\"\\x41\"", "1:6: `\\x` is not an escape"),
    ])
    func `a wrong value has a message`(text: String, problem: String) {
        #expect(problems(in: "a = \(text)").first == problem)
    }

    @Test(arguments: [
        ("10s", "a value with a unit is text and goes in quotes: `\"10s\"`"),
        ("debug", "if it is text, put it in quotes: `\"debug\"`"),
        ("On", "write `true`"),
        ("off", "write `false`"),
        ("nil", "leave the key out instead"),
        ("017", "remove the zeros before it; octal numbers begin with `0o`"),
    ])
    func `a wrong value has a hint`(text: String, help: String) {
        #expect(TOMLDocument.parse(Array("a = \(text)".utf8)).problems.first?.help == help)
    }

    @Test(arguments: [
        ("0000-01-01", "0000-01-01"),
        ("2024-02-29", "2024-02-29"),
        ("2000-02-29t23:59:60z", "2000-02-29T23:59:60Z"),
        ("2024-01-01 00:00:00.5-00:30", "2024-01-01T00:00:00.5-00:30"),
        ("2024-01-01 00:00:00-00:00", "2024-01-01T00:00:00Z"),
        ("07:32:00.123456789123", "07:32:00.123456789"),
    ])
    func `a date or time is read`(text: String, expected: String) {
        let description: String? =
            switch root(of: "a = \(text) # comment").value(at: "a")?.content {
            case .offsetDateTime(let instant): instant.description
            case .localDateTime(let local): local.description
            case .localDate(let date): date.description
            case .localTime(let time): time.description
            default: nil
            }
        #expect(description == expected)
    }

    @Test(arguments: [
        ("\"\"", ""),
        ("\"\"\"\"\"\"", ""),
        ("\"\"\"\"\"\"\"\"", "\"\""),
        ("'''''''", "'"),
        ("\"\"\"\r\na\r\nb\"\"\"", "a\r\nb"),
        ("\"\"\"a\\\r\n \t\r\n  b\"\"\"", "ab"),
        (#""\U0001F600\u00e9\b\t\n\f\r\"\\""#, "😀é\u{8}\t\n\u{C}\r\"\\"),
        (#"'\u00e9'"#, "\\u00e9"),
    ])
    func `a string is read`(text: String, expected: String) {
        #expect(root(of: "a = \(text)").value(at: "a")?.string.map { Array($0.utf8) } == Array(expected.utf8))
    }

    @Test func `quoted text is bounded and escaped`() throws {
        let long = String(repeating: "x", count: 100_000)
        let message = try #require(problems(in: "a = \(long)").first)
        #expect(message.count < 100)
        #expect(
            problems(in: "\"\\u001b[31m\" = 1\n\"\\u001b[31m\" = 2\n") == ["2:1: `\"\\u{1B}[31m\"` is defined twice"])
        #expect(problems(in: "a = \u{202E}x") == ["1:5: `\\u{202E}x` is not a value"])
    }
}
