// Phones as a load, in a process of its own: `connections` of them stand, registered, and then call, register or ask at a
// fixed rate. Prints a line of JSON when they stand, then one for each round, which a line of standard input begins; the
// line `end` ends it.
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Phone, phoneAddress } from './phone.ts';
import { noRequests } from './request-counts.ts';

const { values } = parseArgs({
  options: {
    transport: { type: 'string', default: 'tls' },
    port: { type: 'string', default: '5071' },
    connections: { type: 'string', default: '1000' },
    rate: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '10' },
    /** What phones do: call, register, options, or return (open a new connection and register); several between commas. */
    does: { type: 'string', default: 'call' },
    /** Second octet of the addresses: sources of their own for each process. */
    network: { type: 'string', default: '1' },
    /** Of each phone over UDP, at its own address; 0 for any. */
    'own-port': { type: 'string', default: '0' },
    /** How long a call lasts. */
    talk: { type: 'string', default: '100' },
  },
});
const { transport } = values;
const does = values.does.split(',');
const counts = noRequests();
const total = Number(values.connections);
// One after the other: Kamailio 5.6 over OpenSSL 3 dies now and then of handshakes at once.
const atOnce = 1;

async function newPhone(at: number): Promise<Phone> {
  const address = phoneAddress(Number(values.network), at);
  const place = { transport, address, ownPort: Number(values['own-port']), serverPort: Number(values.port), counts };
  const phone = await Phone.open(place, `u${at}`);
  if (await phone.register()) return phone;
  throw new Error(`u${at} is not registered`);
}

async function operate(phones: readonly Phone[], at: number, what: string): Promise<boolean> {
  const phone = phones[at % phones.length];
  if (phone === undefined) return false;
  if (what === 'register') return phone.register();
  if (what === 'options') return phone.ask();
  if (what === 'call') {
    const call = await phone.call('200');
    if (call === undefined) return false;
    await pause(Number(values.talk));
    return call.end();
  }
  const again = await newPhone(at % phones.length);
  again.close();
  return true;
}

const phones: Phone[] = [];
let next = 0;
await Promise.all(
  Array.from({ length: atOnce }, async () => {
    for (let at = next++; at < total; at = next++) phones[at] = await newPhone(at);
  }),
);
console.log(JSON.stringify({ standing: phones.length }));

for await (const word of createInterface({ input: process.stdin })) {
  if (word === 'end') break;
  console.log(JSON.stringify(await oneRound()));
}
// A phone's connection takes its registration with it; without one it says so.
if (transport === 'udp') for (const phone of phones) await phone.register(0);
process.exit(0);

/** Open loop: the next operation begins at its time, whether or not the last ones are over. */
async function oneRound(): Promise<object> {
  const operations = Math.round(Number(values.rate) * Number(values.seconds));
  Object.assign(counts, noRequests());
  const begunMs = performance.now();
  const outcomes: Promise<boolean>[] = [];
  for (let at = 0; at < operations; at++) {
    const waitMs = begunMs + (at * 1000) / Number(values.rate) - performance.now();
    if (waitMs > 1) await pause(waitMs);
    for (const what of does) outcomes.push(operate(phones, at, what).catch(() => false));
  }
  const done = (await Promise.all(outcomes)).filter((isDone) => isDone).length;
  return { done, failed: outcomes.length - done, ...counts };
}
