import type { z } from "zod";
import type { FaultCode } from "../../core/fault.js";
import type { Scope } from "../../core/limits.js";

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** What a route is, for those who call it. */
export interface RouteDoc {
	/** As Express has it: `GET /calls/:id`. */
	route: `${Method} /${string}`;
	/** One line. */
	summary: string;
	/** What else is worth knowing. */
	says?: string;
	scope: Scope | "none";
	/** The credential comes in the header only. */
	headerOnly?: true;
	/** It may come as a parameter of the query, too. */
	tokenInQuery?: true;
	/** Takes an Idempotency-Key. */
	idempotent?: true;
	/** Of the path. */
	params?: z.ZodRawShape;
	query?: z.ZodRawShape;
	headers?: z.ZodRawShape;
	/** Fields of the body, besides the credential. */
	body?: z.ZodRawShape;
	example?: Readonly<Record<string, unknown>>;
	/** By HTTP status; without `json` or `type` there is no body. */
	answers: Readonly<Record<number, AnswerDoc>>;
	/** Besides those that any route may give. */
	faults?: readonly FaultCode[];
}

interface AnswerDoc {
	says: string;
	json?: z.ZodType;
	/** Of a body that is no JSON. */
	type?: string;
}

/** Routes that belong together. */
export interface Topic {
	name: string;
	says: string;
	routes: readonly RouteDoc[];
}
