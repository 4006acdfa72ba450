// SPDX-License-Identifier: Apache-2.0

#if DEBUG
    import Glibc
    import Reactor

    /// A lane that hangs, to see that the watchdog notices: of a debug build alone, for Tests/System.
    ///
    /// Concurrency: no state; may be used from every thread.
    enum HangingLane {
        /// The variable of the environment that, set to anything, has SIGUSR2 hang a lane instead of what it is for.
        static let variable = "USHERD_TEST_HANG_ON_USR2"

        /// Whether that is wanted.
        static var isWanted: Bool {
            // unsafe: a string that ends in NUL; nothing changes the environment after the start.
            unsafe getenv(variable) != nil
        }

        /// Has the first lane never answer again.
        static func hang(_ lanes: LaneGroup) {
            lanes.handles[0].perform { _ in
                while true { pause() }
            }
        }
    }
#endif
