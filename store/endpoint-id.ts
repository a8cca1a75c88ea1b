import { v5 } from "uuid";

/** Any constant UUID: what an endpoint's is derived in. */
const ENDPOINTS = "5ff3a4d1-6b0c-4d53-9a7e-0f6f6d2f8c11";

/** An endpoint is an account and an address that its events go to: the same two are the same endpoint, without a look-up. */
export const endpointId = (cloudId: string, url: string): string =>
	v5(JSON.stringify([cloudId, url]), ENDPOINTS);
