// SPDX-License-Identifier: Apache-2.0

#if DEBUG
    import Glibc
    import Reactor

    /// Makes a lane hang, to test the watchdog in Tests/System. Debug builds only.
    ///
    /// Concurrency: no state; may be used from every thread.
    enum HangingLane {
        /// The environment variable that makes SIGUSR2 hang a lane instead of listing connections. Any value does.
        static let variable = "USHERD_TEST_HANG_ON_USR2"

        /// Whether the variable is set.
        static var isWanted: Bool {
            // unsafe: a string that ends in NUL; nothing changes the environment after the start.
            unsafe getenv(variable) != nil
        }

        /// Blocks the first lane for ever.
        static func hang(_ lanes: LaneGroup) {
            lanes.handles[0].perform { _ in
                while true { pause() }
            }
        }
    }
#endif
