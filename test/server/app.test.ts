import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Fault } from "../../core/fault.js";
import { SLOW_MS } from "../store/data-dir.js";
import { bearer, type RunningApp, startApp } from "./running-app.js";

let app: RunningApp;
beforeAll(async () => {
	app = await startApp();
}, SLOW_MS);
afterAll(() => app.close());

const call = { id: 1, type: "call", number: "12345", caller_id: "1" };

describe("the API", () => {
	it("says that it lives without a credential", async () => {
		for (const base of ["", "/api/v2"]) {
			const answer = await app.get(`${base}/healthz`, {});
			expect(answer.status).toBe(200);
			expect(await answer.json()).toEqual({ status: "ok" });
		}
	});

	it("says what stands in the way of new calls", async () => {
		expect((await app.get("/readyz", {})).status).toBe(200);
		app.engines.ready = false;
		const answer = await app.get("/api/v2/readyz", {});
		app.engines.ready = true;
		expect(answer.status).toBe(503);
		expect(await answer.json()).toEqual({
			status: "not_ready",
			checks: { database: true, engine: false, dispatcher: true },
			engines: [],
			trunks: [],
		});
		app.dispatcher.ready = false;
		expect((await app.get("/readyz", {})).status).toBe(503);
		app.dispatcher.ready = true;
	});

	it.each([
		"/nonsense",
		"/api/v2",
		"/api/v2/api/v2/healthz",
		"/call/flow/x",
		"/call",
	])("has no route %s", async (path) => {
		const answer = await app.get(path);
		expect(answer.status).toBe(404);
		expect(await answer.json()).toMatchObject({ code: "ROUTE_NOT_FOUND" });
	});

	it.each([
		["GET", "/call/flow", "POST"],
		["DELETE", "/api/v2/call/flow", "POST"],
		["POST", "/calls/x", "GET, HEAD"],
		["PUT", "/calls/x/events", "GET, HEAD"],
		["GET", "/calls/x/stop", "POST"],
		["OPTIONS", "/healthz", "GET, HEAD"],
	])("answers %s %s with what is allowed", async (method, path, allowed) => {
		const answer = await fetch(app.url + path, { method, headers: bearer });
		expect(answer.status).toBe(405);
		expect(answer.headers.get("allow")).toBe(allowed);
		const hint = `write ${allowed.includes(",") ? "one of " : ""}${allowed}`;
		expect(await answer.json()).toMatchObject({
			code: "METHOD_NOT_ALLOWED",
			detail: `This path takes no ${method}: ${hint}`,
			problems: [{ path: "$.method", value: method, hint }],
		});
	});

	it("marks every answer as not to be sniffed or kept, and names no product", async () => {
		for (const path of ["/healthz", "/nonsense", "/calls/x"]) {
			const { headers } = await app.get(path);
			expect(headers.get("x-content-type-options")).toBe("nosniff");
			expect(headers.get("cache-control")).toBe("no-store");
			expect(headers.get("x-powered-by")).toBeNull();
			expect(headers.get("etag")).toBeNull();
		}
	});

	it("writes errors as problem documents", async () => {
		const answer = await app.get("/nonsense");
		expect(answer.headers.get("content-type")).toMatch(
			/^application\/problem\+json\b/,
		);
		expect(await answer.json()).toEqual({
			type: "urn:flowdial:problem:ROUTE_NOT_FOUND",
			title: "No route has this path",
			status: 404,
			code: "ROUTE_NOT_FOUND",
			detail: expect.stringContaining("No route has the path /nonsense"),
			problems: [
				{
					path: "$.path",
					value: "/nonsense",
					hint: "GET /openapi.json and /docs show the routes that there are",
				},
			],
		});
	});

	it("says when to come back while it takes no calls", async () => {
		for (const code of ["QUEUE_FULL", "SHUTTING_DOWN"] as const) {
			app.dispatcher.refuses = new Fault(code, undefined, { retryAfterS: 6.2 });
			const answer = await app.post("/call/flow", { flow: [call] });
			app.dispatcher.refuses = undefined;
			expect(answer.status).toBe(503);
			expect(answer.headers.get("retry-after")).toBe("7");
			expect(await answer.json()).toMatchObject({ code });
		}
	});

	it("tells nothing about its own faults", async () => {
		app.dispatcher.refuses = new Error("password=hunter2");
		const answer = await app.post("/call/flow", { flow: [call] });
		app.dispatcher.refuses = undefined;
		expect(answer.status).toBe(500);
		const text = await answer.text();
		expect(text).not.toContain("hunter2");
		expect(JSON.parse(text)).toMatchObject({ code: "INTERNAL", status: 500 });
	});

	it("takes a path that cannot be decoded for the client's mistake", async () => {
		const answer = await app.get("/calls/%zz");
		expect(answer.status).toBe(400);
		expect(await answer.json()).toMatchObject({ code: "BAD_REQUEST" });
	});
});
