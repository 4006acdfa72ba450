# SPDX-License-Identifier: Apache-2.0
"""What runs inside the virtual machine: it drives usherd and says of each case whether it was as it should be."""
