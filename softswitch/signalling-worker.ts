/** The thread behind app.ts: SIP, the control protocol and the event socket. */
import { parentPort, workerData } from "node:worker_threads";
import type { SoftswitchOptions } from "./options.js";
import { type Report, startSignalling } from "./signalling.js";

const report = (message: Report) => parentPort?.postMessage(message);

try {
	// Whoever starts this file hands these in: app.ts.
	const signalling = await startSignalling(workerData as SoftswitchOptions);
	parentPort?.once("message", async () => {
		await signalling.close();
		process.exit(0);
	});
	report(signalling.ports);
} catch (error) {
	const why = error instanceof Error ? error.message : String(error);
	report({ kind: "refused", why });
}
