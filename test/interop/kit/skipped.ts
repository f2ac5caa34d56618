/** A case says by this that the machine lacks what it needs. It counts neither as passed nor as failed. */
export class Skipped extends Error {}
