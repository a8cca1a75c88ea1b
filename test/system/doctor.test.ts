import { describe, expect, it } from "vitest";
import { loopback } from "../core/loopback.js";
import { runCli } from "../support/cli.js";
import { TOKEN, useService } from "../support/service.js";

const service = useService(() => ({ HTTP_ALLOW: "127.0.0.1" }));

describe("flowdial doctor", () => {
	it("finds a service well whose engines, sound and webhook do their work", async () => {
		const consumer = await loopback((_, response) => response.end());
		const env = { FLOWDIAL_URL: service.url, FLOWDIAL_TOKEN: TOKEN };
		const { out, err, code } = await runCli(
			["doctor", "--webhook", consumer.url],
			{ env },
		);
		expect(err).toBe("");
		for (const line of [
			/^ok +service +http:\S+ answers, and takes the token$/m,
			/^ok +database +it answers$/m,
			/^ok +disk +\d+\.\d GB are free in DATA_DIR$/m,
			/^ok +sip_engine +1 of 1 answer$/m,
			/^ok +media_engine +1 of 1 answer$/m,
			/^ok +speech +a text of \d\.\d s was spoken$/m,
			/^ok +sound +the media engine has played a tone and recorded it$/m,
			/^- +trunk +SIP_TRUNK is not set/m,
			/^ok +webhook +it answered 200$/m,
		])
			expect(out).toMatch(line);
		expect(code).toBe(0);
		expect(consumer.requests).toHaveLength(1);
	});

	it("says what is wrong and what to do, and fails", async () => {
		const wrong = await runCli(["doctor"], {
			env: { FLOWDIAL_URL: service.url, FLOWDIAL_TOKEN: "wrong" },
		});
		expect(wrong.out).toMatch(/^WRONG +service +401: .*\n +.*AUTH_TOKEN/);
		expect(wrong.code).toBe(1);
		const none = await runCli(["doctor"], {
			env: { FLOWDIAL_URL: "http://127.0.0.1:1", FLOWDIAL_TOKEN: TOKEN },
		});
		expect(none.out).toMatch(
			/^WRONG +service +http:\S+ does not answer: .*\n +.*npm start/,
		);
	});
});
