import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { HeaderList, serialise, type SipMessage } from '../../src/sip/message/index.ts';
import { type ScriptedPeer, sdp } from './scripted-peer.ts';
import { password, Stage, trunkAt } from './stage.ts';

/** In the value of each header that must not pass: wherever it turns up on the other leg, something has passed. */
const marker = 'zq7marker';

/** Headers that are stripped, or that we write ourselves, in each of their forms. */
const guarded = [
  ...[
    'P-Asserted-Identity',
    'P-Preferred-Identity',
    'Remote-Party-ID',
    'Privacy',
    'Identity',
    'y',
    'Identity-Info',
    'n',
  ],
  ...['Diversion', 'History-Info', 'Alert-Info', 'Call-Info', 'Reply-To', 'User-Agent', 'Server', 'Referred-By', 'b'],
  ...[
    'Record-Route',
    'Route',
    'Via',
    'v',
    'Geolocation',
    'Replaces',
    'Accept-Contact',
    'a',
    'X-Client-Address',
    'X-Odd',
  ],
];

/** Names as a hostile sender may spell them: what our parser and that of the next hop could read differently. */
const spelled = (name: string): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constant(name),
    fc.array(fc.boolean(), { minLength: name.length, maxLength: name.length }).map((upper) =>
      name
        .split('')
        .map((letter, at) => (upper[at] === true ? letter.toUpperCase() : letter.toLowerCase()))
        .join(''),
    ),
    // A control octet, a NUL, a blank or half a character of UTF-8 before, after or inside.
    fc
      .tuple(
        fc.nat(name.length),
        fc.constantFrom(
          '\0',
          '\u0001',
          '\u007f',
          '\v',
          '\f',
          '\u00a0',
          '\u00ad',
          ' ',
          '\t',
          '\u00e2\u0080\u008b',
          '\b',
          '\r',
          '\n',
          '\r\n ',
        ),
      )
      .map(([at, octets]) => name.slice(0, at) + octets + name.slice(at)),
    // Letters that look alike, as UTF-8: Cyrillic, full width, dotless; other hyphens; escapes.
    fc
      .constantFrom<readonly [RegExp, string]>(
        [/a/i, '\u00d0\u00b0'],
        [/e/i, '\u00d0\u00b5'],
        [/i/i, '\u00c4\u00b1'],
        [/p/i, '\u00ef\u00bc\u00b0'],
        [/-/g, '\u00e2\u0080\u0091'],
        [/-/g, '_'],
        [/-/g, '%2D'],
        [/s/i, '\u00c5\u00bf'],
        [/k/i, '\u00e2\u0084\u00aa'],
      )
      .map(([letter, instead]) => name.replace(letter, instead)),
  );

/** The usual octets two times in three, so that most variants are odd in one way only. */
function likely(usual: string, ...odd: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof({ weight: 2, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...odd) });
}

/** What stands between name and value, and at the end of the line. */
const separator = likely(
  ': ',

  ': ',
  ':',
  ' : ',
  '\t:',
  ' \t :\t',
  ':\r\n ',
  ' :\r\n\t',
  '\0: ',
  ':\0',
  '\r\n :',
  ' ',
  '=',
  '\n: ',
);
const value = fc.constantFrom(
  `<sip:911@${marker}.example>`,
  `"${marker}" <sip:911@x>`,
  `"\\\0${marker}" <sip:911@x>`,
  `\r\n <sip:911@x>;x=${marker}`,
  `x\0${marker}`,
  `x, <sip:${marker}>`,
  `\u00ff${marker}`,
  `id;${marker}`,
);
const lineEnd = fc.constantFrom(
  '\r\n',
  '\r\n',
  '\r\n',
  '\n',
  '\r',
  '\r\r\n',
  '\0\r\n',
  '\u0085\r\n',
  '\u00e2\u0080\u00a8\r\n',
);

const variant = fc
  .constantFrom(...guarded)
  .chain((name) =>
    fc.record({ name: spelled(name), separator, value, lineEnd, copies: fc.constantFrom(1, 1, 2, 9), place: fc.nat() }),
  );

type Variant = typeof variant extends fc.Arbitrary<infer T> ? T : never;

/** The message as octets, with the variant as lines of their own somewhere among its headers. */
function withVariant(
  message: SipMessage,
  { name, separator: between, value: text, lineEnd: end, copies, place }: Variant,
): string {
  const [head = '', ...body] = serialise(message).split('\r\n\r\n');
  const lines = head.split('\r\n');
  const at = 1 + (place % lines.length);
  const before = lines.slice(0, at).map((line) => `${line}\r\n`);
  const after = lines.slice(at).map((line) => `${line}\r\n`);
  const added = `${name}${between}${text}${end}`.repeat(copies);
  return `${before.join('')}${added}${after.join('')}\r\n${body.join('\r\n\r\n')}`;
}

/** The text of a MESSAGE is what its sender likes, also where it has put an end to the headers early. */
function policed(octets: string): string {
  return (octets.startsWith('MESSAGE') ? octets.split('\r\n\r\n')[0] : octets) ?? '';
}

function assertNothingPassed(peer: ScriptedPeer, sent: string): void {
  const leaked = peer.datagrams.splice(0).find((octets) => policed(octets).toLowerCase().includes(marker));
  assert.equal(leaked, undefined, `${JSON.stringify(sent)}\nbecame\n${leaked}`);
}

async function stageWithCarriers(): Promise<Stage> {
  const carrier = {
    name: 'carrier',
    kind: 'sipserver',
    trunk: { ...trunkAt('192.0.2.50'), trustIdentity: true },
  } as const;
  const incoming = { name: 'incoming', kind: 'sipserver', trunk: trunkAt('192.0.2.51') } as const;
  const sender = { name: 'sender', kind: 'trafficsender', needAuth: 1, authIp: ['192.0.2.60'] } as const;
  const routes = [{ sipServerId: 3, priority: 1, weight: 1 }];
  const settings = { maxcps: 0, maxcpsperip: 0 };
  return await Stage.open({ settings, accounts: [carrier, incoming, sender], dialRules: [{ pattern: '00.', routes }] });
}

describe('a header that is stripped or that we write never reaches the other leg, however it is spelled', () => {
  const rows: readonly {
    readonly way: string;
    readonly from: string;
    readonly user: string;
    readonly uri: string;
    readonly to: string;
  }[] = [
    {
      way: 'from a phone to a trusted SIP server',
      from: '192.0.2.21',
      user: 'alice',
      uri: 'sip:0049301@server.example',
      to: '192.0.2.50',
    },
    {
      way: 'from a phone to a phone',
      from: '192.0.2.21',
      user: 'alice',
      uri: 'sip:bob@server.example',
      to: '192.0.2.22',
    },
    {
      way: 'from a SIP server to a phone',
      from: '192.0.2.51',
      user: '4930',
      uri: 'sip:bob@server.example',
      to: '192.0.2.22',
    },
    {
      way: 'from a traffic sender to a trusted SIP server',
      from: '192.0.2.60',
      user: '4930',
      uri: 'sip:0049301@server.example',
      to: '192.0.2.50',
    },
  ];
  for (const method of ['INVITE', 'MESSAGE'] as const) {
    for (const { way, from, user, uri, to } of rows.filter((row) => method === 'INVITE' || row.uri.includes('bob'))) {
      test(`${method} ${way}`, { timeout: 60_000 }, async () => {
        const stage = await stageWithCarriers();
        const caller = user === 'alice' ? await stage.phone(user, from) : await stage.peer(from);
        const callee = to === '192.0.2.22' ? await stage.phone('bob', to) : await stage.peer(to);
        let reached = 0;
        await fc.assert(
          fc.asyncProperty(variant, async (given) => {
            callee.received.splice(0);
            caller.received.splice(0);
            const request = caller.build(method, uri, user, { body: sdp(from) });
            let wanted = request;
            if (user === 'alice') {
              caller.send(request);
              await stage.run(20);
              const challenge = caller.response(method, 407);
              if (method === 'INVITE') caller.ack(request, challenge);
              wanted = caller.authorised(request, challenge, user, password);
            }
            const octets = withVariant(wanted, given);
            caller.sendOctets(octets);
            await stage.run(20);
            assertNothingPassed(callee, octets);
            const [arrived] = callee.requests(method);
            if (arrived === undefined) return;
            reached++;
            callee.respond(arrived, method === 'INVITE' ? 486 : 200);
            await stage.run(20);
          }),
          { numRuns: 150 },
        );
        assert.ok(reached > 20, `only ${reached} of the variants were acceptable requests`);
      });
    }
  }

  test('answers of the callee, on their way back', { timeout: 60_000 }, async () => {
    const stage = await stageWithCarriers();
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    await fc.assert(
      fc.asyncProperty(variant, fc.constantFrom(180, 183, 200, 302, 401, 407, 486, 603), async (given, status) => {
        bob.received.splice(0);
        alice.received.splice(0);
        await stage.register(bob, 'bob');
        await stage.invite(alice, 'alice', 'sip:bob@server.example');
        const invite = bob.request('INVITE');
        const before = alice.datagrams.length;
        bob.mangle = (octets) => withMangledReason(octets, given);
        bob.respond(invite, status, { headers: new HeaderList().append('contact', `<sip:${marker}@192.0.2.22>`) });
        await stage.run(20);
        bob.mangle = undefined;
        alice.datagrams.splice(0, before);
        assertNothingPassed(alice, `${status} with ${JSON.stringify(given)}`);
        for (const call of stage.server.calls.calls()) stage.server.calls.endCall(call.plan.callId);
        bob.respond(invite, 487);
        await stage.run(40_000);
      }),
      { numRuns: 100 },
    );
  });
});

/** The answer with a reason phrase of the callee's own, and the variant among its headers. */
function withMangledReason(octets: string, given: Variant): string {
  const [head = '', ...body] = octets.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const at = given.place % (lines.length + 1);
  const added = `${given.name}${given.separator}${given.value}`;
  const all = [first.replace(/^(SIP\/2\.0 \d+).*/, `$1 ${marker}`), ...lines.slice(0, at), added, ...lines.slice(at)];
  return `${all.join('\r\n')}\r\n\r\n${body.join('\r\n\r\n')}`;
}
