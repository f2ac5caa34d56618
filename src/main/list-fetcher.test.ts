import assert from 'node:assert/strict';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { SimulatedClock } from '../../test/kit/simulated-clock.ts';
import type { ListFetcher } from '../guard/lists/ports.ts';
import { makeSelfSigned } from '../tls/self-signed.ts';
import { systemListFetcher } from './list-fetcher.ts';

const { cert, key } = makeSelfSigned(['localhost'], seededRandom(8), Date.now());
const seen: string[] = [];

const pages: RequestListener = (request, response) => {
  const path = request.url ?? '';
  seen.push(path);
  const send = (status: number, body: string, headers: Record<string, string> = {}): void => {
    response.writeHead(status, headers).end(body);
  };
  if (path === '/list') {
    const { 'if-none-match': etag, 'if-modified-since': since } = request.headers;
    if (etag === '"one"' && since === 'Sat, 21 Nov 2026 10:00:00 GMT') return send(304, '');
    return send(200, '198.51.100.7\n', { etag: '"one"', 'last-modified': 'Sat, 21 Nov 2026 10:00:00 GMT' });
  }
  if (path === '/moved') return send(301, '', { location: '/list' });
  if (path === '/loop') return send(302, '', { location: '/loop' });
  if (path === '/down') return send(307, '', { location: `http://localhost:${portOf(plain)}/list` });
  if (path === '/out') return send(302, '', { location: 'file:///etc/passwd' });
  if (path === '/huge') return void response.end('9.9.9.9\n'.repeat(1_100_000));
  if (path === '/short') {
    response.writeHead(200, { 'content-length': '1000' }).write('198.51.100.7\n');
    return void setImmediate(() => response.destroy());
  }
  if (path === '/api/HUGE/banned') {
    return send(200, JSON.stringify({ ipaddress: Array(400_000).fill('9.9.9.9'), ID: '1' }));
  }
  const batch = /^\/api\/KEY\/banned(?:\/(\d+))?$/.exec(path);
  if (batch === null) return send(404, 'nothing here');
  const at = Number(batch[1] ?? 0);
  if (at >= 3) return send(400, '{"ipaddress":["no new bans"],"ID":"none"}');
  return send(200, JSON.stringify({ ipaddress: [`198.51.100.${at}`], ID: String(at + 1) }));
};

const plain: Server = createServer(pages);
const secure: Server = createSecureServer({ cert, key }, pages);

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function wanted(
  source: string,
  more: Partial<Parameters<ListFetcher['fetch']>[0]> = {},
): Parameters<ListFetcher['fetch']>[0] {
  return { source, format: 'plain', allowsHttp: false, etag: '', lastModified: '', ...more };
}

describe('fetching a block list', () => {
  const trusting = systemListFetcher(new SimulatedClock(), cert);
  before(async () => {
    await Promise.all(
      [plain, secure].map((server) => new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))),
    );
  });
  after(() => {
    for (const server of [plain, secure]) server.close();
  });
  const https = (path: string): string => `https://localhost:${portOf(secure)}${path}`;
  const reason = async (path: string): Promise<string> => {
    const fetched = await trusting.fetch(wanted(https(path)));
    return fetched.ok ? 'fetched' : fetched.error;
  };

  test('over https it comes with what tells later whether it is new, and then costs one short answer', async () => {
    const fetched = await trusting.fetch(wanted(https('/list')));
    assert.ok(fetched.ok && fetched.value.isNew);
    const { etag, lastModified, text } = fetched.value;
    assert.equal(text, '198.51.100.7\n');
    assert.deepEqual(await trusting.fetch(wanted(https('/list'), { etag, lastModified })), {
      ok: true,
      value: { isNew: false },
    });
  });

  test('a certificate that nobody signed is refused', async () => {
    const fetched = await systemListFetcher(new SimulatedClock()).fetch(wanted(https('/list')));
    assert.match(fetched.ok ? 'fetched' : fetched.error, /^localhost:\d+: self-signed certificate/);
  });

  test('a redirect is followed, a few times, and never to where the list could be changed on the way', async () => {
    assert.equal(await reason('/moved'), 'fetched');
    assert.match(await reason('/loop'), /sends us on more than 3 times/);
    assert.match(await reason('/down'), /sends us on to http:\/\/localhost:\d+, which is not https/);
    assert.match(await reason('/out'), /sends us on to file:\/\/, which is not https/);
  });

  test('what is missing, too large or cut short is an error', async () => {
    assert.match(await reason('/nothing'), /answered 404/);
    assert.match(await reason('/huge'), /more than 8388608 octets/);
    assert.match(await reason('/short'), /aborted|early/);
  });

  test('a host that is not there is an error that names it', async () => {
    const fetched = await trusting.fetch(wanted('https://localhost:1/list'));
    assert.match(fetched.ok ? 'fetched' : fetched.error, /^localhost:1: .*ECONNREFUSED|^localhost:1:/);
  });

  test('http is spoken where the operator allowed it', async () => {
    const fetched = await trusting.fetch(wanted(`http://localhost:${portOf(plain)}/list`, { allowsHttp: true }));
    assert.equal(fetched.ok && fetched.value.isNew && fetched.value.text, '198.51.100.7\n');
  });

  test('APIBAN is asked batch after batch until it has no more', async () => {
    seen.length = 0;
    const fetched = await trusting.fetch(wanted(https('/api/KEY/banned'), { format: 'apiban' }));
    assert.equal(fetched.ok && fetched.value.isNew && fetched.value.text, '198.51.100.0\n198.51.100.1\n198.51.100.2');
    const base = '/api/KEY/banned';
    assert.deepEqual(seen, [base, `${base}/1`, `${base}/2`, `${base}/3`]);
  });

  test('APIBAN is not read on once it has sent more than all lists may have', async () => {
    seen.length = 0;
    const fetched = await trusting.fetch(wanted(https('/api/HUGE/banned'), { format: 'apiban' }));
    assert.match(fetched.ok ? 'fetched' : fetched.error, /sent more than 100000 entries/);
    assert.deepEqual(seen, ['/api/HUGE/banned']);
  });

  test('a file is read, and again only when it has changed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ringfence-list-'));
    try {
      const path = join(folder, 'bad.txt');
      await writeFile(path, '198.51.100.7\n');
      const source = pathToFileURL(path).href;
      const first = await trusting.fetch(wanted(source));
      assert.ok(first.ok && first.value.isNew);
      const { etag } = first.value;
      assert.deepEqual(await trusting.fetch(wanted(source, { etag })), { ok: true, value: { isNew: false } });
      await utimes(path, 1, 1);
      const again = await trusting.fetch(wanted(source, { etag }));
      assert.equal(again.ok && again.value.isNew, true);
      const missing = await trusting.fetch(wanted(`${source}.no`));
      assert.match(missing.ok ? 'fetched' : missing.error, /ENOENT/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
