// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Standard input, output and error.
public enum StandardDescriptors {
    /// Opens `/dev/null` for each of the three that is closed.
    ///
    /// Otherwise the next socket would get the free number, and output of the program would go to a client.
    public static func fill() {
        for number: CInt in 0...2 where fcntl(number, F_GETFD) < 0 {
            // open(2) returns the lowest free number, which is this one: those below it are open.
            // unsafe: the literal lives as long as the program.
            _ = unsafe open("/dev/null", O_RDWR)
        }
    }
}
