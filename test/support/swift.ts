import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	CreateBucketCommand,
	GetObjectCommand,
	ListObjectsV2Command,
	PutObjectCommand,
	S3Client,
} from "@aws-sdk/client-s3";
import { reservePort } from "./sipp.js";

/** Debian's: its modules are not those of another Python. */
const PYTHON = "/usr/bin/python3";

export const hasSwift = (() => {
	try {
		execFileSync(PYTHON, ["-c", "import swift"], { stdio: "pipe" });
		return true;
	} catch {
		return false;
	}
})();

/** What the AWS SDK reads. */
export const CREDENTIALS = {
	AWS_ACCESS_KEY_ID: "test:tester",
	AWS_SECRET_ACCESS_KEY: "secret-of-the-store-tests",
};

/** A real object store with an S3 API, OpenStack Swift, on loopback, with an empty bucket. */
export class Swift {
	readonly bucket = "recordings";
	readonly port: number;
	readonly #folder = mkdtempSync(join(tmpdir(), "flowdial-swift-"));
	readonly #client: S3Client;
	#server: ChildProcess | undefined;

	private constructor(port: number) {
		this.port = port;
		this.#client = new S3Client({
			...{ endpoint: this.url, forcePathStyle: true, region: "us-east-1" },
			credentials: {
				accessKeyId: CREDENTIALS.AWS_ACCESS_KEY_ID,
				secretAccessKey: CREDENTIALS.AWS_SECRET_ACCESS_KEY,
			},
		});
	}

	static async start(): Promise<Swift> {
		// the block's first is taken, by whoever has reserved it
		const swift = new Swift((await reservePort()) + 1);
		await swift.up();
		await swift.#client.send(new CreateBucketCommand({ Bucket: swift.bucket }));
		return swift;
	}

	get url(): string {
		return `http://127.0.0.1:${this.port}`;
	}

	/** Starts it; it has what it had. */
	async up(): Promise<void> {
		const [, user = ""] = CREDENTIALS.AWS_ACCESS_KEY_ID.split(":");
		const words = [this.#folder, `${this.port}`, user];
		const server = spawn(
			PYTHON,
			[
				"test/support/s3-server.py",
				...words,
				CREDENTIALS.AWS_SECRET_ACCESS_KEY,
			],
			{ stdio: ["ignore", "pipe", "inherit"] },
		);
		this.#server = server;
		const [said] = await Promise.race([
			once(server.stdout, "data"),
			once(server, "exit"),
		]);
		if (!`${said}`.includes("ready")) throw new Error(`Swift ended: ${said}`);
	}

	/** Ends it at once. */
	async down(): Promise<void> {
		const server = this.#server;
		if (!server || server.exitCode !== null || server.signalCode) return;
		const ended = once(server, "exit");
		server.kill("SIGKILL");
		await ended;
	}

	async stop(): Promise<void> {
		await this.down();
		this.#client.destroy();
		rmSync(this.#folder, { recursive: true, force: true });
	}

	/** All that the bucket has. */
	async keys(): Promise<string[]> {
		const list = new ListObjectsV2Command({ Bucket: this.bucket });
		const { Contents = [] } = await this.#client.send(list);
		return Contents.flatMap(({ Key }) => Key ?? []);
	}

	async get(key: string): Promise<Buffer> {
		const get = new GetObjectCommand({ Bucket: this.bucket, Key: key });
		const { Body } = await this.#client.send(get);
		return Buffer.from((await Body?.transformToByteArray()) ?? []);
	}

	async put(key: string, body: Uint8Array): Promise<void> {
		const where = { Bucket: this.bucket, Key: key };
		await this.#client.send(new PutObjectCommand({ ...where, Body: body }));
	}
}
