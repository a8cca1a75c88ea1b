import type { RequestHandler } from "express";
import { docsPage } from "../docs-page/page.js";
import { style } from "../docs-page/style.js";

/** No script, nothing from anywhere else. */
const POLICY =
	"default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** GET /docs: the API as a page to read. */
export const getDocs: RequestHandler = ({ baseUrl }, response) => {
	response.set("Content-Security-Policy", POLICY);
	response.type("text/html").send(docsPage(baseUrl));
};

/** GET /docs/style.css */
export const getDocsStyle: RequestHandler = (_request, response) => {
	response.type("text/css").send(style);
};
