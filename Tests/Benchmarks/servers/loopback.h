// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <netinet/in.h>
#include <stdbool.h>

// What the servers here need before they serve.

/// Ends the program with the reason when its set-up fails.
void require(bool succeeded, const char *operation);

/// As many descriptors as the hard limit allows. Returns how many.
size_t raise_descriptor_limit(void);

/// 127.0.0.1 with a port that is given as text. Ends the program if it is none.
struct sockaddr_in loopback(const char *port);

/// A non-blocking listener with TCP_NODELAY, which accepted sockets inherit.
int listen_on(struct sockaddr_in address);
