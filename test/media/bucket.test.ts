import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import {
	createServer,
	type IncomingHttpHeaders,
	type RequestListener,
	type Server,
} from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import {
	afterAll,
	beforeAll,
	beforeEach,
	describe,
	expect,
	it,
	onTestFinished,
	vi,
} from "vitest";
import { systemClock } from "../../core/clock.js";
import { newId } from "../../core/id.js";
import { type BucketOptions, S3Bucket } from "../../media/bucket.js";
import { CREDENTIALS, hasSwift, Swift } from "../support/swift.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { newFolder } from "./folder.js";

const LIMIT_MS = 60_000;
/** More than the pipes on the way hold. */
const LARGE_BYTES = 12_000_000;
const never = new AbortController().signal;
const refuses = (words: RegExp | string) => ({
	code: "STORE_REFUSES",
	message: expect.stringMatching(words),
});

beforeEach(() => {
	for (const [name, value] of Object.entries(CREDENTIALS))
		vi.stubEnv(name, value);
	onTestFinished(() => {
		vi.unstubAllEnvs();
	});
});

async function open(changes: Partial<BucketOptions> = {}): Promise<S3Bucket> {
	const bucket = await S3Bucket.open({
		...{ bucket: "recordings", prefix: "", region: undefined },
		...{ endpoint: undefined, clock: systemClock, ...changes },
	});
	onTestFinished(() => bucket.close());
	return bucket;
}

async function newFile(bytes: number) {
	const path = join(await newFolder(), "file.wav");
	writeFileSync(path, Buffer.alloc(bytes, "sound"));
	return { path, bytes: statSync(path).size };
}

const newName = (attempt = 1) => ({ callId: newId(), attempt });

describe.skipIf(!hasSwift)("a bucket", { timeout: LIMIT_MS }, () => {
	let swift: Swift;
	beforeAll(async () => {
		swift = await Swift.start();
	}, LIMIT_MS);
	afterAll(() => swift?.stop());
	const swiftBucket = (changes: Partial<BucketOptions> = {}) =>
		open({ endpoint: swift.url, ...changes });

	it("has what was put there, whole and in parts, until it is removed", async () => {
		const bucket = await swiftBucket({ prefix: "calls/2030/" });
		const name = newName(3);
		const file = await newFile(LARGE_BYTES);
		expect(await bucket.size(name)).toBeNull();
		await bucket.put(name, file, never);
		expect(await bucket.size(name)).toBe(LARGE_BYTES);
		const key = `calls/2030/${name.callId}-3.wav`;
		const held = await swift.get(key);
		expect(held.equals(Buffer.alloc(LARGE_BYTES, "sound"))).toBe(true);
		const part = await bucket.read(name, { start: 5_000_000, end: 5_000_004 });
		expect(part && String(await buffer(part))).toBe("sound");
		for (let time = 1; time <= 2; time++) await bucket.remove(name);
		expect(await bucket.size(name)).toBeNull();
		expect(await bucket.read(name, { start: 0, end: 4 })).toBeNull();
		expect(await swift.keys()).not.toContain(key);
	});

	it("takes as much of a file as it is told, though that has grown", async () => {
		const bucket = await swiftBucket();
		const name = newName();
		const { path } = await newFile(1_000);
		await bucket.put(name, { path, bytes: 500 }, never);
		expect(await bucket.size(name)).toBe(500);
	});

	it("has nothing of a file that is shorter than it was", async () => {
		const limits = { connectMs: 1_000, answerMs: 1_000, idleMs: 1_000 };
		const bucket = await swiftBucket({
			limits: { ...limits, bytesPerSecond: 1_000_000 },
		});
		const name = newName();
		const { path, bytes } = await newFile(1_000);
		const putting = bucket.put(name, { path, bytes: bytes + 1 }, never);
		await expect(putting).rejects.toMatchObject({ code: "STORE_DOWN" });
		expect(await bucket.size(name)).toBeNull();
	});

	it("is probed, and has nothing of it afterwards", async () => {
		const bucket = await swiftBucket();
		const before = await swift.keys();
		await bucket.probe();
		expect(await swift.keys()).toEqual(before);
	});

	it.each([
		[
			"a wrong secret",
			{ AWS_SECRET_ACCESS_KEY: "not-the-secret" },
			{},
			/^cannot write to recordings: 403 SignatureDoesNotMatch/,
		],
		[
			"a bucket that is not there",
			{},
			{ bucket: "others" },
			/^cannot write to others: 404 NoSuchBucket/,
		],
		[
			"another region",
			{},
			{ region: "eu-central-1" },
			/^cannot write to recordings: 400 AuthorizationHeaderMalformed/,
		],
	])("says so in the face of %s", async (_, environment, options, words) => {
		for (const [name, value] of Object.entries(environment))
			vi.stubEnv(name, value);
		const bucket = await swiftBucket(options);
		const refused = await bucket.probe().catch((error) => error);
		expect(refused).toMatchObject(refuses(words));
		for (const secret of ["not-the-secret", CREDENTIALS.AWS_SECRET_ACCESS_KEY])
			expect(refused.message).not.toContain(secret);
	});

	it("that is not there is no missing recording", async () => {
		const bucket = await swiftBucket({ bucket: "others" });
		const file = await newFile(10);
		for (const asked of [
			() => bucket.put(newName(), file, never),
			() => bucket.read(newName(), { start: 0, end: 4 }),
			() => bucket.remove(newName()),
		])
			await expect(asked()).rejects.toMatchObject(refuses("NoSuchBucket"));
	});

	it("breaks an upload off when it is told to", async () => {
		const proxy = await TcpProxy.open(swift.port);
		onTestFinished(() => proxy.close());
		proxy.mode = "hold";
		const bucket = await open({ endpoint: `http://${proxy.address}` });
		const stop = new AbortController();
		const connected = proxy.connection();
		const putting = bucket.put(newName(), await newFile(1_000), stop.signal);
		const failed = expect(putting).rejects.toThrow("the service ends");
		await connected;
		stop.abort(new Error("the service ends"));
		await failed;
	});
});

describe("a store that is not as it should be", { timeout: LIMIT_MS }, () => {
	const limits = {
		...{ connectMs: 300, answerMs: 500, idleMs: 500 },
		bytesPerSecond: 10_000_000,
	};
	async function serve(listener: RequestListener): Promise<string> {
		const server: Server = createServer(listener).listen(0, "127.0.0.1");
		await once(server, "listening");
		onTestFinished(() => {
			server.closeAllConnections();
			server.close();
		});
		return `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on TCP
	}
	/** Each thing that can be asked of it. */
	async function everything(endpoint: string) {
		const bucket = await open({ endpoint, limits });
		const file = await newFile(LARGE_BYTES);
		return [
			() => bucket.probe(),
			() => bucket.put(newName(), file, never),
			() => bucket.size(newName()),
			() => bucket.read(newName(), { start: 0, end: 4 }),
			() => bucket.remove(newName()),
		];
	}
	const down = { code: "STORE_DOWN" };
	/** Takes all, and says that it has so many bytes. */
	const takes =
		(bytes: number): RequestListener =>
		(request, response) => {
			const length = request.method === "HEAD" ? bytes : 0;
			request.resume();
			request.on("end", () =>
				response.writeHead(200, { "content-length": length }).end(),
			);
		};

	it.each<[string, RequestListener]>([
		["says nothing", () => {}],
		["takes and says nothing", (request) => request.resume()],
		[
			"breaks off",
			(request) => {
				request.destroy();
			},
		],
		[
			"is out of order",
			(request, response) => {
				request.resume();
				response.writeHead(503).end("<Error><Code>SlowDown</Code></Error>");
			},
		],
		[
			"never ends what it says is wrong",
			(request, response) => {
				request.resume();
				response.writeHead(500, { "content-type": "application/xml" });
				const drip = setInterval(() => response.write("<"), 50);
				response.on("close", () => clearInterval(drip));
			},
		],
	])("and %s is waited for no longer than that", async (_, listener) => {
		const all = await everything(await serve(listener));
		for (const one of all) await expect(one()).rejects.toMatchObject(down);
	});

	it("is down where nobody listens, or its name is unknown", async () => {
		for (const endpoint of ["http://127.0.0.1:1", "http://nobody.invalid"])
			for (const one of await everything(endpoint))
				await expect(one()).rejects.toMatchObject(down);
	});

	it("and stops in the middle of a recording ends the reading of it", async () => {
		const endpoint = await serve((_, response) => {
			response.writeHead(206, { "content-length": "5000" });
			response.write("RIFF");
		});
		const bucket = await open({ endpoint, limits });
		const body = await bucket.read(newName(), { start: 0, end: 4_999 });
		await expect(body && buffer(body)).rejects.toThrow();
	});

	it.each([
		["more", { "content-length": "9" }],
		["less", { "content-length": "3" }],
		["no one knows how much", {}],
	])(
		"and sends %s than it was asked for is not passed on",
		async (_, headers) => {
			const endpoint = await serve((_request, response) => {
				response.writeHead(200, headers);
				response.write("RIF");
			});
			const bucket = await open({ endpoint, limits });
			const reading = bucket.read(newName(), { start: 0, end: 4 });
			await expect(reading).rejects.toMatchObject({
				...down,
				message: expect.stringMatching("where bytes=0-4 were asked for"),
			});
		},
	);

	it("and has taken less than it was given is not believed", async () => {
		const endpoint = await serve(takes(3));
		const bucket = await open({ endpoint, limits });
		const putting = bucket.put(newName(), await newFile(1_000), never);
		await expect(putting).rejects.toMatchObject({
			...down,
			message: "it has 3 bytes of 1000 that it has taken",
		});
	});

	it("is given a recording in one plain piece, with the checksum that all compare", async () => {
		const asked: IncomingHttpHeaders[] = [];
		const endpoint = await serve((request, response) => {
			if (request.method === "PUT") asked.push(request.headers);
			takes(bytes)(request, response);
		});
		const { path, bytes } = await newFile(1_000);
		const bucket = await open({ endpoint, limits });
		await bucket.put(newName(), { path, bytes }, never);
		const [headers = {}] = asked;
		expect(asked).toHaveLength(1);
		const md5 = createHash("md5").update(readFileSync(path)).digest("base64");
		expect(headers).toMatchObject({
			"content-length": `${bytes}`,
			"content-md5": md5,
			"content-type": "audio/wav",
		});
		for (const name of ["transfer-encoding", "content-encoding"])
			expect(headers).not.toHaveProperty(name);
		expect(Object.keys(headers).join()).not.toContain("checksum");
	});

	it("is refused where there are no credentials, or no region", async () => {
		vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
		const bucket = await open({});
		await expect(bucket.probe()).rejects.toMatchObject(
			refuses("Region is missing"),
		);
		for (const name of Object.keys(CREDENTIALS)) vi.stubEnv(name, "");
		const other = await open({ endpoint: "http://127.0.0.1:1" });
		await expect(other.probe()).rejects.toMatchObject(
			refuses("CredentialsProviderError"),
		);
	});
});
