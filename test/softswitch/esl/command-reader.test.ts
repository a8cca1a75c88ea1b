import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
	CommandReader,
	type Reading,
} from "../../../softswitch/esl/command-reader.js";

function read(...chunks: (string | Buffer)[]): Reading[] {
	const reader = new CommandReader();
	return chunks.flatMap((chunk) => [...reader.push(Buffer.from(chunk))]);
}

describe("commands", () => {
	it("are told apart by empty lines, whatever the line ends", () => {
		const commands = read("a b\r\nX-Y:  z \r\n\r\n\n\nc\n\n").map((reading) =>
			reading.kind === "command" ? reading.command : null,
		);
		expect(commands).toEqual([
			{ line: "a b", headers: new Map([["x-y", "z "]]), body: "" },
			{ line: "c", headers: new Map(), body: "" },
		]);
	});

	it("may have a body", () => {
		const [first, second] = read(
			"sendmsg\ncontent-length: 4\n\n",
			"a\n",
			"\nbexit\n\n",
		);
		expect(first).toMatchObject({
			command: { line: "sendmsg", body: "a\n\nb" },
		});
		expect(second).toMatchObject({ command: { line: "exit" } });
	});

	it("read the same however the bytes are cut, and never throw", () => {
		const piece = fc.oneof(
			fc.constantFrom(
				"\n",
				"\n\n",
				"\r\n",
				"api status",
				"Content-Length: 3",
				"content-length: x",
				":",
				"\0",
			),
			fc.string({ unit: "binary", maxLength: 8 }),
		);
		const bytes = fc.oneof(
			fc
				.array(piece, { maxLength: 30 })
				.map((pieces) => Buffer.from(pieces.join(""))),
			fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
		);
		fc.assert(
			fc.property(bytes, fc.integer({ min: 1, max: 7 }), (all, size) => {
				const cut: Buffer[] = [];
				for (let at = 0; at < all.length; at += size)
					cut.push(all.subarray(at, at + size));
				expect(read(...cut)).toEqual(read(all));
			}),
		);
	});
});
