import { describe, expect, it } from "vitest";
import { createLog, masked } from "../../core/log.js";

function logged(write: (log: ReturnType<typeof createLog>) => void) {
	let text = "";
	const log = createLog({
		level: "debug",
		write: (line) => {
			text += line;
		},
	});
	write(log);
	return JSON.parse(text) as Record<string, unknown>;
}

describe("a log", () => {
	it.each([
		["to +4930654321", "to ***21"],
		[
			"sip:+4930654321@192.0.2.7:5060;transport=udp",
			"sip:***@192.0.2.7:5060;transport=udp",
		],
		["<sips:ann.smith@example.com>", "<sips:***@example.com>"],
		["sip:4930654321", "sip:***21"],
		["number=4930654321,", "number=***21,"],
		["/who?n=%2B4930654321&on=1", "/who?n=%2B***21&on=1"],
		["%22sip%3a4930654321%22", "%22sip%3a***21%22"],
		// what is no number
		["no answer from 127.0.0.1:8021", undefined],
		["12345678-1234-4123-8123-123456789012", undefined],
		["2030-01-01T00:00:00.000Z", undefined],
		["INVITE sip:127.0.0.1:5060", undefined],
		["/recordings/12345678-1234-4123-8123-123456789012-1.wav", undefined],
	])("says of %s: %s", (text, said) => {
		expect(masked(text)).toBe(said ?? text);
	});

	it("masks messages, fields however deep, and errors with their causes", () => {
		const cause = new Error("refused by sip:4930654321@192.0.2.7");
		const thrown = Object.assign(
			new Error("no way to +4930654321", { cause }),
			{ code: "EFAIL", config: { headers: { authorization: "secret" } } },
		);
		const line = logged((log) =>
			log.child({ callId: "c" }).error(
				{
					...{ err: thrown, error: thrown, frames: 12_345_678 },
					...{ deep: { list: ["4930654321"] }, none: null },
				},
				"rang 4930654321",
			),
		);
		expect(JSON.stringify(line)).not.toMatch(/4930654321|secret/);
		expect(line).toMatchObject({
			...{ callId: "c", frames: 12_345_678, none: null },
			...{ msg: "rang ***21", deep: { list: ["***21"] } },
			err: {
				message: "no way to ***21: refused by sip:***@192.0.2.7",
				code: "EFAIL",
			},
		});
		expect(line.error).toEqual(line.err);
	});

	it("masks what an error says where the line says nothing", () => {
		const error = new Error("no way to +4930654321");
		const said = { message: "no way to +4930654321" };
		for (const words of [[error], [{ err: error }], [{ err: said }]]) {
			const line = logged((log) => log.error(...(words as [object])));
			expect(line.msg).toBe("no way to ***21");
			expect(JSON.stringify(line)).not.toContain("4930654321");
		}
		expect(logged((log) => log.error({ err: null })).msg).toBeUndefined();
		expect(logged((log) => log.error("100 %s")).msg).toBe("100 %s");
	});
});
