import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newId } from "../../core/id.js";
import { newCall, queued, SLOW_MS } from "../store/data-dir.js";
import { account, bearer, type RunningApp, startApp } from "./running-app.js";

const flow = [{ id: 1, type: "call", number: "12345", caller_id: "1" }];
const right = { cloud_id: "dev", cloud_sid: "SID", auth_token: account.token };
const wrongBearer = { authorization: "Bearer nonsense" };

let app: RunningApp;
beforeAll(async () => {
	app = await startApp();
}, SLOW_MS);
afterAll(() => app.close());

describe("the credential", () => {
	it.each([
		["a bearer token alone", {}, bearer, 202],
		[
			"a bearer token in lower case",
			{},
			{ authorization: `bearer ${account.token}` },
			202,
		],
		["everything in the body", right, {}, 202],
		["both, and both right", right, bearer, 202],
		["a bearer token and the right cloud_id", { cloud_id: "dev" }, bearer, 202],
		["nothing at all", {}, {}, 401],
		["a wrong bearer token", {}, wrongBearer, 401],
		["an empty bearer token", {}, { authorization: "Bearer " }, 401],
		["another scheme", {}, { authorization: "Basic ZGV2OnNlY3JldA==" }, 401],
		[
			"another scheme with a right body",
			right,
			{ authorization: "Basic eDp5" },
			401,
		],
		["a wrong bearer token with a right body", right, wrongBearer, 401],
		[
			"a right bearer token with a wrong auth_token",
			{ auth_token: "x" },
			bearer,
			401,
		],
		[
			"a right bearer token with another cloud_id",
			{ cloud_id: "prod" },
			bearer,
			401,
		],
		[
			"a right bearer token with another cloud_sid",
			{ cloud_sid: "X" },
			bearer,
			401,
		],
		["a wrong auth_token", { ...right, auth_token: "x" }, {}, 401],
		[
			"an auth_token that is part of the right one",
			{ ...right, auth_token: "secret" },
			{},
			401,
		],
		["an auth_token that is a list", { ...right, auth_token: ["x"] }, {}, 401],
		[
			"an auth_token that is no text when asked for it",
			{ ...right, auth_token: { toString: 1, valueOf: 1 } },
			{},
			401,
		],
		[
			"an auth_token that is a list of the right one",
			{ ...right, auth_token: [account.token] },
			{},
			401,
		],
		[
			"a cloud_id that is an object",
			{ ...right, cloud_id: { toString: null } },
			{},
			401,
		],
		["an auth_token that is null", { ...right, auth_token: null }, {}, 401],
		["no auth_token", { ...right, auth_token: undefined }, {}, 401],
		["no cloud_id", { ...right, cloud_id: undefined }, {}, 401],
		["no cloud_sid", { ...right, cloud_sid: undefined }, {}, 401],
		["another cloud_id", { ...right, cloud_id: "prod" }, {}, 401],
		["another cloud_sid", { ...right, cloud_sid: "X" }, {}, 401],
	])("%s answers %#", async (_case, body, headers, status) => {
		const kept = app.dispatcher.accepted.length;
		const answer = await app.post("/call/flow", { ...body, flow }, headers);
		const text = await answer.text();
		expect(answer.status, text).toBe(status);
		expect(app.dispatcher.accepted.length - kept).toBe(status === 202 ? 1 : 0);
		expect(text).not.toContain(account.token);
		if (status === 401) {
			expect(answer.headers.get("www-authenticate")).toBe(
				'Bearer realm="flowdial"',
			);
			expect(JSON.parse(text)).toMatchObject({
				code: "UNAUTHORIZED",
				status: 401,
			});
		}
	});

	it(
		"may name any cloud_sid where none is set",
		async () => {
			const anySid = await startApp({
				account: { ...account, cloudSid: undefined },
			});
			for (const cloud_sid of ["XXXXXXXX", undefined]) {
				const body = { ...right, cloud_sid, flow };
				expect((await anySid.post("/call/flow", body, {})).status).toBe(202);
			}
			await anySid.close();
		},
		SLOW_MS,
	);

	it("is not told apart: who has none learns nothing about the body", async () => {
		const bad = await app.post("/call/flow", { flow: "nonsense" }, {});
		expect(bad.status).toBe(401);
		expect(await bad.json()).toMatchObject({
			problems: [{ path: "$.headers.Authorization" }],
		});
	});

	it.each([
		["GET", "/calls/ID"],
		["GET", "/calls/ID/events"],
		["GET", "/calls/ID/recording"],
		["POST", "/calls/ID/stop"],
		["POST", "/call/flow"],
	])("is wanted by %s %s, under both paths", async (method, path) => {
		const call = newCall();
		await app.store.calls.insert(call, queued(call));
		for (const base of ["", "/api/v2"]) {
			const url = app.url + base + path.replace("ID", call.id);
			for (const headers of [{}, wrongBearer]) {
				const answer = await fetch(url, { method, headers });
				expect(answer.status).toBe(401);
			}
		}
		expect(app.dispatcher.stopped).not.toContain(call.id);
	});

	it("can come in the body of a stop as well", async () => {
		const call = newCall();
		await app.store.calls.insert(call, queued(call));
		const path = `/calls/${call.id}/stop`;
		expect((await app.post(path, right, {})).status).toBe(202);
		const wrong = { ...right, auth_token: "x" };
		expect((await app.post(path, wrong, {})).status).toBe(401);
	});

	it("shows nothing of another account's call", async () => {
		const theirs = newCall({ cloudId: "theirs" });
		await app.store.calls.insert(theirs, queued(theirs));
		for (const id of [theirs.id, newId(), "nonsense", "%00", "..%2f..%2fx"]) {
			const answers = await Promise.all([
				app.get(`/calls/${id}`),
				app.get(`/calls/${id}/events`),
				app.get(`/calls/${id}/recording`),
				app.post(`/calls/${id}/stop`),
			]);
			for (const answer of answers) {
				expect(answer.status).toBe(404);
				expect(await answer.json()).toMatchObject({ code: "CALL_NOT_FOUND" });
			}
		}
		expect(app.dispatcher.stopped).not.toContain(theirs.id);
	});
});
