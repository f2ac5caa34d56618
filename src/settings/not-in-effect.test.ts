import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { checkSetting } from './check.ts';

const manual = readFileSync(new URL('../../docs/manual/security.md', import.meta.url), 'utf8');

/** Requirements on access that cannot hold in this version: what their setting is answered, and the manual's line. */
const settings: readonly (readonly [name: string, reason: RegExp, manual: RegExp])[] = [
  ['securemove', /a redirect \(3xx\) is never followed/, /`securemove`.*480/],
  ['callingcardauth', /no voice menu/, /`callingcardauth`.*no PIN/],
  ['anumberhandling', /no voice menu/, /`anumberhandling`/],
  ['ftpduser', /no FTP/, /`ftpduser`/],
  ['enable_ftp', /no FTP/, /`enable_ftp`/],
  ['ftp_port', /no FTP/, /`ftp_port`/],
  ['enable_ssh', /operating system/, /`enable_ssh`/],
  ['ssh_port', /operating system/, /`ssh_port`/],
];

/** The same for what is no setting: the line of the manual that says what there is instead. */
const practices: readonly (readonly [what: string, manual: RegExp])[] = [
  ['authentication by PIN in a voice menu', /a voice menu with PIN/],
  ['a lockout for SSH', /SSH settings and lockout/],
  ['password of the database', /password, roles and port of a database server/],
  ['roles of the database', /password, roles and port of a database server/],
  ['a list of programs that may listen', /a list of programs that may listen/],
  ['one action that secures the operating system', /securing the operating system in one action/],
  ['a tunnel for remote access', /a tunnel for administration/],
  ['roles of administrators', /roles of administrators/],
  ['changes that wait to be activated', /changes that wait to be activated/],
];

describe('requirements on access that do not hold in this version', () => {
  for (const [name, reason, line] of settings) {
    test(`${name} is refused with its reason, and the manual says what there is instead`, () => {
      const checked = checkSetting(name, '1');
      assert.match(checked.ok ? '' : checked.error.message, reason);
      assert.match(manual, line);
    });
  }

  for (const [what, line] of practices) {
    test(`${what}: the manual says what there is instead`, () => assert.match(manual, line));
  }
});

describe('values of the requirements that are refused by name', () => {
  for (const [name, value, reason] of [
    ['reuseep', '1', /could pass from one to the other/],
    ['reuseuppergep', '1', /charged for calls that nobody knows/],
    ['fwdtootherdomains', '1', /make a SIP server of it and a dial rule/],
    ['uauthverifypwd', '1', /tell guessers when they are right/],
    ['autocreatereguserstrict', '0', /which others pay for/],
    ['remoteadmin', '2', /nothing listens for administration/],
    ['remoteadmin', '4', /administration from everywhere/],
  ] as const) {
    test(`${name} ${value} is refused with the reason`, () => {
      const checked = checkSetting(name, value);
      assert.match(checked.ok ? '' : checked.error.message, reason);
    });
  }
});
