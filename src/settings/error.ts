/** Why a setting was refused. `message` is a whole sentence for an operator and never shows a secret. */
export interface SettingError {
  readonly kind: 'unknown' | 'not in effect' | 'not a setting' | 'value' | 'conflict' | 'twice' | 'file';
  /** The name as it was written. */
  readonly name: string;
  /** The value as it was written; absent for secrets and where there is none. */
  readonly value: string | undefined;
  /** What may be written instead. */
  readonly allowed: string | undefined;
  readonly message: string;
}

const maxShownCharacters = 80;

/** Foreign text for a message: on one line, cut, in quotation marks. */
export function quoted(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');
  return line.length > maxShownCharacters ? `'${line.slice(0, maxShownCharacters)}...'` : `'${line}'`;
}

/** The same error with the place it was found at in front, such as `ringfence.yaml:12`. */
export function errorAt(place: string, error: SettingError): SettingError {
  return { ...error, message: `${place}: ${error.message}` };
}
