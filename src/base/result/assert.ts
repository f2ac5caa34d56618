/** A broken invariant of ours, never something that a peer or an operator can cause. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** States what must hold; a failure stops the unit of work and is logged with its stack. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
