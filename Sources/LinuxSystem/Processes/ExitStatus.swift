// SPDX-License-Identifier: Apache-2.0

/// The exit statuses of the programs: sysexits.h.
public enum ExitStatus {
    /// `EX_USAGE`: the command line is wrong.
    public static let usage: CInt = 64
    /// `EX_UNAVAILABLE`: a listener could not be created.
    public static let unavailable: CInt = 69
    /// `EX_SOFTWARE`: a bug in the program.
    public static let software: CInt = 70
    /// `EX_OSERR`: the operating system refuses a resource that the program needs.
    public static let system: CInt = 71
    /// `EX_CONFIG`: the configuration is wrong.
    public static let configuration: CInt = 78
}
