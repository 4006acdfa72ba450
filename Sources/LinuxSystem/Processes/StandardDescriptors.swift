// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Standard input, output and error.
public enum StandardDescriptors {
    /// Opens `/dev/null` for each of the three that is closed.
    ///
    /// Otherwise the next socket gets the number, and what somebody prints goes to a client.
    public static func fill() {
        for number: CInt in 0...2 where fcntl(number, F_GETFD) < 0 {
            // The lowest free number is this one, since those below it are taken: open(2).
            // unsafe: the literal lives as long as the program.
            _ = unsafe open("/dev/null", O_RDWR)
        }
    }
}
