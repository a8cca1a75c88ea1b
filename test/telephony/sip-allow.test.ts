import { describe, expect, it } from "vitest";
import { parseSipAddress } from "../../core/sip-address.js";
import { SipAllow } from "../../telephony/sip-allow.js";

const at = (text: string) => {
	const address = parseSipAddress(text);
	if (!address) throw new Error(`${text} is no address`);
	return address;
};

describe("a sip: address", () => {
	it.each([
		["sip:bob@127.0.0.1", "bob", "127.0.0.1", 5060, "udp"],
		["sip:127.0.0.1:5070", "", "127.0.0.1", 5070, "udp"],
		["SIP:bob@Example.org;transport=tcp", "bob", "example.org", 5060, "tcp"],
		["sip:+491234@[::1]:5080", "+491234", "::1", 5080, "udp"],
	] as const)("%s is understood", (text, user, host, port, transport) => {
		expect(parseSipAddress(text)).toEqual({ user, host, port, transport });
	});

	it.each([
		"sips:bob@127.0.0.1",
		"sip:bob@127.0.0.1\r\nX-Injected: yes",
		"sip:bob@127.0.0.1 ",
		"sip:bob@host?X-Header=1",
		"sip:bob:secret@host",
		"sip:bob@host:99999",
		"sip:bob@host;lr",
		"sip:",
		"sip:<bob>@host",
	])("%j is refused", (text) => {
		expect(parseSipAddress(text)).toBeNull();
	});
});

describe("SIP_ALLOW", () => {
	const loopback = { cidrs: ["127.0.0.0/8", "::1/128"], hosts: [] };

	it("permits an address inside a range and no other", async () => {
		const allow = new SipAllow(loopback);
		expect(await allow.resolve(at("sip:a@127.3.2.1"))).toBe("127.3.2.1");
		expect(await allow.resolve(at("sip:a@[::1]"))).toBe("::1");
		expect(await allow.resolve(at("sip:a@192.0.2.1"))).toBeNull();
	});

	it("judges what a name resolves to, and answers that very address", async () => {
		const answers = new Map([
			["good.test", [{ address: "127.0.0.9" }]],
			["bad.test", [{ address: "192.0.2.7" }]],
		]);
		const allow = new SipAllow(
			loopback,
			async (host) => answers.get(host) ?? Promise.reject(new Error("none")),
		);
		expect(await allow.resolve(at("sip:a@good.test"))).toBe("127.0.0.9");
		expect(await allow.resolve(at("sip:a@bad.test"))).toBeNull();
		expect(await allow.resolve(at("sip:a@none.test"))).toBeNull();
	});

	it("permits a listed name whatever it resolves to, with its port where one is listed", async () => {
		const allow = new SipAllow(
			{ cidrs: [], hosts: ["pbx.test", "gw.test:5080"] },
			async () => [{ address: "192.0.2.7" }],
		);
		expect(await allow.resolve(at("sip:a@pbx.test:5099"))).toBe("192.0.2.7");
		expect(await allow.resolve(at("sip:a@gw.test:5080"))).toBe("192.0.2.7");
		expect(await allow.resolve(at("sip:a@gw.test"))).toBeNull();
	});
});
