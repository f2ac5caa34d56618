const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * Text that a stranger may have chosen, safe to print: characters that steer a terminal or turn the direction of
 * writing show as `\u001b`.
 */
export function printable(text: string): string {
  return text.replace(unprintable, escapeOf);
}

/** A value as JSON whose text is safe to print as well: the escapes are JSON's own. */
export function printableJson(value: unknown, indent = 2): string {
  return JSON.stringify(value, undefined, indent).replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, escapeOf);
}

function escapeOf(character: string): string {
  return Array.from({ length: character.length }, (_, at) => {
    return `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
  }).join('');
}
