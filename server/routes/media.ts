import { type RequestHandler, Router } from "express";
import { faults } from "../../core/fault.js";
import type { Address, HttpShare } from "../../media/http-share.js";
import { only } from "../edges.js";
import { faultAt } from "../fault-at.js";
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

const notShared = ({ path }: { path: string }) =>
	faultAt("ROUTE_NOT_FOUND", "$.path", "take the address as it was given", {
		...{ value: path, detail: faults.ROUTE_NOT_FOUND.says },
	});

function sendSound(share: HttpShare): RequestHandler<Address> {
	return async (request, response) => {
		const path = share.soundAt(request.params);
		if (path === null) throw notShared(request);
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
				throw notShared(request);
		} finally {
			unhurried.delete(socket);
		}
		response.status(201).end();
	};
}
