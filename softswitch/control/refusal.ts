/** A command that is not carried out: its message is the reason the client is told. */
export class Refusal extends Error {}
