import { z } from "zod";

/** A year from the end of what can be written: what is counted on from an instant can be, too. */
const LATEST = Date.UTC(9999, 0, 1) - 1;

/** Whether no instant of ours is so early or so late. */
export const isOutside = (epochMs: number) => epochMs < 0 || epochMs > LATEST;

const written = z.iso
	.datetime({
		offset: true,
		error: "write an instant with its offset, such as 2030-10-11T20:48:00Z",
	})
	// what is no instant at all was refused for that
	.refine((text) => !isOutside(Date.parse(text)), {
		error: "write an instant from 1970 to 9998 in UTC",
	});

/** As it was written. */
export const instantText = written;
/** Epoch milliseconds. */
export const instant = written.transform((text) => Date.parse(text));
