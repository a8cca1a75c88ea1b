import { execFileSync } from "node:child_process";
import {
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { describe, expect, it } from "vitest";
import { isLoopback } from "../../core/config.js";
import { newFolder } from "../media/folder.js";
import { path, text, yaml, yamls } from "./deployed.js";

const files = readdirSync(path("freeswitch"), { recursive: true })
	.map(String)
	.filter((name) => name.endsWith(".xml"))
	.sort();
const read = (name: string) =>
	readFileSync(join(path("freeswitch"), name), "utf8");
const vars = [
	...read("vars.xml").matchAll(/cmd="(set|env-set)" data="(\w+)=([^"]+)"/g),
].map(([, how = "", name = "", value = ""]) => ({ how, name, value }));

describe("FreeSWITCH's configuration", () => {
	it.each(files)("%s is well formed", (name) => {
		expect(XMLValidator.validate(read(name))).toBe(true);
	});

	it("would be refused if it were not", () => {
		const wrong = read("dialplan/leg.xml").replace("</condition>", "");
		expect(XMLValidator.validate(wrong)).not.toBe(true);
	});

	it("uses only variables that are set", () => {
		const used = files.flatMap((name) =>
			[...read(name).matchAll(/\$\$\{(\w+)\}/g)].map(([, used]) => used),
		);
		const names = vars.map(({ name }) => name);
		expect(used.length).toBeGreaterThan(5);
		expect(names).toEqual(expect.arrayContaining([...new Set(used)]));
	});

	it("listens on loopback unless it is told where else", () => {
		const addresses = vars.filter(
			({ how, name }) => how === "set" && /_(address|advertise)$/.test(name),
		);
		expect(addresses.map(({ name }) => name)).toContain("event_address");
		for (const { value } of addresses) expect(isLoopback(value)).toBe(true);
	});

	it("lets in only whom the access list names", () => {
		for (const name of ["sofia", "event_socket"])
			expect(read(`configuration/${name}.xml`)).toContain(
				'name="apply-inbound-acl" value="services"',
			);
		const parser = new XMLParser({ ignoreAttributes: false });
		const acl = parser.parse(read("configuration/acl.xml"));
		const { list } = acl.configuration["network-lists"];
		expect(list).toMatchObject({ "@_name": "services", "@_default": "deny" });
	});

	it("gets no variable that it does not read", () => {
		const known = vars
			.filter(({ how }) => how === "env-set")
			.map(({ value }) => value.slice(1));
		const compose = yaml<{
			services: { freeswitch: { environment: object } };
		}>("compose.yaml");
		const given = Object.keys(compose.services.freeswitch.environment);
		expect(known).toEqual(expect.arrayContaining(given));
	});

	it("is all in the ConfigMap, and put back where it was", () => {
		interface Base {
			configMapGenerator: { files: string[] }[];
		}
		interface Pod {
			spec: { template: { spec: { volumes: Volume[] } } };
		}
		interface Volume {
			configMap?: { items: { key: string; path: string }[] };
		}
		const [map] = yaml<Base>(
			"freeswitch/kustomization.yaml",
		).configMapGenerator;
		const kept = new Map(
			map?.files.map((one) => {
				const [key = "", file = key] = one.split("=");
				return [key, file];
			}),
		);
		expect([...kept.values()].sort()).toEqual([...files, "start.sh"].sort());
		const [pod] = yamls<Pod>("kubernetes/flowdial.yaml");
		const items = pod?.spec.template.spec.volumes.flatMap(
			({ configMap }) => configMap?.items ?? [],
		);
		expect(new Map(items?.map(({ key, path }) => [key, path]))).toEqual(kept);
	});

	it("gives recordings more time than sounds", () => {
		// mod_httapi fetches by its first profile, and puts by the one named default (1.10.12, fetch_cache_data, file_open)
		const profiles = [
			...read("configuration/httapi.xml").matchAll(
				/<profile name="(\w+)">.*?name="timeout" value="(\d+)"/gs,
			),
		].map(([, name = "", timeout]) => [name, Number(timeout)] as const);
		expect(profiles.map(([name]) => name)).toEqual(["sounds", "default"]);
		const [[, sounds], [, recordings]] = profiles as [
			(typeof profiles)[0],
			(typeof profiles)[0],
		]; // as many as there are names
		expect(sounds).toBeLessThanOrEqual(10);
		expect(recordings).toBeGreaterThanOrEqual(3_600);
	});

	it("is started by a script that removes what mod_httapi has left", async () => {
		const script = read("start.sh");
		execFileSync("bash", ["-n"], { input: script });
		const find = /^\tfind .*$/m.exec(script)?.[0] ?? "";
		const folder = await newFolder();
		mkdirSync(join(folder, "http_file_cache"));
		const lay = (name: string, hours: number) => {
			const at = Date.now() / 1_000 - hours * 3_600;
			writeFileSync(join(folder, name), "");
			utimesSync(join(folder, name), at, at);
		};
		const old = ["http_file_cache/a.wav", "http_file_cache/a.meta", "b.wav"];
		for (const name of [...old, "core.db"]) lay(name, 26);
		for (const name of ["http_file_cache/c.wav", "d.wav"]) lay(name, 24);
		execFileSync("bash", ["-c", find.replaceAll("/tmp", folder)]);
		for (const name of old) expect(existsSync(join(folder, name))).toBe(false);
		for (const name of ["core.db", "http_file_cache/c.wav", "d.wav"])
			expect(existsSync(join(folder, name))).toBe(true);
	});

	it("does not offer SRTP beside plain RTP", () => {
		expect(read("vars.xml")).toContain("rtp_secure_media=forbidden");
		expect(text("freeswitch/directory/srtp.xml")).toContain(
			'name="rtp_secure_media" value="mandatory:AES_CM_128_HMAC_SHA1_80"',
		);
	});
});
