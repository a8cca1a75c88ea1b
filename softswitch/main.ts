/** The embedded engine as a program of its own: `npm run softswitch`. */
import {
	ConfigError,
	readSoftswitchConfig,
	softswitchHelp,
} from "../core/config.js";
import { createLog } from "../core/log.js";
import { SoftswitchError, startSoftswitch } from "./app.js";

/** Two legs for each of the 200 live calls that the engine is made for. */
const MOST_ENDPOINTS = 400;

async function main(): Promise<void> {
	const config = readSoftswitchConfig();
	const log = createLog({ level: config.LOG_LEVEL, name: "softswitch" });
	const softswitch = await startSoftswitch({
		sip: config.SOFTSWITCH_SIP,
		...(config.SOFTSWITCH_ADVERTISE && {
			advertise: config.SOFTSWITCH_ADVERTISE,
		}),
		control: {
			...config.SOFTSWITCH_CONTROL,
			secret: config.SOFTSWITCH_SECRET,
		},
		eventSocket: {
			...config.SOFTSWITCH_EVENT_SOCKET,
			secret: config.SOFTSWITCH_EVENT_SECRET,
		},
		rtpPorts: config.SOFTSWITCH_RTP,
		...(config.SOFTSWITCH_JOURNAL && { journal: config.SOFTSWITCH_JOURNAL }),
		...(config.SOFTSWITCH_SOUNDS && { soundsDir: config.SOFTSWITCH_SOUNDS }),
		maxEndpoints: MOST_ENDPOINTS,
		logLevel: config.LOG_LEVEL,
	});
	softswitch.onExit((error) => {
		log.error({ error }, "the softswitch died");
		process.exitCode = 1;
	});
	for (const signal of ["SIGTERM", "SIGINT"] as const)
		process.once(signal, () => void softswitch.stop());
	const { sip, control, eventSocket } = softswitch;
	console.log(`SIP (UDP, TCP)       ${sip.host}:${sip.port}`);
	console.log(`drachtio control     ${control.host}:${control.port}`);
	console.log(`event socket         ${eventSocket.host}:${eventSocket.port}`);
}

if (process.argv.includes("--help")) console.log(softswitchHelp());
else
	main().catch((error: unknown) => {
		const expected =
			error instanceof ConfigError || error instanceof SoftswitchError;
		console.error(expected ? error.message : error);
		process.exitCode = 1;
	});
