/** A claim the code relies on. Fails loudly in every build: a wrong claim here means that a rule above is wrong. */
export function assert(claim: unknown, message: string): asserts claim {
  if (!claim) throw new Error(`assertion failed: ${message}`);
}

/** Marks a branch that the types rule out; a new member of a union stops compiling here. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${typeof value}`);
}
