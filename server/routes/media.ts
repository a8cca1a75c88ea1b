import { type RequestHandler, Router } from "express";
import { Fault } from "../../core/fault.js";
import type { Address, HttpShare } from "../../media/http-share.js";
import { only } from "../edges.js";
import { unhurried } from "../unhurried.js";

/** A sound that was fetched is asked for again after that: media/sounds.ts does so too. */
const FRESH_S = 300;

/** /media/{expires}/{signature}/{folder}/{name}: what a FreeSWITCH on another host fetches and leaves; the address is its credential. */
export function mediaRoutes(share: HttpShare): Router {
	const media = Router();
	media
		.route("/media/:expires/:signature/:folder/:name")
		.get(sendSound(share))
		.put(takeRecording(share))
		.all(only("GET", "PUT"));
	return media;
}

function sendSound(share: HttpShare): RequestHandler<Address> {
	return async ({ params }, response) => {
		const path = share.soundAt(params);
		if (path === null) throw new Fault("ROUTE_NOT_FOUND");
		response.set({
			"Content-Type": "audio/wav",
			"Cache-Control": `private, max-age=${FRESH_S}`,
		});
		await new Promise<void>((resolve, reject) => {
			response.sendFile(
				path,
				{ cacheControl: false, dotfiles: "allow" },
				(error) => (error ? reject(error) : resolve()),
			);
		});
	};
}

function takeRecording(share: HttpShare): RequestHandler<Address> {
	return async (request, response) => {
		const { socket } = request;
		unhurried.add(socket);
		try {
			if (!(await share.receive(request.params, request)))
				throw new Fault("ROUTE_NOT_FOUND");
		} finally {
			unhurried.delete(socket);
		}
		response.status(201).end();
	};
}
