/** A flow holds as many steps, and a call walks as many. */
export const MOST_STEPS = 1_000;

/** As many warnings are told. */
export const MOST_WARNINGS = 1_000;

/** As many names of variables a flow may set, and a client may set at its start. */
export const MOST_VARIABLES = 200;
