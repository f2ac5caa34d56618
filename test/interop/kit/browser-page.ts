import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire, isBuiltin } from 'node:module';

/** Modules whose entry for Node is another than that for browsers. */
const forBrowsers: Readonly<Record<string, string>> = { debug: 'debug/src/browser.js' };

/** A script for a page, which defines `name` as the CommonJS module of this file with all that it requires. */
export function browserScript(file: string, name: string): string {
  const modules = new Map<string, string>();
  const ids = new Map<string, number>();
  const add = (path: string): number => {
    const known = ids.get(path);
    if (known !== undefined) return known;
    const id = ids.size;
    ids.set(path, id);
    const text = readFileSync(path, 'utf8');
    if (path.endsWith('.json')) modules.set(path, `module.exports = ${text};`);
    else {
      const { resolve } = createRequire(path);
      const linked = text.replace(/\brequire\((['"])([^'"]+)\1\)/g, (_, _quote: string, wanted: string) => {
        const asked = forBrowsers[wanted] ?? (isBuiltin(wanted) ? `${wanted}/` : wanted);
        return `require(${add(resolve(asked))})`;
      });
      modules.set(path, linked);
    }
    return id;
  };
  const main = add(file);
  const table = [...modules].map(
    ([path, text]) => `${ids.get(path)}: function (module, exports, require) {\n${text}\n}`,
  );
  return `var ${name} = (function (table) {
  var made = {};
  function require(id) {
    if (made[id]) return made[id].exports;
    made[id] = { exports: {} };
    table[id].call(made[id].exports, made[id], made[id].exports, require);
    return made[id].exports;
  }
  return require(${main});
})({ ${table.join(',\n')} });`;
}

/** Serves one page with one script on the loopback. @returns its address, and the server, which the caller closes */
export async function servePage(
  address: string,
  script: string,
): Promise<{ readonly url: string; readonly http: Server }> {
  const page = '<!doctype html><meta charset="utf-8"><title>phone</title><script src="/phone.js"></script>';
  const http = createServer((request, response) => {
    const isScript = request.url === '/phone.js';
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript; charset=utf-8' : 'text/html' });
    response.end(isScript ? script : page);
  });
  await new Promise<void>((resolve) => http.listen(0, address, resolve));
  const bound = http.address();
  return { url: `http://${address}:${bound === null || typeof bound === 'string' ? 0 : bound.port}/`, http };
}
