import type { RequestHandler } from "express";
import { openApi } from "../openapi/document.js";

/** GET /openapi.json: this API, as OpenAPI 3.1 describes it. */
export const getOpenApi: RequestHandler = (_request, response) => {
	response.json(openApi());
};
