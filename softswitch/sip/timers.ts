/** RFC 3261 §17.1.1.1: estimate of the round-trip time. */
export const T1_MS = 500;
/** Longest interval between retransmissions of anything but an INVITE. */
export const T2_MS = 4_000;
/** How long a message may live in the network. */
export const T4_MS = 5_000;
/** Timers B, D, F, H, J, L and M. */
export const TIMEOUT_MS = 64 * T1_MS;
/** How long an INVITE may go without a final response of ours: no phone rings that long. */
export const LONGEST_RING_MS = 600_000;
