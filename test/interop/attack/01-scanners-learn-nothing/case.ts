import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CleanPair } from '../../kit/clean-pair.ts';
import type { Environment } from '../../kit/environment.ts';
import { OperatorView } from '../../kit/operator-view.ts';
import { runSipvicious } from '../../kit/sipvicious-process.ts';

export const title =
  'svmap, svwar and svcrack learn no name and no password, under their own name get no answer at all, and are listed with the evidence [protocol.built-in-scanner-block] [autoban.blockscanning-treshold]';

const secret = 'Violet-Harbor-72';
const disguise = 'Linksys/SPA942-5.2.8';
/** Extensions that svwar tries; one of them is there. */
const extensions = '100-399';
const guesses = 200;

export async function run(env: Environment): Promise<void> {
  const { serverAddress } = env;
  const view = await OperatorView.start(env);
  const pair = await CleanPair.start(env);
  await view.server.import({ users: [{ name: '101', password: secret }] });
  const network = serverAddress.slice(0, serverAddress.lastIndexOf('.'));
  const words = Array.from({ length: guesses }, (_, at) => (at === guesses / 2 ? secret : `guess-${at}`));
  const dictionary = join(env.folder, 'passwords.txt');
  writeFileSync(dictionary, words.join('\n'));
  const crack = ['--maximumtime', '2', '-u', '101', '-d', dictionary, serverAddress];
  const war = (method: string): string[] => [
    '--force',
    '--maximumtime',
    '2',
    '-m',
    method,
    '-e',
    extensions,
    serverAddress,
  ];

  // Under their own name nothing comes back.
  const plain = await Promise.all([
    runSipvicious('svmap', [serverAddress], { from: `${network}.70` }),
    runSipvicious('svwar', ['-e', extensions, serverAddress], { from: `${network}.71` }),
    runSipvicious('svcrack', crack, { from: `${network}.72` }),
  ]);
  for (const printed of plain) assert.match(printed, /found nothing/, printed);
  assert.equal(await view.findings('blocked device'), 3, 'each gave up after its first question');

  // In disguise they see that a SIP server is there, and nothing of who is on it.
  const [map, register, invite, options, cracked] = await Promise.all([
    runSipvicious('svmap', [serverAddress], { from: `${network}.80`, userAgent: disguise }),
    runSipvicious('svwar', war('REGISTER'), { from: `${network}.81`, userAgent: disguise }),
    runSipvicious('svwar', war('INVITE'), { from: `${network}.82`, userAgent: disguise }),
    runSipvicious('svwar', war('OPTIONS'), { from: `${network}.83`, userAgent: disguise }),
    runSipvicious('svcrack', crack, { from: `${network}.84`, userAgent: disguise }),
  ]);
  assert.match(map, /Ringfence/);
  for (const printed of [register, invite, options]) assert.doesNotMatch(printed, /extension .* exists/i, printed);
  assert.doesNotMatch(cracked, /password for|Violet/i, cracked);
  assert.ok((await view.findings('wrong password')) <= 10, 'no more guesses are looked at');
  await view.assertTold(`${network}.83`, /names that nobody has/, 'none');
  await view.assertTold(`101 from ${network}.84`, /failed registrations of one user/, 'nonce');
  await pair.register();
  await pair.call();
}
