import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import type { AddressInfo } from "node:net";

/** An INVITE that came, by its Call-ID. */
interface Invited {
	/** The user of the Request-URI, and of From. */
	to: string;
	from: string;
	callId: string;
	at: number;
	/** What the other side has ended it with. */
	endedBy?: "BYE" | "CANCEL";
}

interface Dialog extends Invited {
	invite: string;
	peer: RemoteInfo;
	tag: string;
	state: "ringing" | "answered" | "up" | "over";
}

/** After which of the 180 and the ACK something happens. */
const ANSWERS_MS = 40;
const HANGS_UP_MS = 300;
const AGAIN_MS = 500;

/**
 * Phones without sound behind one UDP port, that count who rings them: each answers; one whose name begins with `h` hangs up soon
 * after, one whose name begins with `r` rings until it is canceled.
 */
export class UdpCallee {
	readonly #socket: Socket;
	readonly #dialogs = new Map<string, Dialog>();

	private constructor(socket: Socket) {
		this.#socket = socket;
		socket.on("message", (packet, peer) => this.#take(packet.toString(), peer));
	}

	static async start(): Promise<UdpCallee> {
		const socket = createSocket("udp4");
		await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
		return new UdpCallee(socket);
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
		for (const dialog of this.#dialogs.values()) dialog.state = "over";
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
			dialog.state = "over";
			dialog.endedBy = method;
			this.#reply(dialog.invite, dialog.peer, "487 Terminated", dialog.tag);
		} else if (method === "BYE") {
			dialog.state = "over";
			dialog.endedBy = method;
			this.#reply(packet, peer, "200 OK");
		}
	}

	#invite(invite: string, peer: RemoteInfo, callId: string): void {
		// it came again
		if (this.#dialogs.has(callId)) return;
		const dialog: Dialog = {
			...{ invite, peer, callId, state: "ringing", at: Date.now() },
			to: /^INVITE sip:([^@]+)@/.exec(invite)?.[1] ?? "",
			from: /sip:([^@]+)@/.exec(header(invite, "From"))?.[1] ?? "",
			tag: `t${this.#dialogs.size}`,
		};
		this.#dialogs.set(callId, dialog);
		this.#reply(invite, peer, "180 Ringing", dialog.tag);
		if (!dialog.to.startsWith("r"))
			setTimeout(() => this.#answer(dialog), ANSWERS_MS);
	}

	#answer(dialog: Dialog): void {
		if (dialog.state !== "ringing" && dialog.state !== "answered") return;
		dialog.state = "answered";
		this.#reply(dialog.invite, dialog.peer, "200 OK", dialog.tag);
		setTimeout(() => this.#answer(dialog), AGAIN_MS);
	}

	#up(dialog: Dialog): void {
		dialog.state = "up";
		if (dialog.to.startsWith("h"))
			setTimeout(() => this.#hangUp(dialog), HANGS_UP_MS);
	}

	#hangUp(dialog: Dialog): void {
		if (dialog.state !== "up") return;
		const { invite, peer, callId, tag } = dialog;
		dialog.state = "over";
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
		const body =
			status === "200 OK" && request.startsWith("INVITE")
				? "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
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

const header = (packet: string, name: string): string =>
	new RegExp(`^${name}:\\s*(.*?)\\r?$`, "im").exec(packet)?.[1] ?? "";
