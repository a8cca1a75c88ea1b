import { describe, expect, it } from "vitest";
import { dataBlock } from "../../../softswitch/esl/channel-event.js";
import { headerLines, SwitchEvent } from "../../../softswitch/esl/event.js";
import { sofiaStatus } from "../../../softswitch/esl/status.js";
import { createRig } from "./rig.js";

// Lines as FreeSWITCH 1.10.12 was seen to write them.

describe("on the wire", () => {
	it("sofia status is FreeSWITCH's to the byte", () => {
		const { engine } = createRig();
		engine.channels.clear();
		expect(sofiaStatus(engine)).toHaveLength(388);
		expect(sofiaStatus(engine).split("\n")[2]).toBe(
			"             drachtio_mrf\tprofile\t              sip:mod_sofia@127.0.0.1:5080\tRUNNING (0)",
		);
	});

	it("header values are URL-encoded but for slash and comma", () => {
		expect(
			headerLines({
				"Event-Date-GMT": "Sat, 21 Nov 2026 01:49:14 GMT",
				"FreeSWITCH-IPv6": "fd00::2",
				"Channel-Name": "sofia/drachtio_mrf/nobody@127.0.0.1:5062",
				variable_sdp: "v=0\r\n",
				variable_odd: "\ud800",
			}),
		).toBe(
			[
				"Event-Date-GMT: Sat,%2021%20Nov%202026%2001%3A49%3A14%20GMT",
				"FreeSWITCH-IPv6: fd00%3A%3A2",
				"Channel-Name: sofia/drachtio_mrf/nobody%40127.0.0.1%3A5062",
				"variable_sdp: v%3D0%0D%0A",
				"variable_odd: %EF%BF%BD",
				"",
			].join("\n"),
		);
	});

	it("CHANNEL_DATA ends with what makes it a reply, and an empty line", () => {
		const { engine, channel } = createRig();
		const block = dataBlock(engine.events, channel);
		expect(block).toMatch(/^Event-Name: CHANNEL_DATA\nCore-UUID: /);
		expect(block).toMatch(
			/\nContent-Type: command\/reply\nReply-Text: %2BOK%0A\nSocket-Mode: async\nControl: full\n\n$/,
		);
		expect(block).toContain(`\nChannel-Unique-ID: ${channel.uuid}\n`);
	});

	it("an event is serialised once, its length counted in bytes", () => {
		const event = new SwitchEvent(
			"CUSTOM",
			{ "Event-Name": "CUSTOM", a: "ü" },
			{ body: "é" },
		);
		const frame = event.frame("json");
		expect(event.frame("json")).toBe(frame);
		const body = frame.slice(frame.indexOf("\n\n") + 2);
		expect(frame).toMatch(
			new RegExp(
				`^Content-Length: ${Buffer.byteLength(body)}\nContent-Type: text/event-json\n\n`,
			),
		);
		expect(JSON.parse(body)).toMatchObject({
			"Content-Length": "2",
			_body: "é",
		});
		expect(event.frame("plain")).toMatch(
			/\n\nEvent-Name: CUSTOM\na: %C3%BC\nContent-Length: 2\n\né$/,
		);
	});

	it("DTMF and CHANNEL_CALLSTATE carry no variables, the others do", () => {
		const rig = createRig();
		rig.run("set", "a=b");
		rig.press("1");
		expect(rig.last("DTMF").headers).not.toHaveProperty("variable_a");
		expect(rig.last("CHANNEL_EXECUTE_COMPLETE").headers).toMatchObject({
			variable_a: "b",
			"Unique-ID": rig.channel.uuid,
			"Channel-Call-UUID": rig.channel.uuid,
			"Answer-State": "answered",
			"Channel-State": "CS_EXECUTE",
			"Channel-State-Number": "4",
		});
	});
});
