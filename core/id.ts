import { randomUUID } from "node:crypto";

/** A UUID of version 4. */
export const newId = (): string => randomUUID();
