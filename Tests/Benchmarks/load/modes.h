// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "options.h"

void run_roundtrip(const struct options *options);
void run_objects(const struct options *options);
void run_connects(const struct options *options);
void run_stream(const struct options *options);
void run_hold(const struct options *options);
void run_schedule(const struct options *options);
void run_datagrams(const struct options *options);
void run_flood(const struct options *options);
void run_datagram_hold(const struct options *options);
