// SPDX-License-Identifier: Apache-2.0

// The files of the example are as they would be in Services, so they do not import it.
@_exported import Services
