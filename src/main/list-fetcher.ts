import { readFile, stat } from 'node:fs/promises';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { fileURLToPath } from 'node:url';
import { fail, ok, type Result } from '../base/result/result.ts';
import type { Clock } from '../base/time/clock.ts';
import { readApibanBatch } from '../guard/lists/apiban.ts';
import { maxEntries } from '../guard/lists/block-lists.ts';
import type { BlockListRecord, Fetched, ListFetcher } from '../guard/lists/ports.ts';

const maxOctets = 8_388_608;
const maxRedirects = 3;
const maxFetchMs = 30_000;
/** APIBAN answers eleven requests in two minutes. */
const batchesAtOnce = 10;
const batchPauseMs = 12_000;
const maxBatches = 100;
const userAgent = 'Ringfence';

type Wanted = Pick<BlockListRecord, 'source' | 'format' | 'allowsHttp' | 'etag' | 'lastModified'>;

/** What came over HTTP, redirects followed. */
interface Answer {
  readonly status: number;
  readonly text: string;
  readonly etag: string;
  readonly lastModified: string;
}

/** Fetches block lists over HTTPS, whose certificate is always checked, and from files; `authority` is a CA besides the system's, for tests. */
export function systemListFetcher(clock: Clock, authority?: string): ListFetcher {
  const get = (url: URL, wanted: Wanted): Promise<Result<Answer, string>> => fetchOver(url, wanted, authority);
  return {
    fetch: (wanted) => {
      const url = new URL(wanted.source);
      if (url.protocol === 'file:') return fromFile(url, wanted);
      return wanted.format === 'apiban' ? fromApiban(url, wanted, get, clock) : fromUrl(url, wanted, get);
    },
  };
}

async function fromFile(url: URL, { etag: known, format }: Wanted): Promise<Result<Fetched, string>> {
  try {
    const path = fileURLToPath(url);
    const { size, mtimeMs } = await stat(path);
    if (size > maxOctets) return fail(`the file has more than ${maxOctets} octets`);
    const etag = `${mtimeMs}-${size}`;
    if (etag === known) return ok({ isNew: false });
    const text = await readFile(path, 'utf8');
    if (format === 'plain') return ok({ isNew: true, text, etag, lastModified: '' });
    const batch = readApibanBatch(text);
    return batch.ok ? ok({ isNew: true, text: batch.value.addresses.join('\n'), etag, lastModified: '' }) : batch;
  } catch (error) {
    return fail(reasonOf(error));
  }
}

type Get = (url: URL, wanted: Wanted) => Promise<Result<Answer, string>>;

async function fromUrl(url: URL, wanted: Wanted, get: Get): Promise<Result<Fetched, string>> {
  const answer = await get(url, wanted);
  if (!answer.ok) return answer;
  const { status, text, etag, lastModified } = answer.value;
  if (status === 304) return ok({ isNew: false });
  return status === 200 ? ok({ isNew: true, text, etag, lastModified }) : fail(`${url.host} answered ${status}`);
}

/**
 * Batch after batch, as slowly as the service wants it. A batch that fails makes the whole list fail, as does one that
 * brings more than all lists may have: a hundred of 8 MB are not to be held for a list that is refused then.
 */
async function fromApiban(url: URL, wanted: Wanted, get: Get, clock: Clock): Promise<Result<Fetched, string>> {
  let addresses: readonly string[] = [];
  const path = url.pathname.replace(/\/$/, '');
  for (let batch = 0, next = url; batch < maxBatches; batch++) {
    if (batch >= batchesAtOnce) await new Promise<void>((resolve) => clock.after(batchPauseMs, resolve));
    const answer = await get(next, { ...wanted, etag: '', lastModified: '' });
    if (!answer.ok) return answer;
    const { status, text } = answer.value;
    // 400 says that there is nothing behind the last batch.
    if (status !== 200 && status !== 400) return fail(`${url.host} answered ${status}`);
    const read = readApibanBatch(text);
    if (!read.ok) return read;
    addresses = addresses.concat(read.value.addresses);
    if (addresses.length > maxEntries) return fail(`${url.host} sent more than ${maxEntries} entries`);
    const { nextId } = read.value;
    if (nextId === undefined) return ok({ isNew: true, text: addresses.join('\n'), etag: '', lastModified: '' });
    next = new URL(url);
    next.pathname = `${path}/${nextId}`;
  }
  return fail(`${url.host} sent more than ${maxBatches} batches`);
}

async function fetchOver(url: URL, wanted: Wanted, authority: string | undefined): Promise<Result<Answer, string>> {
  const signal = AbortSignal.timeout(maxFetchMs);
  let place = url;
  try {
    for (let redirects = 0; redirects <= maxRedirects; redirects++) {
      const response = await open(place, wanted, authority, signal);
      const { statusCode: status = 0, headers } = response;
      const isMoved = [301, 302, 303, 307, 308].includes(status) && headers.location !== undefined;
      if (!isMoved) {
        const text = await textOf(response);
        if (text === undefined) return fail(`${place.host} sent more than ${maxOctets} octets`);
        return ok({ status, text, etag: headers.etag ?? '', lastModified: headers['last-modified'] ?? '' });
      }
      response.destroy();
      if (!URL.canParse(headers.location ?? '', place)) return fail(`${place.host} sends us on to nowhere`);
      const next = new URL(headers.location ?? '', place);
      const isAllowed = next.protocol === 'https:' || (next.protocol === 'http:' && wanted.allowsHttp);
      if (!isAllowed) return fail(`${place.host} sends us on to ${next.protocol}//${next.host}, which is not https`);
      place = next;
    }
    return fail(`${url.host} sends us on more than ${maxRedirects} times`);
  } catch (error) {
    return fail(
      signal.aborted ? `${place.host} took longer than ${maxFetchMs / 1000} s` : `${place.host}: ${reasonOf(error)}`,
    );
  }
}

function open(url: URL, wanted: Wanted, authority: string | undefined, signal: AbortSignal): Promise<IncomingMessage> {
  const { etag, lastModified } = wanted;
  const headers = {
    'user-agent': userAgent,
    // No compression: what arrives is what counts against the bound.
    'accept-encoding': 'identity',
    ...(etag === '' ? {} : { 'if-none-match': etag }),
    ...(lastModified === '' ? {} : { 'if-modified-since': lastModified }),
  };
  return new Promise((resolve, reject) => {
    const options = { headers, signal, agent: false, maxHeaderSize: 16_384 };
    const request =
      url.protocol === 'https:'
        ? requestHttps(url, {
            ...options,
            ...(authority === undefined ? {} : { ca: authority }),
            rejectUnauthorized: true,
          })
        : requestHttp(url, options);
    request.on('response', resolve).on('error', reject).end();
  });
}

/** The body, or undefined when it is too large; nothing more is read of it then. */
async function textOf(response: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let octets = 0;
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue;
    octets += chunk.length;
    if (octets > maxOctets) {
      response.destroy();
      return undefined;
    }
    chunks.push(chunk);
  }
  if (!response.complete) throw new Error('the answer ended early');
  return Buffer.concat(chunks).toString('utf8');
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
