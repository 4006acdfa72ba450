// SPDX-License-Identifier: Apache-2.0

/// `number`, not negative, in decimal digits with leading zeros up to `width`.
func decimal(_ number: Int, width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
