// Written by steps/generate.ts: do not edit.
import { call } from "./call.js";
import { callback } from "./callback.js";
import { connect } from "./connect.js";
import { http } from "./http.js";
import { keypad } from "./keypad.js";
import { play } from "./play.js";

export const steps = [call, callback, connect, http, keypad, play] as const;
