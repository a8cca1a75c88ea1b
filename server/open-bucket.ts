import type { Clock } from "../core/clock.js";
import { type Config, ConfigError } from "../core/config.js";
import { Fault, message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import { S3Bucket } from "../media/bucket.js";
import type { Recordings } from "../media/recordings.js";
import { Uploads } from "../scheduler/uploads.js";
import type { Store } from "../store/store.js";
import type { Closers } from "./closers.js";

interface Parts {
	store: Store;
	recordings: Recordings;
	clock: Clock;
	log: Log;
	closers: Closers;
}

/**
 * The bucket of recordings, and what moves them there; both null where there is no S3_BUCKET. Writes, reads and deletes a probe: throws
 * a ConfigError where that is refused; a store that does not answer keeps nothing from starting.
 */
export async function openBucket(
	{ S3_BUCKET, S3_ENDPOINT: endpoint, S3_REGION: region }: Config,
	{ closers, ...parts }: Parts,
): Promise<
	{ bucket: S3Bucket; uploads: Uploads } | { bucket: null; uploads: null }
> {
	if (!S3_BUCKET) return { bucket: null, uploads: null };
	const { clock, log } = parts;
	const bucket = await S3Bucket.open({ ...S3_BUCKET, endpoint, region, clock });
	closers.add(() => bucket.close());
	await bucket.probe().catch((error) => {
		if (error instanceof Fault && error.code === "STORE_REFUSES")
			throw new ConfigError(`S3_BUCKET: ${message(error)}; ${REMEDY}`);
		log.warn({ err: message(error) }, `${DOWN}: ${STAY}`);
	});
	const uploads = new Uploads({ ...parts, bucket });
	closers.add(() => uploads.stop());
	return { bucket, uploads };
}

const REMEDY =
	"see to S3_BUCKET, S3_ENDPOINT, S3_REGION, to the credentials (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) and to what they permit: s3:PutObject, s3:GetObject, s3:DeleteObject";
const DOWN = "the store of recordings does not answer";
const STAY = "they stay in DATA_DIR until it does";
