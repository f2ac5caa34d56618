import type { Binding } from './binding.ts';

/** Durable bindings. Writes are gathered and committed within a second; a REGISTER is answered before that. */
export interface BindingStore {
  put(binding: Binding): void;
  remove(key: string): void;
}
