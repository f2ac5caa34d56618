import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Secret } from '../../src/base/log/secret.ts';
import { systemRandom } from '../../src/base/random/random.ts';
import { certificateFacts, type Loaded, loadCertificate } from '../../src/tls/certificate-files.ts';
import { makeSelfSigned } from '../../src/tls/self-signed.ts';

const nowMs = Date.now();
const program = fileURLToPath(new URL('../../bin/ringfence.mjs', import.meta.url));

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ringfence-certificate-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function load(given: { readonly domains?: readonly string[]; readonly password?: string } = {}): Loaded {
  const loaded = loadWith(given);
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.error);
  return loaded.value;
}

function loadWith({
  domains = [],
  password = '',
}: Parameters<typeof load>[0] = {}): ReturnType<typeof loadCertificate> {
  const random = systemRandom();
  return loadCertificate({ folder, domains, addresses: ['192.0.2.1'], password: new Secret(password), random, nowMs });
}

function put(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
}

/** What an operator may have from an authority, here signed by itself. */
function pair(names: readonly string[] = ['sip.example.com']): { cert: string; key: string } {
  return makeSelfSigned(names, systemRandom(), nowMs);
}

describe('the certificate of the data folder', () => {
  test('is one of our own that lasts, with a key that nobody else can read, until the operator gives another [tls.self-signed-certificate] [tls.key-pem]', () => {
    const first = load();
    assert.equal(first.material.selfSigned, true);
    assert.equal(load().material.fingerprint, first.material.fingerprint);
    assert.equal(statSync(join(folder, 'selfsigned-key.pem')).mode & 0o077, 0);
    const facts = certificateFacts(first.material);
    assert.deepEqual([facts.selfSigned, facts.names], [true, ['192.0.2.1']]);
    assert.ok(facts.validUntilMs > nowMs);
  });

  test('is that of cert.pem and key.pem when both are good, and else our own with a warning [tls.cert-pem] [tls.key-pem]', () => {
    const { cert, key } = pair();
    const other = pair();
    const table: readonly [Readonly<Record<string, string>>, RegExp | undefined][] = [
      [{ 'cert.pem': cert, 'key.pem': key }, undefined],
      [{ 'cert.pem': cert, 'key.pem': other.key }, /key\.pem is not the key of cert\.pem; a self-signed/],
      [{ 'cert.pem': 'nonsense', 'key.pem': key }, /cert\.pem is no certificate in PEM; a self-signed/],
      [{ 'cert.pem': cert, 'key.pem': 'nonsense' }, /key\.pem is no private key in PEM; a self-signed/],
    ];
    for (const [files, complaint] of table) {
      put(files);
      const { material, warnings } = load();
      assert.equal(material.selfSigned, complaint !== undefined);
      assert.equal(material.fingerprint === new X509Certificate(cert).fingerprint256, complaint === undefined);
      assert.match(warnings.join('\n'), complaint ?? /^$/);
    }
  });

  test('is told to be self-signed also where the operator signed it himself', () => {
    const { cert, key } = pair();
    put({ 'cert.pem': cert, 'key.pem': key });
    assert.equal(certificateFacts(load().material).selfSigned, true);
  });

  test('takes root.pem for an authority of ours, and says so when it is none [tls.root-pem]', () => {
    const { cert } = pair();
    put({ 'root.pem': cert });
    assert.deepEqual([load().material.root, load().warnings], [cert, []]);
    put({ 'root.pem': 'nonsense' });
    assert.equal(load().material.root, '');
    assert.match(load().warnings.join(), /root\.pem is no certificate in PEM, and is not used/);
  });

  test('uses no parameters of Diffie-Hellman, whatever their size, and says so [tls.dh-pem-dh2-pem]', () => {
    put({ 'dh.pem': 'weak', 'dh2.pem': 'weak' });
    assert.deepEqual(load().warnings, [
      'dh.pem is not used: keys are agreed on by ECDHE only; remove the file',
      'dh2.pem is not used: keys are agreed on by ECDHE only; remove the file',
    ]);
  });

  test('is held against localdomain, and each domain that it does not name is told [tls.localdomain]', () => {
    const { cert, key } = pair(['sip.example.com']);
    put({ 'cert.pem': cert, 'key.pem': key });
    assert.deepEqual(load({ domains: ['sip.example.com'] }).warnings, []);
    assert.deepEqual(load({ domains: ['sip.example.com', 'voip.example.org'] }).warnings, [
      'the certificate does not name voip.example.org of localdomain',
    ]);
  });
});

describe('a key that was sealed with a password', () => {
  const sealed = (): { cert: string; key: string } => {
    const { cert, key } = pair();
    const options = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'a long password' } as const;
    return { cert, key: createPrivateKey(key).export(options).toString() };
  };

  test('opens with the right one [tls.sslcertpwd]', () => {
    const { cert, key } = sealed();
    put({ 'cert.pem': cert, 'key.pem': key });
    assert.equal(load({ password: 'a long password' }).material.selfSigned, false);
    assert.equal(loadWith({ password: 'another' }).ok, false);
  });

  test('stops the start with a clear sentence when the password is wrong, and nothing is served in its place [tls.sslcertpwd]', async () => {
    const { cert, key } = sealed();
    put({ 'cert.pem': cert, 'key.pem': key });
    const settings = [
      'listen=127.0.0.1',
      'udp_port=5989',
      'tcp_port=0',
      'metrics_port=0',
      'sslcertpwd=not the password',
    ];
    const words = settings.flatMap((assignment) => ['--set', assignment]);
    const child = spawn(process.execPath, [program, 'serve', '--data', folder, ...words], { stdio: 'pipe' });
    let told = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (told += chunk.toString()));
    const code = await new Promise((resolve) => child.once('exit', resolve));
    assert.notEqual(code, 0);
    assert.match(told, /sslcertpwd does not open key\.pem; set the password that the key was sealed with/);
    assert.ok(!told.includes('"msg":"serving"') && !told.includes('not the password'), told);
  });
});
