/** A claim the code relies on, checked in every build: if it is false, the code's own reasoning is wrong. */
export function assert(claim: unknown, message: string): asserts claim {
  if (!claim) throw new Error(`assertion failed: ${message}`);
}

/** Marks a branch that the types rule out: with a new member of the union this stops compiling. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${typeof value}`);
}
