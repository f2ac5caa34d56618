import { formatParams, scanParams } from './params.ts';
import { comma, Scanner, slash } from './scanner.ts';

// Values written anew from what was read of them: a line that was folded onto one, or anything else that the grammar of
// RFC 3261 §25.1 does not know, cannot ride on them.

/** A media type with its parameters (`Content-Type`); undefined for what is none. */
export function rewrittenMediaType(value: string): string | undefined {
  const scanner = new Scanner(value);
  scanner.skipSpace();
  const type = scanner.token();
  if (type === '' || !scanner.separator(slash)) return undefined;
  const subtype = scanner.token();
  const params = subtype === '' ? undefined : scanParams(scanner);
  if (params === undefined || !scanner.atEnd()) return undefined;
  return `${type}/${subtype}${formatParams(params)}`;
}

/** Tokens between commas, each with its parameters (`Content-Language`, `Content-Disposition`); undefined for other text. */
export function rewrittenTokens(value: string): string | undefined {
  const scanner = new Scanner(value);
  const tokens: string[] = [];
  do {
    scanner.skipSpace();
    const token = scanner.token();
    const params = token === '' ? undefined : scanParams(scanner);
    if (params === undefined) return undefined;
    tokens.push(`${token}${formatParams(params)}`);
  } while (scanner.separator(comma));
  return scanner.atEnd() ? tokens.join(', ') : undefined;
}
