import { describe, expect, it } from "vitest";
import {
	authorize,
	isAuthorized,
	newChallenge,
} from "../../../softswitch/lab/digest.js";

const mufasa = { username: "Mufasa", password: "Circle Of Life" };
const URI = "sip:phone@127.0.0.1";

describe("digest", () => {
	it("answers a challenge without qop as RFC 2617 works it out", () => {
		// RFC 2617 §3.5's numbers in the form of RFC 2069, which leaves qop out
		const challenge =
			'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"';
		const header = authorize(challenge, "GET", "/dir/index.html", mufasa);
		expect(header).toContain('response="670fd8c2df070c60b045671b8b24ff02"');
		expect(header).toContain('opaque="5ccc069c403ebaf9f0171e9517f40e41"');
	});

	it("lets in who knows the password, and nobody else", () => {
		const { header, nonce } = newChallenge();
		const answer = (credentials: typeof mufasa) =>
			authorize(header, "INVITE", URI, credentials) ?? "";
		const check = (value: string, method = "INVITE", known = nonce) =>
			isAuthorized(value, method, known, mufasa);
		expect(check(answer(mufasa))).toBe(true);
		expect(check(answer({ ...mufasa, password: "wrong" }))).toBe(false);
		expect(check(answer({ ...mufasa, username: "Scar" }))).toBe(false);
		expect(check(answer(mufasa), "BYE")).toBe(false);
		expect(check(answer(mufasa), "INVITE", "another")).toBe(false);
		expect(check("Digest nonsense")).toBe(false);
		expect(check("")).toBe(false);
	});

	it("does not answer what it cannot compute", () => {
		const challenge = 'Digest realm="x", nonce="y", algorithm=SHA-256';
		expect(authorize(challenge, "INVITE", URI, mufasa)).toBeNull();
	});
});
