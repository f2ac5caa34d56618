// Phones that stand, in a process of its own. Its words come on standard input, and each is answered with a line of JSON:
// `register FIRST COUNT`, `unregister FIRST COUNT` (each phone at an address of its own), `call COUNT` (calls that then
// stand), `hang`, and `end`. It is also what the server calls.
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { answerCalls } from './answering.ts';
import { Phone, phoneAddress, type StandingCall } from './phone.ts';
import { trunk } from './servers.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '5080' },
    network: { type: 'string', default: '64' },
    /** Users that the phones are shared among. */
    users: { type: 'string', default: '200' },
  },
});
const serverPort = Number(values.port);
const network = Number(values.network);
const atOnce = 40;
const ownPort = 5062;
const callers: Phone[] = [];
const standing: StandingCall[] = [];

answerCalls(trunk);
for await (const line of createInterface({ input: process.stdin })) {
  const [word = '', ...numbers] = line.split(' ');
  const [first = 0, count = first] = numbers.map(Number);
  if (word === 'end') break;
  console.log(JSON.stringify({ done: await obey(word, first, count) }));
}
process.exit(0);

/** @returns how many of what was asked for were done. */
function obey(word: string, first: number, count: number): Promise<number> {
  switch (word) {
    case 'register':
      return many(count, (at) => visit(first + at, 600));
    case 'unregister':
      return many(count, (at) => visit(first + at, 0));
    case 'call':
      return many(count, (at) => stand(at));
    default:
      return many(standing.length, async (at) => (await standing.pop()?.end()) ?? at < 0);
  }
}

async function many(count: number, one: (at: number) => Promise<boolean>): Promise<number> {
  let [next, done] = [0, 0];
  const worker = async (): Promise<void> => {
    for (let at = next++; at < count; at = next++) if (await one(at).catch(() => false)) done++;
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return done;
}

/** A socket for each phone would be too many: it opens one, registers, and closes it. */
async function visit(at: number, expiresS: number): Promise<boolean> {
  const address = phoneAddress(network, at);
  const phone = await Phone.open({ transport: 'udp', address, ownPort, serverPort }, `u${at % Number(values.users)}`);
  try {
    return await phone.register(expiresS);
  } finally {
    phone.close();
  }
}

async function stand(at: number): Promise<boolean> {
  const who = at % Number(values.users);
  const address = phoneAddress(network - 1, who);
  callers[who] ??= await Phone.open({ transport: 'udp', address, serverPort }, `u${who}`);
  const call = await callers[who].call('200');
  if (call !== undefined) standing.push(call);
  return call !== undefined;
}
