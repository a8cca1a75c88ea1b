import { expect, it } from "vitest";
import { newDataDir, SLOW_MS } from "../store/data-dir.js";
import { Child } from "../support/child.js";

it(
	"a start names the setting of a server that is not there, and a misspelt one",
	async () => {
		const { dataDir, remove } = await newDataDir();
		const settings = {
			...{ DATA_DIR: dataDir, HTTP_PORT: "0", HTTP_ALOW: "127.0.0.1" },
			...{ DRACHTIO: "127.0.0.1:9:x", FREESWITCH: "127.0.0.1:9:x" },
		};
		const words: unknown = await Child.start(
			...(["server/main.js", settings, /listens at/] as const),
		).catch(String);
		expect(words).toMatch(
			/^(?:DRACHTIO: drachtio-server|FREESWITCH: FreeSWITCH) at 127\.0\.0\.1:9: .*; start it, or write where it is$/m,
		);
		expect(words).toContain("HTTP_ALOW is no setting; did you mean HTTP_ALLOW");
		await remove();
	},
	SLOW_MS,
);
