// SPDX-License-Identifier: Apache-2.0

// The parts of libsystemd that usherd uses: sd_notify(3), sd_listen_fds(3), sd_journal_print(3).
#pragma once
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>
