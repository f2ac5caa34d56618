#!/usr/bin/env node
// The machine's own Node may be too old for the server; the package brings one. This file runs on either and goes on
// with the package's when it must.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const bundled = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));

if (major > 24 || (major === 24 && minor >= 10)) {
  // A command starts in half the time when the sources need not be read anew. The cache is beside the package and not in
  // the common /tmp, where another user could put code for us; where the package is read-only there is none.
  nodeModule.enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/ringfence', import.meta.url)));
  await import('../src/main/ringfence.ts');
} else if (existsSync(bundled)) {
  const child = spawn(bundled, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
} else {
  console.error(`Node ${process.versions.node} is too old: run "npm ci" once, it brings a newer one.`);
  process.exit(1);
}
