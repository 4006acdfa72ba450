// SPDX-License-Identifier: Apache-2.0

import Addresses

extension DatagramBatch {
    /// Whether the datagram, and each one joined in it, is a CAN frame that may be sent.
    package func isFrame(_ index: Int) -> Bool {
        let segment = segment(index)
        return withBytes(index) { bytes in
            guard segment > 0 else { return CANFrameLayout.isSendable(bytes) }
            return stride(from: 0, to: bytes.byteCount, by: segment).allSatisfy { start in
                CANFrameLayout.isSendable(bytes.extracting(start..<min(start + segment, bytes.byteCount)))
            }
        }
    }
}
