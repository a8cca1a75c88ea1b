// A backend to try a flow with: answers its http steps with what a script of `flowdial simulate` says, in that order, and takes webhooks.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { text } from "node:stream/consumers";

const usage = `node examples/server.mjs [script.json], such as examples/survey/script.json; in the environment:
PORT: where it listens (8080). CERT and KEY, files in PEM: it speaks https.`;
process.on("uncaughtException", ({ message }) => {
	console.error(`${message}\n${usage}`);
	process.exit(1);
});

const { PORT = "8080", CERT, KEY } = process.env;
const [script] = process.argv.slice(2);
if (script === "--help") {
	console.log(usage);
	process.exit();
}
const entries = script ? JSON.parse(readFileSync(script, "utf8")) : [];
const answers = entries.flatMap(({ http }) => (http ? [http] : []));

async function answer(request, response) {
	const body = await text(request);
	const { status = 200, json } =
		request.url === "/events" ? {} : (answers.shift() ?? {});
	console.log(`${status} ${request.method} ${request.url} ${body}`);
	response.writeHead(status, { "content-type": "application/json" });
	response.end(JSON.stringify(json ?? {}));
}

const server =
	CERT && KEY
		? createSecureServer(
				{ cert: readFileSync(CERT), key: readFileSync(KEY) },
				answer,
			)
		: createServer(answer);
server.listen(Number(PORT), "127.0.0.1", () => {
	const { port } = server.address();
	console.log(`listens at http${CERT ? "s" : ""}://127.0.0.1:${port}`);
});
