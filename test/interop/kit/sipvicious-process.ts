import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Skipped } from './skipped.ts';

const library = '/usr/share/sipvicious';

/**
 * The tools have no option for their name, which is the default of one parameter of their library, and two of them do
 * not heed the one for their address.
 */
const disguise = `
import importlib, socket, sys
sys.path.insert(0, '${library}')
tool, name, source = sys.argv[1:4]
del sys.argv[1:4]
bind = socket.socket.bind
socket.socket.bind = lambda self, address: bind(self, (source, address[1]))
from sipvicious.libs import svhelper
make = svhelper.makeRequest
make.__defaults__ = tuple(name if value == 'friendly-scanner' else value for value in make.__defaults__)
importlib.import_module('sipvicious.' + tool).main()
`;

/**
 * Runs a tool of sipvicious to its end, as it is or under another name, and gives what it printed: what it has learnt.
 * @throws Skipped where it is not installed
 */
export function runSipvicious(
  tool: 'svmap' | 'svwar' | 'svcrack',
  words: readonly string[],
  options: { readonly from: string; readonly userAgent?: string; readonly timeoutS?: number },
): Promise<string> {
  if (!existsSync(library)) throw new Skipped('sipvicious is not installed');
  const { from, userAgent = 'friendly-scanner', timeoutS = 60 } = options;
  return new Promise((resolve, reject) => {
    const child = spawn('python3', ['-c', disguise, tool, userAgent, from, '-v', '-x', from, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutS * 1000);
    let printed = '';
    const take = (chunk: Buffer): void => {
      printed += chunk.toString();
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', reject);
    child.on('close', () => {
      clearTimeout(timer);
      resolve(printed);
    });
  });
}
