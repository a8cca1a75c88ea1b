import type { RequestHandler } from "express";
import { z } from "zod";

export const healthAnswer = z.object({
	status: z.literal("ok").describe("The process answers"),
});

/** GET /healthz: the process answers. */
export const getHealth: RequestHandler = (_request, response) => {
	response.json({ status: "ok" });
};
