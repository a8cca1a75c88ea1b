import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** An INVITE that came; one that was sent again counts once. */
export interface Invite {
	/** Epoch milliseconds. */
	at: number;
	/** The users of the Request-URI and of From. */
	to: string;
	from: string;
}

export interface SippCallee {
	port: number;
	/** As they came. */
	invites(): Invite[];
	stop(): Promise<void>;
}

export interface SippOptions {
	folder: string;
	name: string;
	/** RTP ports to announce, one a call in turn; without them every call gets the same unused one. */
	mediaPorts?: readonly number[];
	/** Presses 1 by SIP INFO, that long after the answer. */
	pressAfterMs?: number;
	/** Answers nobody. */
	busy?: boolean;
}

/** sipp as the callee: is busy, or answers at once, presses a digit if told, waits for the BYE. */
export async function startSipp(options: SippOptions): Promise<SippCallee> {
	const { folder, name, mediaPorts = [9] } = options;
	const port = await freePort();
	const scenario = join(folder, `${name}.xml`);
	const ports = join(folder, `${name}.csv`);
	const log = join(folder, `${name}.log`);
	writeFileSync(scenario, scenarioXml(options));
	writeFileSync(ports, `SEQUENTIAL\n${mediaPorts.join("\n")}\n`);
	writeFileSync(log, "");
	const child = spawn(
		"sipp",
		[
			...["-sf", scenario, "-inf", ports, "-i", "127.0.0.1", "-p", `${port}`],
			...["-nostdin", "-trace_logs", "-log_file", log],
			...["-buff_size", "8000000", "-timeout", "3600"],
		],
		{ stdio: "ignore" },
	);
	const exited = new Promise<void>((resolve, reject) => {
		child.once("exit", () => resolve());
		child.once("error", reject);
	});
	await Promise.race([exited, settled()]);
	return {
		port,
		invites() {
			const lines = readFileSync(log, "utf8").split("\n");
			return lines.flatMap((line) => {
				const [, at, to, from] =
					/^INVITE .*?(\d{10}\.\d+) sip:([^@]+)@.* from .*?sip:([^@]+)@/.exec(
						line,
					) ?? [];
				return at && to && from ? [{ at: Number(at) * 1000, to, from }] : [];
			});
		},
		async stop() {
			child.kill("SIGKILL");
			await exited;
		},
	};
}

/** sipp tells nobody when it listens. */
const settled = () => new Promise<void>((resolve) => setTimeout(resolve, 700));

function freePort(): Promise<number> {
	return new Promise((resolve) => {
		const socket = createSocket("udp4");
		socket.bind(0, "127.0.0.1", () => {
			const { port } = socket.address();
			socket.close(() => resolve(port));
		});
	});
}

const response = (status: string, extra: string, body: string) => `
<send${status.startsWith("200") && body ? ' retrans="500"' : ""}><![CDATA[SIP/2.0 ${status}
[last_Via:]
[last_From:]
[last_To:];tag=[pid]s[call_number]
[last_Call-ID:]
[last_CSeq:]
${extra}Content-Length: [len]

${body}]]></send>`;

const sdp = `v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
c=IN IP4 127.0.0.1
t=0 0
m=audio [field0] RTP/AVP 0
a=rtpmap:0 PCMU/8000
a=sendrecv
`;

const press = (afterMs: number) => `
<pause milliseconds="${afterMs}"/>
<send retrans="500"><![CDATA[INFO [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From[$to];tag=[pid]s[call_number]
To[$from]
Call-ID: [call_id]
CSeq: 1 INFO
Max-Forwards: 70
Content-Type: application/dtmf-relay
Content-Length: [len]

Signal=1
Duration=160
]]></send>
<recv response="200"/>`;

const scenarioXml = ({
	busy,
	pressAfterMs,
}: SippOptions) => `<?xml version="1.0"?>
<scenario name="callee">
<recv request="INVITE" rrs="true"><action>
<ereg regexp="sip:[^ ]*" search_in="msg" assign_to="uri"/>
<ereg regexp=":.*" search_in="hdr" header="From" assign_to="from"/>
<ereg regexp=":.*" search_in="hdr" header="To" assign_to="to"/>
<log message="INVITE [timestamp] [$uri] from [$from]"/>
</action></recv>
${busy ? refusal : conversation(pressAfterMs)}
<Reference variables="from,to,uri"/>
</scenario>
`;

const refusal = `${response("486 Busy Here", "", "")}
<recv request="ACK"/>`;

const conversation = (pressAfterMs?: number) => `
${response("180 Ringing", "", "")}
${response("200 OK", "Contact: <sip:[local_ip]:[local_port]>\nContent-Type: application/sdp\n", sdp)}
<recv request="ACK"/>
${pressAfterMs === undefined ? "" : press(pressAfterMs)}
<recv request="BYE"/>
${response("200 OK", "", "").replace(";tag=[pid]s[call_number]", "")}`;
