import { fail, ok, type Result } from '../../base/result/result.ts';
import type { Arguments, OperationError } from '../operation.ts';

const maxTextCharacters = 16_000_000;

/** A text that must be there. */
export function text(given: Arguments, name: string): Result<string, OperationError> {
  const value = given[name];
  if (typeof value === 'string' && value !== '' && value.length <= maxTextCharacters) return ok(value);
  return wrong(`${name} must be a text that is not empty`);
}

/** A text, or undefined where there is none. */
export function optionalText(given: Arguments, name: string): Result<string | undefined, OperationError> {
  return given[name] === undefined ? ok(undefined) : text(given, name);
}

export function flag(given: Arguments, name: string): Result<boolean, OperationError> {
  const value = given[name] ?? false;
  return typeof value === 'boolean' ? ok(value) : wrong(`${name} must be true or false`);
}

/** A whole number from `min` to `max`, or `otherwise` where there is none. */
export function whole<T extends number | undefined>(
  given: Arguments,
  name: string,
  range: { readonly min: number; readonly max: number; readonly otherwise: T },
): Result<number | T, OperationError> {
  const value = given[name];
  if (value === undefined) return ok(range.otherwise);
  const fits = typeof value === 'number' && Number.isSafeInteger(value) && value >= range.min && value <= range.max;
  return fits ? ok(value) : wrong(`${name} must be a whole number from ${range.min} to ${range.max}`);
}

/** An object of texts, such as the fields of a user. */
export function texts(given: Arguments, name: string): Result<Readonly<Record<string, string>>, OperationError> {
  const value = given[name] ?? {};
  const complaint = `${name} must be an object of texts`;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong(complaint);
  const read: [string, string][] = [];
  for (const [key, each] of Object.entries(value)) {
    if (typeof each !== 'string') return wrong(complaint);
    read.push([key, each]);
  }
  return ok(Object.fromEntries(read));
}

function wrong(message: string): Result<never, OperationError> {
  return fail({ code: 'arguments', message });
}
