import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
	RtpPacket,
	sequenceDistance,
	timestampDistance,
	writeHeader,
} from "../../../softswitch/rtp/packet.js";

const packet = new RtpPacket();
const header = (...bytes: number[]) =>
	Buffer.concat([Buffer.from(bytes), Buffer.alloc(12 - bytes.length)]);

describe("an RTP packet", () => {
	it("reads as it was written", () => {
		const fields = fc.record({
			type: fc.integer({ min: 0, max: 63 }),
			marker: fc.boolean(),
			sequence: fc.nat(0xffff),
			timestamp: fc.nat(0xffff_ffff),
			ssrc: fc.nat(0xffff_ffff),
		});
		fc.assert(
			fc.property(fields, ({ type, marker, sequence, timestamp, ssrc }) => {
				const bytes = Buffer.alloc(172);
				writeHeader(bytes, type, marker, sequence, timestamp, ssrc);
				expect(packet.read(bytes)).toBe(true);
				expect(packet).toMatchObject({
					payloadType: type,
					marker,
					sequence,
					timestamp,
					ssrc,
					payloadStart: 12,
					payloadEnd: 172,
				});
			}),
		);
	});

	it("has its payload after contributing sources and an extension, before the padding", () => {
		const bytes = Buffer.alloc(12 + 8 + 4 + 4 + 5 + 3);
		bytes[0] = 0x80 | 0x20 | 0x10 | 2;
		bytes.writeUInt16BE(1, 12 + 8 + 2);
		bytes[bytes.length - 1] = 3;
		expect(packet.read(bytes)).toBe(true);
		expect([packet.payloadStart, packet.payloadEnd]).toEqual([28, 33]);
	});

	it.each<[string, Buffer]>([
		["too short", Buffer.alloc(11, 0x80)],
		["of another version", header(0x40)],
		["RTCP", header(0x80, 200)],
		["shorter than its list of sources", header(0x8f)],
		["shorter than its extension", header(0x90)],
		["padded by nothing", header(0xa0)],
		[
			"padded by more than it holds",
			Buffer.concat([header(0xa0), Buffer.of(99)]),
		],
	])("is not what is %s", (_name, bytes) => {
		expect(packet.read(bytes)).toBe(false);
	});

	it("never has a payload outside its bytes", () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
				if (bytes.length > 0) bytes[0] = 0x80 | ((bytes[0] ?? 0) & 0x3f);
				if (!packet.read(Buffer.from(bytes))) return;
				expect(packet.payloadStart).toBeLessThanOrEqual(packet.payloadEnd);
				expect(packet.payloadEnd).toBeLessThanOrEqual(bytes.length);
			}),
		);
	});
});

describe("distances", () => {
	it("go around the circle the short way", () => {
		expect(sequenceDistance(0xffff, 1)).toBe(2);
		expect(sequenceDistance(1, 0xffff)).toBe(-2);
		expect(timestampDistance(0xffff_ff60, 0)).toBe(160);
		expect(timestampDistance(0, 0xffff_ff60)).toBe(-160);
	});
});
