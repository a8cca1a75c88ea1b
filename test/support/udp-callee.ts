import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import type { AddressInfo } from "node:net";

/** An INVITE that came, by its Call-ID. */
interface Invited {
	/** The user of the Request-URI, and of From. */
	to: string;
	from: string;
	callId: string;
	at: number;
	/** Whence it came, and where its offer wants sound: ports. */
	signalling: number;
	media: number;
	/** When it was answered. */
	answeredAt?: number;
	/** What the other side has ended it with. */
	endedBy?: "BYE" | "CANCEL";
}

interface Dialog extends Invited {
	invite: string;
	peer: RemoteInfo;
	tag: string;
	state: "ringing" | "answered" | "up" | "over";
	/** That sound goes out by. */
	rtp?: Socket;
}

/** What becomes of the nth packet of sound: so many milliseconds late, or never sent. */
export type SoundFate = (n: number) => number | null;

/** After which of the 180 and the ACK something happens. */
const ANSWERS_MS = 40;
const HANGS_UP_MS = 300;
const AGAIN_MS = 500;

const FRAME_MS = 20;

/**
 * Phones behind one UDP port, that count who rings them: each answers; one whose name begins with `h` hangs up soon
 * after, one whose name begins with `r` rings until it is canceled. They are silent, unless a fate says what becomes of their sound.
 */
export class UdpCallee {
	readonly #socket: Socket;
	readonly #dialogs = new Map<string, Dialog>();
	readonly #sound: SoundFate | undefined;
	/** Packets of sound that were sent, and those between them that were not. */
	sent = 0;
	lost = 0;

	private constructor(socket: Socket, sound?: SoundFate) {
		this.#socket = socket;
		this.#sound = sound;
		socket.on("message", (packet, peer) => this.#take(packet.toString(), peer));
	}

	static async start(sound?: SoundFate): Promise<UdpCallee> {
		return new UdpCallee(await bound(), sound);
	}

	/** A phone's address. */
	uri(name: string): string {
		return `sip:${name}@127.0.0.1:${(this.#socket.address() as AddressInfo).port}`;
	}

	/** Every INVITE, sent again or not counted once. */
	get invited(): Invited[] {
		return [...this.#dialogs.values()];
	}

	/** Those that ring or talk. */
	get live(): Invited[] {
		return [...this.#dialogs.values()].filter(({ state }) => state !== "over");
	}

	stop(): Promise<void> {
		for (const dialog of this.#dialogs.values()) this.#over(dialog);
		return new Promise((resolve) => this.#socket.close(() => resolve()));
	}

	#take(packet: string, peer: RemoteInfo): void {
		const method = packet.split(" ", 1)[0] ?? "";
		const callId = header(packet, "Call-ID");
		const dialog = this.#dialogs.get(callId);
		if (method === "INVITE") this.#invite(packet, peer, callId);
		else if (!dialog) {
			if (method !== "ACK" && method !== "SIP/2.0")
				this.#reply(packet, peer, "481 Unknown");
		} else if (method === "ACK") {
			if (dialog.state === "answered") this.#up(dialog);
		} else if (method === "CANCEL") {
			this.#reply(packet, peer, "200 OK");
			if (dialog.state !== "ringing") return;
			this.#over(dialog);
			dialog.endedBy = method;
			this.#reply(dialog.invite, dialog.peer, "487 Terminated", dialog.tag);
		} else if (method === "BYE") {
			this.#over(dialog);
			dialog.endedBy = method;
			this.#reply(packet, peer, "200 OK");
		}
	}

	#invite(invite: string, peer: RemoteInfo, callId: string): void {
		// it came again
		if (this.#dialogs.has(callId)) return;
		const dialog: Dialog = {
			...{ invite, peer, callId, state: "ringing", at: Date.now() },
			signalling: peer.port,
			media: Number(/^m=audio (\d+)/m.exec(invite)?.[1]),
			to: /^INVITE sip:([^@]+)@/.exec(invite)?.[1] ?? "",
			from: /sip:([^@]+)@/.exec(header(invite, "From"))?.[1] ?? "",
			tag: `t${this.#dialogs.size}`,
		};
		this.#dialogs.set(callId, dialog);
		this.#reply(invite, peer, "180 Ringing", dialog.tag);
		if (!dialog.to.startsWith("r"))
			setTimeout(() => void this.#pickUp(dialog), ANSWERS_MS);
	}

	async #pickUp(dialog: Dialog): Promise<void> {
		if (this.#sound) dialog.rtp = await bound();
		this.#answer(dialog);
	}

	#over(dialog: Dialog): void {
		dialog.state = "over";
		dialog.rtp?.close();
		delete dialog.rtp;
	}

	#answer(dialog: Dialog): void {
		if (dialog.state !== "ringing" && dialog.state !== "answered") return;
		dialog.state = "answered";
		dialog.answeredAt ??= Date.now();
		this.#reply(dialog.invite, dialog.peer, "200 OK", dialog.tag);
		setTimeout(() => this.#answer(dialog), AGAIN_MS);
	}

	#up(dialog: Dialog): void {
		dialog.state = "up";
		const from = performance.now();
		if (this.#sound) this.#say(dialog, 0, (n) => from + n * FRAME_MS);
		if (dialog.to.startsWith("h"))
			setTimeout(() => this.#hangUp(dialog), HANGS_UP_MS);
	}

	/** Each packet at its time: what came late does not make the next one late. */
	#say(dialog: Dialog, n: number, at: (n: number) => number): void {
		const { rtp, media } = dialog;
		const lateMs = this.#sound?.(n);
		if (!rtp || lateMs === undefined) return;
		if (lateMs === null) this.lost++;
		else {
			this.sent++;
			const send = () => {
				if (dialog.rtp) rtp.send(soundPacket(n), media, "127.0.0.1");
			};
			if (lateMs > 0) setTimeout(send, lateMs);
			else send();
		}
		const inMs = Math.max(0, at(n + 1) - performance.now());
		setTimeout(() => this.#say(dialog, n + 1, at), inMs);
	}

	#hangUp(dialog: Dialog): void {
		if (dialog.state !== "up") return;
		const { invite, peer, callId, tag } = dialog;
		this.#over(dialog);
		const target = /<([^>]+)>/.exec(header(invite, "Contact"))?.[1];
		const own = this.uri(dialog.to).slice(4).split("@")[1];
		this.#send(
			[
				`BYE ${target} SIP/2.0`,
				`Via: SIP/2.0/UDP ${own};branch=z9hG4bK${callId}${tag}`,
				"Max-Forwards: 70",
				`From: ${header(invite, "To")};tag=${tag}`,
				`To: ${header(invite, "From")}`,
				...[`Call-ID: ${callId}`, "CSeq: 1 BYE", "Content-Length: 0", "", ""],
			],
			peer,
		);
	}

	#reply(request: string, peer: RemoteInfo, status: string, tag?: string) {
		const { rtp } = this.#dialogs.get(header(request, "Call-ID")) ?? {};
		const port = rtp ? (rtp.address() as AddressInfo).port : 9;
		const body =
			status === "200 OK" && request.startsWith("INVITE")
				? `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n`
				: "";
		this.#send(
			[
				`SIP/2.0 ${status}`,
				`Via: ${header(request, "Via")}`,
				`From: ${header(request, "From")}`,
				`To: ${header(request, "To")}${tag ? `;tag=${tag}` : ""}`,
				`Call-ID: ${header(request, "Call-ID")}`,
				`CSeq: ${header(request, "CSeq")}`,
				`Contact: <${this.uri("phone")}>`,
				...(body ? ["Content-Type: application/sdp"] : []),
				...[`Content-Length: ${body.length}`, "", body],
			],
			peer,
		);
	}

	#send(lines: readonly string[], { port, address }: RemoteInfo): void {
		try {
			this.#socket.send(lines.join("\r\n"), port, address);
		} catch {
			// it was stopped in the meantime
		}
	}
}

async function bound(): Promise<Socket> {
	const socket = createSocket("udp4");
	await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
	return socket;
}

/** 20 ms of silence in PCMU (RFC 3550 §5.1, RFC 3551). */
function soundPacket(n: number): Buffer {
	const packet = Buffer.alloc(12 + 160, 0xff);
	packet.writeUInt16BE(0x8000, 0);
	packet.writeUInt16BE(n & 0xffff, 2);
	packet.writeUInt32BE(n * 160, 4);
	packet.writeUInt32BE(0x5eed, 8);
	return packet;
}

const header = (packet: string, name: string): string =>
	new RegExp(`^${name}:\\s*(.*?)\\r?$`, "im").exec(packet)?.[1] ?? "";
