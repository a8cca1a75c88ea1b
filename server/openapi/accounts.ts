import { z } from "zod";
import {
	accountChange,
	newAccount,
	newToken,
	rotation,
} from "../account-requests.js";
import {
	accountAnswer,
	issuedTokenAnswer,
	newAccountAnswer,
	tokenAnswer,
} from "../account-views.js";
import { pageAnswer } from "../answer.js";
import { pageFields } from "../page.js";
import type { RouteDoc, Topic } from "./route.js";

const OPERATOR = "For the operator's account (CLOUD_ID) only.";
const id = z.guid().describe("The token's id");

const tokens: readonly RouteDoc[] = [
	{
		route: "GET /tokens",
		summary: "Lists the account's tokens, revoked ones too",
		scope: "admin",
		query: pageFields,
		answers: { 200: { says: "Tokens", json: pageAnswer(tokenAnswer) } },
	},
	{
		route: "POST /tokens",
		summary: "Makes a token",
		scope: "admin",
		body: newToken(0).shape,
		example: { name: "shop", scopes: ["calls:write", "calls:read"] },
		answers: { 201: { says: "The token", json: issuedTokenAnswer } },
		faults: ["ACCOUNT_NOT_FOUND"],
	},
	{
		route: "DELETE /tokens/:id",
		summary: "Revokes a token",
		says: "Asking twice does no harm.",
		scope: "admin",
		params: { id },
		answers: { 200: { says: "The token", json: tokenAnswer } },
		faults: ["TOKEN_NOT_FOUND"],
	},
	{
		route: "POST /tokens/:id/rotate",
		summary: "Gives a token a new secret",
		scope: "admin",
		params: { id },
		body: rotation.shape,
		example: { overlap_s: 3_600 },
		answers: { 200: { says: "The token", json: issuedTokenAnswer } },
		faults: ["TOKEN_NOT_FOUND"],
	},
];

const operators: readonly RouteDoc[] = [
	{
		route: "GET /accounts",
		summary: "Lists all accounts and their limits",
		says: OPERATOR,
		scope: "admin",
		query: pageFields,
		answers: { 200: { says: "Accounts", json: pageAnswer(accountAnswer) } },
	},
	{
		route: "POST /accounts",
		summary: "Makes an account, and the first token that opens it",
		says: OPERATOR,
		scope: "admin",
		body: newAccount.shape,
		example: { cloud_id: "shop", limits: { live_calls: 10 } },
		answers: { 201: { says: "The account", json: newAccountAnswer } },
		faults: ["ACCOUNT_EXISTS"],
	},
	{
		route: "PATCH /accounts/:cloud_id",
		summary: "Changes an account's name, and the limits that are named",
		says: OPERATOR,
		scope: "admin",
		params: { cloud_id: z.string().describe("The account") },
		body: accountChange.shape,
		example: { limits: { live_calls: 20, calls_per_second: null } },
		answers: { 200: { says: "The account", json: accountAnswer } },
		faults: ["ACCOUNT_NOT_FOUND"],
	},
];

export const accounts: Topic = {
	name: "Accounts",
	says: "Accounts, their tokens and their limits (docs/accounts.md).",
	routes: [...tokens, ...operators].map((route) => ({
		...route,
		headerOnly: true,
	})),
};
