import { createHmac } from "node:crypto";

/** Headers of a Standard Webhooks message (standardwebhooks.com, signature scheme v1): one signature for each live secret. */
export function signatureHeaders(
	secrets: readonly string[],
	{ id, atMs, body }: { id: string; atMs: number; body: string },
): Record<string, string> {
	const timestamp = String(Math.floor(atMs / 1000));
	const signatures = secrets.map((secret) => {
		const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
		const signed = `${id}.${timestamp}.${body}`;
		return `v1,${createHmac("sha256", key).update(signed).digest("base64")}`;
	});
	return {
		"webhook-id": id,
		"webhook-timestamp": timestamp,
		"webhook-signature": signatures.join(" "),
	};
}
