// SPDX-License-Identifier: Apache-2.0

import Glibc
import Supervisor

exit(Daemon.run(CommandLine.arguments.dropFirst()))
