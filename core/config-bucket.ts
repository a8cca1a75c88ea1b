import { z } from "zod";
import { fail, word } from "./config-forms.js";

/** Where in an S3-compatible store recordings lie. */
export interface BucketName {
	bucket: string;
	/** Empty, or it ends with a slash. */
	prefix: string;
}

/** The bucket's own rules (Amazon S3 User Guide, "Bucket naming rules"); a prefix is of what stands in a URL as it is. */
const bucketName = z.string().transform((text, context): BucketName => {
	const [, bucket, prefix = ""] =
		/^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:\/[A-Za-z0-9._-]+)*)\/?$/.exec(
			text,
		) ?? [];
	if (bucket && !/(?:^|\/)\.\.?(?:$|\/)/.test(prefix))
		return { bucket, prefix: prefix ? `${prefix.slice(1)}/` : "" };
	return fail(context, `'${text}' is neither bucket nor bucket/prefix`);
});

const endpoint = z.string().transform((text, context): string => {
	const url = URL.canParse(text) ? new URL(text) : null;
	// what is wrong may hold a secret, so it is not repeated
	if (url?.username || url?.password)
		return fail(
			context,
			"holds credentials: they go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
		);
	if (url && /^https?:$/.test(url.protocol) && !/[?#]/.test(text))
		return url.href.replace(/\/$/, "");
	return fail(context, "is not https://host:port");
});

/** Credentials are none of ours: the AWS SDK finds them, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY first. */
export const bucketSettings = {
	S3_BUCKET: bucketName
		.optional()
		.describe(
			"Bucket that recordings go to, as bucket or bucket/prefix; credentials as the AWS SDK finds them; unset = they stay in DATA_DIR",
		),
	S3_ENDPOINT: endpoint
		.optional()
		.describe(
			"S3-compatible server that has it, https://host:port; unset = AWS",
		),
	S3_REGION: word
		.optional()
		.describe(
			"Its region; unset = as the AWS SDK finds it, us-east-1 with S3_ENDPOINT",
		),
} as const;

type Values = {
	[K in keyof typeof bucketSettings]?: z.infer<(typeof bucketSettings)[K]>;
};

export function checkBucket(config: Values): [name: string, words: string][] {
	if (config.S3_BUCKET) return [];
	return (["S3_ENDPOINT", "S3_REGION"] as const).flatMap((name) =>
		config[name] ? [[name, "is of no use without S3_BUCKET"]] : [],
	);
}
