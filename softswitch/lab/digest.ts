import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { splitList } from "../sip/parameters.js";

/** HTTP digest with MD5 and qop auth, as SIP uses it (RFC 3261 §22.4, RFC 2617). */
export interface Credentials {
	username: string;
	password: string;
}

const REALM = "lab";

/** A challenge with a nonce of its own, for WWW-Authenticate or Proxy-Authenticate. */
export function newChallenge(): { header: string; nonce: string } {
	const nonce = randomBytes(16).toString("hex");
	return {
		nonce,
		header: `Digest realm="${REALM}", nonce="${nonce}", algorithm=MD5, qop="auth"`,
	};
}

/** Whether an Authorization value answers a challenge with `nonce` for this method. */
export function isAuthorized(
	authorization: string,
	method: string,
	nonce: string,
	{ username, password }: Credentials,
): boolean {
	const given = fields(authorization);
	if (given.get("username") !== username || given.get("nonce") !== nonce) {
		return false;
	}
	const expected = responseOf(given, method, REALM, { username, password });
	const response = given.get("response") ?? "";
	return (
		response.length === expected.length &&
		timingSafeEqual(Buffer.from(response), Buffer.from(expected))
	);
}

/** The Authorization value that answers a challenge; null where it asks for what is not spoken here. */
export function authorize(
	challenge: string,
	method: string,
	uri: string,
	{ username, password }: Credentials,
): string | null {
	const asked = fields(challenge);
	const realm = asked.get("realm") ?? "";
	const nonce = asked.get("nonce") ?? "";
	const algorithm = asked.get("algorithm") ?? "MD5";
	if (algorithm.toUpperCase() !== "MD5") return null;
	const given = new Map([
		["username", username],
		["realm", realm],
		["nonce", nonce],
		["uri", uri],
	]);
	const qops = (asked.get("qop") ?? "").split(",").map((qop) => qop.trim());
	if (qops.includes("auth")) {
		given.set("qop", "auth");
		given.set("nc", "00000001");
		given.set("cnonce", randomBytes(8).toString("hex"));
	}
	given.set(
		"response",
		responseOf(given, method, realm, { username, password }),
	);
	const opaque = asked.get("opaque");
	if (opaque !== undefined) given.set("opaque", opaque);
	const bare = new Set(["qop", "nc"]);
	const written = [...given].map(([name, value]) =>
		bare.has(name) ? `${name}=${value}` : `${name}="${value}"`,
	);
	return `Digest ${written.join(", ")}, algorithm=MD5`;
}

function responseOf(
	given: ReadonlyMap<string, string>,
	method: string,
	realm: string,
	{ username, password }: Credentials,
): string {
	const who = md5(`${username}:${realm}:${password}`);
	const what = md5(`${method}:${given.get("uri") ?? ""}`);
	const between = given.has("qop")
		? ["nonce", "nc", "cnonce", "qop"]
		: ["nonce"];
	const middle = between.map((name) => given.get(name) ?? "").join(":");
	return md5(`${who}:${middle}:${what}`);
}

function fields(value: string): Map<string, string> {
	const list = splitList(value.replace(/^\s*Digest\s+/i, ""));
	return new Map(
		list.map((field): [string, string] => {
			const [name = "", ...rest] = field.split("=");
			const text = rest.join("=").trim();
			return [name.trim().toLowerCase(), text.replace(/^"(.*)"$/, "$1")];
		}),
	);
}

const md5 = (text: string): string =>
	createHash("md5").update(text).digest("hex");
