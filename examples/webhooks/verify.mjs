// Takes webhooks and verifies them as Standard Webhooks says: WEBHOOK_SECRET=whsec_… node examples/webhooks/verify.mjs
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";

const { PORT = "8080", WEBHOOK_SECRET = "" } = process.env;
if (!/^whsec_[A-Za-z0-9+/]+=*$/.test(WEBHOOK_SECRET)) {
	console.error(
		"WEBHOOK_SECRET is not whsec_…, as GET /webhooks/secrets shows",
	);
	process.exit(1);
}
const OLDEST_S = 300;
const key = Buffer.from(WEBHOOK_SECRET.slice(6), "base64");

/** Whether one of the signatures is right, and none older than five minutes; `body` as it came, before it is parsed. */
function isGenuine(headers, body) {
	const { "webhook-id": id, "webhook-timestamp": timestamp } = headers;
	if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) < OLDEST_S))
		return false;
	const right = createHmac("sha256", key)
		.update(`${id}.${timestamp}.`)
		.update(body)
		.digest();
	// one for each secret that is live
	const signatures = String(headers["webhook-signature"]).split(" ");
	return signatures.some((signature) => {
		const given = Buffer.from(signature.replace(/^v1,/, ""), "base64");
		return given.length === right.length && timingSafeEqual(given, right);
	});
}

const server = createServer(async (request, response) => {
	const body = await buffer(request);
	if (!isGenuine(request.headers, body)) return response.writeHead(401).end();
	response.writeHead(204).end(); // at once: what is to be done may take longer
	console.log(String(body)); // JSON of the event
});
server.listen(Number(PORT), "127.0.0.1", () =>
	console.log(`listens at http://127.0.0.1:${server.address().port}`),
);
