import type { LogOptions } from "../core/log.js";

export interface Address {
	host: string;
	port: number;
}

export interface ControlAddress extends Address {
	secret: string;
}

export interface SoftswitchOptions {
	/** Where phones and trunks reach it, over UDP and TCP. Every port may be 0: any free one. */
	sip: Address;
	/** The address in Contact and SDP; required when `sip.host` is a wildcard. */
	advertise?: string;
	/** drachtio's control protocol. */
	control: ControlAddress;
	/** FreeSWITCH's event socket. */
	eventSocket: ControlAddress;
	rtpPorts: { from: number; to: number };
	/** File of the calls it has made, so that the next start hangs up those that a killed process leaves; none without. */
	journal?: string;
	/** Folder that relative sound paths are looked up in; default the working directory. */
	soundsDir?: string;
	/** Call legs at a time; a connect takes two. */
	maxEndpoints: number;
	logLevel: LogOptions["level"];
}
