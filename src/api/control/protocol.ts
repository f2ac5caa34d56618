import { fail, ok, type Result } from '../../base/result/result.ts';
import type { Arguments, OperationError } from '../operation.ts';

/** One line from a client. */
export interface ControlRequest {
  readonly id: number;
  readonly operation: string;
  readonly arguments: Arguments;
}

export const controlLimits = {
  /** Longest line of a client, in octets. */
  requestBytes: 1_000_000,
  /** Longest line of an import, which carries a whole document. */
  importBytes: 16_000_000,
  /** Longest answer that a client takes. */
  responseBytes: 256_000_000,
  clients: 16,
  /** How long a client may say nothing, or take no octet of an answer. */
  idleMs: 60_000,
} as const;

/** Operations that carry a whole document. */
const largeOperations = ['import', 'tariff import'];

/** The line of a request. The operation stands in front of the arguments: by it the server knows how much to take. */
export function requestLine(request: ControlRequest): string {
  const { id, operation } = request;
  return `${JSON.stringify({ id, operation, arguments: request.arguments })}\n`;
}

const importStart = new RegExp(`^\\{"id":\\d{1,15},"operation":"(?:${largeOperations.join('|')})"`);

/** Octets that a line which begins like this may have. */
export function maxRequestBytes(start: Buffer): number {
  return isLargeRequest(start) ? controlLimits.importBytes : controlLimits.requestBytes;
}

function isLargeRequest(start: Buffer): boolean {
  return importStart.test(start.toString('latin1', 0, 80));
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads a line of a client, which may hold anything. */
export function parseRequest(line: Buffer): Result<ControlRequest, string> {
  const parsed = parseObject(line);
  if (parsed === undefined) return fail('a request is one line with a JSON object: {"id":1,"operation":"status"}');
  const id = parsed['id'];
  if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 0) return fail('id must be a whole number');
  const operation = parsed['operation'];
  if (typeof operation !== 'string') return fail('operation must be a text, such as "status"');
  const given = parsed['arguments'] ?? {};
  if (!isRecord(given)) return fail('arguments must be an object');
  return ok({ id, operation, arguments: given });
}

/** `id` is null where the request had none that can be read. */
export function responseLine(id: number | null, outcome: Result<unknown, OperationError>): string {
  const body = outcome.ok
    ? { id, ok: true, value: outcome.value ?? null }
    : { id, ok: false, error: { code: outcome.error.code, message: outcome.error.message } };
  return `${JSON.stringify(body)}\n`;
}

/** Reads the line of an answer. @returns undefined for a line that is none. */
export function parseResponse(line: Buffer): Result<unknown, OperationError> | undefined {
  const parsed = parseObject(line);
  if (parsed === undefined) return undefined;
  if (parsed['ok'] === true) return ok(parsed['value']);
  const error = parsed['error'];
  if (!isRecord(error) || typeof error['message'] !== 'string') return undefined;
  return fail({ code: knownCode(error['code']), message: error['message'] });
}

function knownCode(code: unknown): OperationError['code'] {
  switch (code) {
    case 'refused':
    case 'not found':
    case 'arguments':
    case 'unknown operation':
    case 'busy':
    case 'server is not running':
      return code;
    default:
      return 'failed';
  }
}

function parseObject(line: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(utf8.decode(line));
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
