// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem
import Supervisor

exit(Daemon.run(ProgramArguments.words))
