import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import {
	type EventServer,
	startEventServer,
} from "../../../softswitch/esl/event-server.js";
import { startHeartbeat } from "../../../softswitch/esl/heartbeat.js";
import { createRig, type Rig } from "./rig.js";

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
	for (const close of closing.splice(0).reverse()) await close();
});

async function serve(): Promise<{ rig: Rig; server: EventServer }> {
	const rig = createRig();
	const options = { host: "127.0.0.1", port: 0, secret: "hush" };
	const server = await startEventServer(rig.engine, options);
	closing.push(() => server.close());
	return { rig, server };
}

/** A client that reads frames as they are, header block and body. */
class Client {
	readonly #socket: Socket;
	#text = "";
	#ended = false;
	#changed: () => void = () => {};

	constructor(port: number) {
		this.#socket = connect(port, "127.0.0.1");
		// One character a byte, since Content-Length counts bytes.
		this.#socket.setEncoding("latin1");
		this.#socket.on("data", (text: string) => {
			this.#text += text;
			this.#changed();
		});
		this.#socket.on("close", () => {
			this.#ended = true;
			this.#changed();
		});
		this.#socket.on("error", () => {});
		closing.push(() => void this.#socket.destroy());
	}

	send(data: string | Buffer): void {
		this.#socket.write(data);
	}

	/** The next frame; "" when the server has closed the connection. */
	async frame(): Promise<string> {
		for (;;) {
			const end = this.#text.indexOf("\n\n");
			const head = this.#text.slice(0, end);
			const length = Number(/Content-Length: (\d+)/.exec(head)?.[1] ?? 0);
			if (end >= 0 && this.#text.length >= end + 2 + length) {
				const frame = this.#text.slice(0, end + 2 + length);
				this.#text = this.#text.slice(end + 2 + length);
				return Buffer.from(frame, "latin1").toString("utf8");
			}
			if (this.#ended) return this.#text;
			await new Promise<void>((resolve) => {
				this.#changed = resolve;
			});
		}
	}

	async ask(command: string): Promise<string> {
		this.send(`${command}\n\n`);
		return this.frame();
	}
}

async function client(server: EventServer): Promise<Client> {
	const made = new Client(server.port);
	expect(await made.frame()).toBe("Content-Type: auth/request\n\n");
	expect(await made.ask("auth hush")).toBe(
		"Content-Type: command/reply\nReply-Text: +OK accepted\n\n",
	);
	return made;
}

const reply = (text: string) =>
	`Content-Type: command/reply\nReply-Text: ${text}\n\n`;

describe("the event socket", () => {
	it("lets nobody in without the secret, and closes", async () => {
		const { server } = await serve();
		for (const attempt of [
			"auth Hush",
			"auth hush ",
			"api status",
			"event json ALL",
		]) {
			const stranger = new Client(server.port);
			await stranger.frame();
			stranger.send(`${attempt}x\n\n`);
			expect(await stranger.frame()).toBe(reply("-ERR invalid"));
			expect(await stranger.frame()).toContain("text/disconnect-notice");
			expect(await stranger.frame()).toBe("");
		}
	});

	it("answers fsmrf's first commands as FreeSWITCH does", async () => {
		const { server } = await serve();
		const mine = await client(server);
		expect(await mine.ask("event json HEARTBEAT")).toBe(
			reply("+OK event listener enabled json"),
		);
		const status = await mine.ask("api sofia status");
		expect(status).toMatch(
			/^\s*drachtio_mrf\s.*sip:mod_sofia@((?:[0-9]{1,3}\.){3}[0-9]{1,3}:\d+)/m,
		);
		expect(await mine.ask("api version")).toMatch(
			/FreeSWITCH Version 1\.10\.12/,
		);
	});

	it("puts Content-Length first into an event, and its body after the headers", async () => {
		const { rig, server } = await serve();
		const mine = await client(server);
		await mine.ask("event json DTMF BACKGROUND_JOB");
		rig.press("7");
		const frame = await mine.frame();
		expect(frame).toMatch(
			/^Content-Length: \d+\nContent-Type: text\/event-json\n\n\{"Event-Name":"DTMF"/,
		);
		expect(await mine.ask("bgapi version\nJob-UUID: j1")).toBe(
			"Content-Type: command/reply\nReply-Text: +OK Job-UUID: j1\nJob-UUID: j1\n\n",
		);
		const job = JSON.parse((await mine.frame()).split("\n\n")[1] ?? "");
		expect(job).toMatchObject({ "Job-UUID": "j1", "Job-Command": "version" });
		expect(job._body).toMatch(/^FreeSWITCH/);
	});

	it("sends events of the filtered channel only, whatever the case", async () => {
		const { rig, server } = await serve();
		const other = rig.another();
		const mine = await client(server);
		await mine.ask("event json SWITCH_EVENT_DTMF");
		expect(await mine.ask(`filter Unique-ID ${rig.channel.uuid}`)).toBe(
			reply(`+OK filter added. [Unique-ID]=[${rig.channel.uuid}]`),
		);
		other.pushDigit({ digit: "1", duration: 800, source: "RTP" });
		rig.press("2");
		expect(await mine.frame()).toContain('"DTMF-Digit":"2"');
		await mine.ask("filter delete Unique-ID");
		await mine.ask("filter dtmf-digit 3");
		rig.press("43");
		expect(await mine.frame()).toContain('"DTMF-Digit":"3"');
		await mine.ask("filter delete all");
		await mine.ask("filter DTMF-Digit -5");
		await mine.ask("filter DTMF-Source rtp");
		rig.press("56");
		expect(await mine.frame()).toContain('"DTMF-Digit":"6"');
		await mine.ask("noevents");
		rig.press("7");
		expect(await mine.ask("noevents")).toBe(
			reply("-ERR not listening for events"),
		);
	});

	it("runs an application and answers before its events", async () => {
		const { rig, server } = await serve();
		const mine = await client(server);
		await mine.ask("event json CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE");
		expect(
			await mine.ask(
				`sendmsg ${rig.channel.uuid}\nexecute-app-name: set\nexecute-app-arg: a=ü b\ncall-command: execute\nEvent-UUID: e1`,
			),
		).toBe(reply("+OK"));
		expect(await mine.frame()).toContain('"Application-UUID":"e1"');
		expect(await mine.frame()).toContain('"variable_a":"ü b"');
	});

	it("answers api commands in their order, though one takes longer", async () => {
		const { rig, server } = await serve();
		const mine = await client(server);
		mine.send(
			`api uuid_set_media_stats ${rig.channel.uuid}\n\napi uuid_exists ${rig.channel.uuid}\n\n`,
		);
		expect(await mine.frame()).toMatch(/\n\n\+OK:\n$/);
		expect(await mine.frame()).toMatch(/\n\ntrue$/);
		expect(await mine.ask(`api uuid_dump ${rig.channel.uuid}`)).toContain(
			"variable_rtp_audio_in_packet_count: 2\n",
		);
	});

	it("answers in FreeSWITCH's words where there is no such channel", async () => {
		const { server } = await serve();
		const mine = await client(server);
		const words = {
			"uuid_break x all": "-ERR No such channel!\n",
			"uuid_kill x": "-ERR No such channel!\n",
			"uuid_exists x": "false",
			"uuid_bridge x y": "-ERR Invalid uuid\n",
			"uuid_record x start /r.wav": "-ERR Cannot locate session!\n",
			"uuid_flush_dtmf x": "-ERR No such session\n",
			"uuid_set_media_stats x": "-ERR No such channel x!\n",
			"uuid_send_dtmf x 1": "-ERR Cannot locate session!\n",
		};
		for (const [command, answer] of Object.entries(words))
			expect(await mine.ask(`api ${command}`)).toBe(
				`Content-Type: api/response\nContent-Length: ${answer.length}\n\n${answer}`,
			);
		expect(await mine.ask("sendmsg x\ncall-command: execute")).toBe(
			reply("-ERR invalid session id [x]"),
		);
	});

	it("refuses loudly what it does not do", async () => {
		const { rig, server } = await serve();
		const mine = await client(server);
		expect(await mine.ask("api conference c1 list count")).toMatch(
			/-ERR conference is not emulated\n$/,
		);
		expect(await mine.ask("api system touch /tmp/x")).toMatch(
			/-ERR system is not emulated\n$/,
		);
		expect(await mine.ask("api __proto__ x")).toMatch(/-ERR/);
		expect(
			await mine.ask(`api uuid_transfer ${rig.channel.uuid} 1000 XML default`),
		).toMatch(/-ERR .* not emulated\n$/);
		expect(await mine.ask("log debug")).toBe(reply("-ERR log is not emulated"));
		expect(await mine.ask("event xml ALL")).toBe(
			reply("-ERR xml is not emulated"),
		);
		expect(await mine.ask("filter a /(x+)+y/")).toBe(
			reply("-ERR regular expressions are not emulated"),
		);
		expect(await mine.ask("constructor")).toBe(reply("-ERR command not found"));
		expect(await mine.ask("event json")).toBe(
			reply("-ERR no keywords supplied"),
		);
	});

	it("survives what no client should send", async () => {
		const { rig, server } = await serve();
		const mine = await client(server);
		mine.send(Buffer.from([0x61, 0xff, 0xfe, 0x0a, 0x0a]));
		expect(await mine.frame()).toBe(reply("-ERR command is not UTF-8"));
		mine.send("\n\n\r\n\r\n\n");
		expect(await mine.ask("\0\u{1F600}")).toBe(reply("-ERR command not found"));
		expect(
			await mine.ask(
				`sendmsg ${rig.channel.uuid}\ncall-command: execute\nexecute-app-name: set\nexecute-app-arg: a\u0000b=\u0001`,
			),
		).toBe(reply("+OK"));
		for (const byte of "api status\n\n") mine.send(byte);
		expect(await mine.frame()).toContain("is ready");
		mine.send("sendmsg x\nContent-Length: 999999999999\n\n");
		expect(await mine.frame()).toBe(reply("-ERR invalid Content-Length"));
		expect(await mine.frame()).toContain("disconnect-notice");
		const second = await client(server);
		second.send(`api ${"x".repeat(70_000)}`);
		expect(await second.frame()).toBe(reply("-ERR command too long"));
		const third = await client(server);
		expect(await third.ask("exit")).toBe(reply("+OK bye"));
		expect(await third.frame()).toContain("See you at ClueCon!");
	});

	it("keeps a value with line breaks inside its reply", async () => {
		const { rig, server } = await serve();
		rig.channel.variables.set("sdp", "v=0\r\ns=-\r\n\r\n");
		const mine = await client(server);
		const dump = await mine.ask(`api uuid_dump ${rig.channel.uuid}`);
		expect(dump).toContain("variable_sdp: v%3D0%0D%0As%3D-%0D%0A%0D%0A\n");
	});

	it("drops a client that says nothing for 25 seconds", async () => {
		const { rig, server } = await serve();
		const silent = new Client(server.port);
		await silent.frame();
		await rig.pass(25_000);
		expect(await silent.frame()).toBe("");
	});

	it("beats every 20 seconds and says how full it is", async () => {
		const { rig, server } = await serve();
		closing.push(startHeartbeat(rig.engine));
		const mine = await client(server);
		await mine.ask("event json HEARTBEAT");
		await rig.pass(20_000);
		const beat = JSON.parse((await mine.frame()).split("\n\n")[1] ?? "");
		expect(beat).toMatchObject({
			"Event-Name": "HEARTBEAT",
			"Session-Count": "1",
			"Max-Sessions": "400",
			"FreeSWITCH-Version": expect.stringMatching(/^1\.10\.12/),
		});
	});
});
