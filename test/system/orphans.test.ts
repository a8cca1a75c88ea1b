import { setTimeout as pause } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { type PostedCall, useService } from "../support/service.js";
import { inAProcess } from "../support/service-process.js";
import { startSoftswitchProcess } from "../support/softswitch-process.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { UdpCallee } from "../support/udp-callee.js";

const ANSWERED = 15;
const RINGING = 5;
const AT_ONCE = 5;
/** Nobody does anything for those on the line, for so long. */
const LEFT_MS = 1_000;
/** Of the moment when it is there again. */
const WITHIN_MS = 5_000;

const variants = [
	{
		name: "whose softswitch dies with it",
		softswitch: null,
		leavesRinging: true,
	},
	{
		// docs/softswitch.md: whoever rings is let go at once
		name: "whose softswitch lives on",
		softswitch: { lingers: false },
		leavesRinging: false,
	},
	{
		// as drachtio-server 0.9.10 does
		name: "whose softswitch lives on and lets it ring",
		softswitch: { lingers: true },
		leavesRinging: true,
	},
];

describe.each(variants)(
	"a service that is killed, $name",
	({ softswitch, leavesRinging }) => {
		const closers: (() => unknown)[] = [];
		afterAll(async () => {
			for (const close of closers.splice(0).reverse()) await close();
		});
		const { launch, processes } = inAProcess();
		const service = useService(async () => {
			if (!softswitch) return {};
			const started = await startSoftswitchProcess();
			closers.push(() => started.child.exit("SIGKILL"));
			const control = await TcpProxy.open(started.control);
			closers.push(() => control.close());
			control.lingers = softswitch.lingers;
			return {
				DRACHTIO: `${control.address}:cymru`,
				FREESWITCH: `127.0.0.1:${started.eventSocket}:ClueCon`,
				SIP_ALLOW: "127.0.0.1",
			};
		}, launch);

		async function on(callee: UdpCallee, name: string) {
			const waits = { id: "keys", type: "keypad", count: 1, timeout: 120 };
			return service.call(callee.uri(name), [waits], {
				entry: { timeout: 60 },
			});
		}

		it("leaves nobody on the line once it is there again, and rings nobody anew", async () => {
			const callee = await UdpCallee.start();
			closers.push(() => callee.stop());
			const answered: PostedCall[] = [];
			// a few at a time: twenty at once keep a busy machine from making their endpoints in time
			while (answered.length < ANSWERED) {
				const few = await Promise.all(
					Array.from({ length: AT_ONCE }, (_, n) =>
						on(callee, `a${answered.length + n}`),
					),
				);
				for (const call of few) await call.event("step.started", "keys");
				answered.push(...few);
			}
			const ringing = await Promise.all(
				Array.from({ length: RINGING }, (_, n) => on(callee, `r${n}`)),
			);
			for (const call of ringing) await call.event("call.ringing");
			const [talk, ring] = ["a", "r"].map((kind) =>
				callee.invited.filter(({ to }) => to.startsWith(kind)),
			);
			const endedBy = () => ({
				talk: talk?.map((call) => call.endedBy),
				ring: ring?.map((call) => call.endedBy),
			});
			const each = (what: { talk?: "BYE"; ring?: "CANCEL" }) => ({
				talk: Array(ANSWERED).fill(what.talk),
				ring: Array(RINGING).fill(what.ring),
			});

			await processes.at(-1)?.exit("SIGKILL");
			await pause(LEFT_MS);
			expect(endedBy()).toEqual(each(leavesRinging ? {} : { ring: "CANCEL" }));

			await service.launch();
			await expect
				.poll(endedBy, { timeout: WITHIN_MS, interval: 20 })
				.toEqual(each({ talk: "BYE", ring: "CANCEL" }));
			for (const call of [...answered, ...ringing])
				expect((await call.ended()).end).toMatchObject({
					...{ outcome: "interrupted", reason: "service_restarted" },
				});
			await pause(LEFT_MS);
			expect(callee.live).toEqual([]);
			expect(callee.invited).toHaveLength(ANSWERED + RINGING);
		});
	},
);
