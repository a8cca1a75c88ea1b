import { Child } from "./child.js";

export interface SoftswitchProcess {
	child: Child;
	/** Ports. */
	sip: number;
	control: number;
	eventSocket: number;
}

/** `npm run softswitch` on free ports of the loopback. */
export async function startSoftswitchProcess(
	settings: Record<string, string> = {},
): Promise<SoftswitchProcess> {
	const anyPort = "127.0.0.1:0";
	const child = await Child.start(
		"softswitch/main.js",
		{
			SOFTSWITCH_SIP: anyPort,
			SOFTSWITCH_CONTROL: anyPort,
			SOFTSWITCH_EVENT_SOCKET: anyPort,
			LOG_LEVEL: "error",
			...settings,
		},
		/event socket +\S+:\d+/,
	);
	const port = (what: string) =>
		Number(new RegExp(`${what} +\\S+:(\\d+)`).exec(child.said)?.[1]);
	return {
		child,
		sip: port("SIP \\(UDP, TCP\\)"),
		control: port("drachtio control"),
		eventSocket: port("event socket"),
	};
}
