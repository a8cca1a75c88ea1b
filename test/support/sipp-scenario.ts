// The words of which a sipp scenario is made; each returns XML. What a callee does, in order: invited(), rings(), answers(), …

export type Step = string;

/** sipp's play_dtmf sends payload type 96, whatever was offered (3.6.1). */
const SDP = [
	"v=0",
	"o=callee 1 1 IN IP4 [local_ip]",
	"s=-",
	"c=IN IP4 [media_ip]",
	"t=0 0",
	"m=audio [auto_media_port] RTP/AVP 0 96",
	"a=rtpmap:0 PCMU/8000",
	"a=rtpmap:96 telephone-event/8000",
	"a=fmtp:96 0-16",
];

/** The answer, `direction` such as sendonly. */
const sdp = (direction = "sendrecv") => [...SDP, `a=${direction}`];

const message = (headers: readonly string[], body: readonly string[] = []) =>
	`<![CDATA[\n${[...headers, "Content-Length: [len]", "", ...body, ""].join("\n")}\n]]>`;

const CONTACT = "Contact: <sip:callee@[contact]>";
const SDP_TYPE = "Content-Type: application/sdp";

export function scenario(...steps: readonly Step[]): string {
	const xml = steps.join("\n");
	// sipp refuses a variable that is assigned and never read
	const read = xml.includes("assign_to")
		? '<Reference variables="cseq,from,to,target"/>'
		: "";
	return `<?xml version="1.0" encoding="UTF-8"?>
<scenario name="phone">
${xml}
${read}
</scenario>
`;
}

/** Waits for the INVITE. */
export const invited = (): Step => `<recv request="INVITE"><action>
<ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" assign_to="cseq"/>
<ereg regexp=".*" search_in="hdr" header="From:" assign_to="from"/>
<ereg regexp=".*" search_in="hdr" header="To:" assign_to="to"/>
<ereg regexp="sip:[^&gt;]*" search_in="hdr" header="Contact:" assign_to="target"/>
</action></recv>`;

interface ReplyOptions {
	headers?: readonly string[];
	/** In place of where sipp listens. */
	contact?: string;
	sdp?: boolean;
	/** Repeats it until the next request comes. */
	repeated?: boolean;
}

/** Answers the INVITE with any status. */
export const replies = (status: number, options: ReplyOptions = {}): Step =>
	`<send${options.repeated ? ' retrans="500"' : ""}>${message(
		[
			`SIP/2.0 ${status} As scripted`,
			"[last_Via:]",
			"From:[$from]",
			"To:[$to];tag=callee-[call_number]",
			"[last_Call-ID:]",
			"CSeq: [$cseq] INVITE",
			...(status < 300 ? [options.contact ?? CONTACT] : []),
			...(options.headers ?? []),
			...(options.sdp ? [SDP_TYPE] : []),
		],
		options.sdp ? sdp() : [],
	)}</send>`;

export const rings = (): Step => replies(180);

/** Early media: 183 with a session description. */
export const ringsWithSound = (): Step => replies(183, { sdp: true });

export const expects = (method: string): Step => `<recv request="${method}"/>`;

/** 200 with a session description, and the ACK. */
export const answers = (): Step =>
	replies(200, { sdp: true, repeated: true }) + expects("ACK");

export const rejects = (status: number, ...headers: string[]): Step =>
	replies(status, { headers, repeated: true }) + expects("ACK");

/** Nothing may come in while it waits. */
export const waits = (milliseconds: number): Step =>
	`<pause milliseconds="${milliseconds}"/>`;

/** RFC 4733 events, each key about a quarter of a second; goes on in the background. */
export const presses = (digits: string): Step =>
	`<nop><action><exec play_dtmf="${digits}"/></action></nop>`;

/** Sends headerless mu-law, again and again, in the background. */
export const plays = (path: string): Step =>
	`<nop><action><exec rtp_stream="${path},-1,0,PCMU/8000"/></action></nop>`;

/** Answers the last request that came, whatever it was. */
export const says = (status: number, ...headers: string[]): Step =>
	`<send>${message([
		`SIP/2.0 ${status} As scripted`,
		"[last_Via:]",
		"[last_From:]",
		"[last_To:]",
		"[last_Call-ID:]",
		"[last_CSeq:]",
		...headers,
	])}</send>`;

/** Waits for the BYE. */
export const isHungUp = (): Step => expects("BYE") + says(200);

/** Waits for the CANCEL. */
export const isCanceled = (): Step =>
	[
		'<recv request="CANCEL"/>',
		says(200),
		replies(487, { repeated: true }),
		expects("ACK"),
	].join("\n");

const request = (
	method: string,
	more: readonly string[],
	body?: string[],
	branch = "branch",
) =>
	message(
		[
			`${method} [$target] SIP/2.0`,
			`Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[${branch}]`,
			"From:[$to];tag=callee-[call_number]",
			"To:[$from]",
			"Call-ID: [call_id]",
			`CSeq: [cseq] ${method}`,
			"Max-Forwards: 70",
			CONTACT,
			...more,
		],
		body,
	);

/** A request within the dialog, and its answer. */
export const sends = (
	method: string,
	headers: readonly string[] = [],
	body?: string[],
	status = 200,
): Step =>
	`<send retrans="500">${request(method, headers, body)}</send>
<recv response="100" optional="true"/>
<recv response="${status}"/>`;

export const hangsUp = (): Step => sends("BYE");

/** A digit as SIP INFO. */
export const pressesByInfo = (digit: string): Step =>
	sends(
		"INFO",
		["Content-Type: application/dtmf-relay"],
		[`Signal=${digit}`, "Duration=160"],
	);

/** A re-INVITE with a direction: `sendonly` holds, `sendrecv` resumes. */
export const reInvites = (direction: string): Step =>
	sends("INVITE", [SDP_TYPE], sdp(direction)) +
	`<send>${request("ACK", [])}</send>`;

/** A re-INVITE with a codec that nobody has; its ACK belongs to it (RFC 3261 §17.1.1.3), three messages back. */
export const reInvitesInVain = (): Step => {
	const body = sdp()
		.map((line) => line.replace("RTP/AVP 0 96", "RTP/AVP 97"))
		.filter((line) => !/^a=(rtpmap|fmtp)/.test(line))
		.concat("a=rtpmap:97 X-NOBODY/8000");
	const ack = request("ACK", [], [], "branch-3");
	return `${sends("INVITE", [SDP_TYPE], body, 488)}<send>${ack}</send>`;
};

/** A re-INVITE that asks for an offer; the answer to it comes in the ACK (RFC 3261 §14.1) and wants sound at `port`. */
export const reInvitesForOffer = (port: number): Step => {
	const body = sdp().map((line) =>
		line.replace("[auto_media_port]", `${port}`),
	);
	return `${sends("INVITE")}<send>${request("ACK", [SDP_TYPE], body)}</send>`;
};

/** Keeps the call for a while after its end, and answers what is repeated. */
export const lingers = (): Step => '<timewait milliseconds="2000"/>';
