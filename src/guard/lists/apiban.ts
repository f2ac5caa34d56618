import { fail, ok, type Result } from '../../base/result/result.ts';

/** One batch of the APIBAN service: its addresses, and the id by which the next is asked for. */
export interface ApibanBatch {
  readonly addresses: readonly string[];
  /** Undefined for the last batch. */
  readonly nextId: string | undefined;
}

/** Reads `{"ipaddress": [...], "ID": "..."}`; the service says 'no new bans' and ID 'none' behind the last batch. */
export function readApibanBatch(text: string): Result<ApibanBatch, string> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return fail('the answer is no JSON, which APIBAN would send');
  }
  const { ipaddress, ID: id } = isRecord(parsed) ? parsed : {};
  if (!Array.isArray(ipaddress) || (typeof id !== 'string' && typeof id !== 'number')) {
    const said = typeof ipaddress === 'string' ? `: ${ipaddress.slice(0, 80)}` : '';
    return id === 'none' && ipaddress === 'no new bans' ? ok(noMore) : fail(`APIBAN sent no list${said}`);
  }
  const nextId = String(id);
  if (nextId === 'none') return ok(noMore);
  if (!/^[\w-]{1,64}$/.test(nextId)) return fail('APIBAN sent an ID that is none');
  const addresses: string[] = [];
  for (const address of ipaddress) {
    if (typeof address !== 'string' || !/^[0-9a-f.:/]{2,49}$/i.test(address)) {
      return fail(`entry ${addresses.length + 1} of a batch of APIBAN is no address`);
    }
    addresses.push(address);
  }
  return ok({ addresses, nextId: addresses.length === 0 ? undefined : nextId });
}

const noMore: ApibanBatch = { addresses: [], nextId: undefined };

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
