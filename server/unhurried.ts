import type { Duplex } from "node:stream";

/** Connections whose request takes as long as its bytes come: node breaks off all others after 300 s. */
export const unhurried = new WeakSet<Duplex>();
