/** A value that an operator set in a running server; `value` is the text that was written. */
export interface SettingOverride {
  readonly key: string;
  readonly value: string;
  /** Who set it: the name of an administrator, or of the command. */
  readonly by: string;
  /** When, in milliseconds since 1970-01-01 UTC. */
  readonly atMs: number;
}

/** Where overrides outlive the process. Each call is durable when its promise resolves. */
export interface SettingStore {
  load(): Promise<readonly SettingOverride[]>;
  /** Stores the override in place of an earlier one of the same key. */
  put(override: SettingOverride): Promise<void>;
  /** Takes the override away; one that is not there is no error. */
  remove(key: string): Promise<void>;
}
