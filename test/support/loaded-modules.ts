import { createRequire } from "node:module";
import { readConfig } from "../../core/config.js";
import { startService } from "../../server/main.js";

// Starts the service, says which packages of OpenTelemetry it has loaded by then, and ends: a program of its own, since tests load more.

const service = await startService(readConfig());
const files = Object.keys(createRequire(import.meta.url).cache);
const packages = files.flatMap(
	(file) => /node_modules\/(@opentelemetry\/[^/]+)\//.exec(file)?.[1] ?? [],
);
console.log(`loaded ${JSON.stringify([...new Set(packages)].sort())}`);
await service.stop();
