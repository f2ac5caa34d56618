import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { catalogue } from './catalogue.ts';
import { checkSetting, checkTogether, refusedValue } from './check.ts';
import { profileNames, profileValues } from './profiles.ts';

describe('names of settings', () => {
  const spellings = [
    ['ring_timeout', 'ring_timeout'],
    ['RING_TIMEOUT', 'ring_timeout'],
    ['ring timeout', 'ring_timeout'],
    ['Ring-Timeout', 'ring_timeout'],
    ['session.ring-timeout', 'ring_timeout'],
    ['Guest calls', 'allow_guest'],
    ['UDP Port', 'udp_port'],
    ['End RTP Port', 'end_rtp_port'],
    ['Max Registration/Subscription Time(sec)', 'max_registration_subscription_time_sec'],
  ] as const;
  for (const [written, key] of spellings) {
    it(`takes '${written}' for ${key}`, () => {
      const text = key === 'allow_guest' ? 'true' : '300';
      const checked = checkSetting(written, key.endsWith('port') ? '7000' : text);
      assert.ok(checked.ok);
      assert.equal(checked.value.key, key);
    });
  }

  const refused = [
    ['ring_timout', 'unknown', /'ring_timout'; the nearest name is 'ring_timeout'/],
    ['chekrtpaddr', 'unknown', /the nearest name is 'checkrtpaddr'/],
    ['misc.udp-port-tcp-port-sip', 'unknown', /nearest/],
    ['', 'unknown', /there is no setting ''/],
    ['x'.repeat(10_000), 'unknown', /there is no setting 'x{80}\.\.\.'/],
    ['a\r\nb', 'unknown', /'a\?\?b'/],
    ['__proto__', 'unknown', /nearest/],
    ['usetlsforweb', 'not in effect', /known, but not in effect in this version/],
    ['enablefirewall', 'not in effect', /known, but not in effect in this version/],
    ['maxlines', 'not a setting', /a field of each user/],
  ] as const;
  for (const [written, kind, message] of refused) {
    it(`refuses ${JSON.stringify(written.slice(0, 30))} as ${kind}`, () => {
      const checked = checkSetting(written, '1');
      assert.ok(!checked.ok);
      assert.equal(checked.error.kind, kind);
      assert.match(checked.error.message, message);
    });
  }
});

describe('values of settings', () => {
  const rows = [
    ['ring_timeout', '45', 45],
    ['ring_timeout', ' 45 ', 45],
    ['ring_timeout', '0', 0],
    ['ring_timeout', '-1', undefined],
    ['ring_timeout', '4.5', undefined],
    ['ring_timeout', '1e3', undefined],
    ['ring_timeout', '3601', undefined],
    ['ring_timeout', '', undefined],
    ['allow_guest', 'Yes', true],
    ['allow_guest', '0', false],
    ['allow_guest', 'maybe', undefined],
    ['forcerport', '1', true],
    ['checkrtpaddr', 'false', 0],
    ['checkrtpaddr', '2', 2],
    ['checkrtpaddr', '3', undefined],
    ['checkrtpaddr', 'true', undefined],
    ['allownoauthcalls', 'true', 1],
    ['securepasswords', '0', undefined],
    ['securepasswords', '1', 1],
    ['minpwdlength', '12', 12],
    ['udp_port', '0', 0],
    ['udp_port', '65536', undefined],
    ['start_rtp_port', '80', undefined],
    ['ring_timeout', '3601', undefined],
    ['log_level', 'DEBUG', 'debug'],
    ['log_level', 'loud', undefined],
    ['listen', '127.0.0.1, ::1', ['127.0.0.1', '::1']],
    ['listen', 'localhost', undefined],
    ['media_networks', '', []],
    ['media_networks', '10.0.0.0/8 fd00::/8', ['10.0.0.0/8', 'fd00::/8']],
    ['media_networks', '10.0.0.0/33', undefined],
    ['localdomain', 'sip.example.org', ['sip.example.org']],
    ['localdomain', 'sip_example', undefined],
    ['media_address', '', []],
    ['media_address', '10.0.0.5', ['10.0.0.5']],
    ['media_address', '10.0.0.5, 2001:db8::5', ['10.0.0.5', '2001:db8::5']],
    ['media_address', '10.0.0.5, 10.0.0.6', undefined],
    ['public_address', '2001:db8::1 203.0.113.9', ['2001:db8::1', '203.0.113.9']],
    ['public_address', '2001:db8::1, 203.0.113.9, 2001:db8::2', undefined],
    ['media_address', 'fe80::1%eth0', undefined],
    ['metrics_address', '0.0.0.0', undefined],
    ['metrics_address', '::1', '::1'],
    ['timezone', 'Europe/Berlin', 'Europe/Berlin'],
    ['timezone', 'Mars/Olympus', undefined],
    ['timezone', '+02:00', undefined],
    ['timezone', '', undefined],
    ['home_country', '49', '49'],
    ['home_country', '0049', undefined],
    ['home_country', '', ''],
    ['international_prefix', '011', '011'],
    ['international_prefix', '+', undefined],
    ['realm', 'sip.example.org', 'sip.example.org'],
    ['realm', 'a"b', undefined],
    ['realm', 'a\r\nb', undefined],
  ] as const;
  for (const [key, text, expected] of rows) {
    it(`${key} = ${JSON.stringify(text)} is ${expected === undefined ? 'refused' : JSON.stringify(expected)}`, () => {
      const checked = checkSetting(key, text);
      if (expected !== undefined) return assert.deepEqual(checked.ok && checked.value.value, expected);
      assert.ok(!checked.ok);
      assert.equal(checked.error.kind, 'value');
      assert.equal(checked.error.name, key);
      assert.equal(checked.error.value, text);
      assert.match(checked.error.message, /; allowed: ./);
    });
  }

  it('shows neither value nor complaint of a secret', () => {
    const error = refusedValue({ key: 'realm', secret: true, allowed: 'what fits' }, 'hunter2', "'hunter2' is bad");
    assert.equal(error.value, undefined);
    assert.equal(error.message, 'realm: the value is refused; allowed: what fits');
  });

  it('never throws, and whatever it takes survives being written and read again', () => {
    const key = fc.constantFrom(...catalogue.map((spec) => spec.key));
    const text = fc.oneof(fc.string(), fc.integer().map(String), fc.ipV4(), fc.ipV6(), fc.domain());
    fc.assert(
      fc.property(key, text, (name, written) => {
        const checked = checkSetting(name, written);
        if (!checked.ok) return;
        const again = checkSetting(name, checked.value.spec.format(checked.value.value));
        assert.deepEqual(again.ok && again.value.value, checked.value.value);
      }),
    );
  });
});

describe('settings together', () => {
  for (const name of profileNames) {
    it(`the values of profile ${name} can hold together`, () => {
      assert.deepEqual(checkTogether(profileValues(name)), []);
    });
  }

  const conflicts = [
    [{ start_rtp_port: 20_000, end_rtp_port: 10_000 }, /not enough for one call/],
    [{ udp_port: 10_500 }, /inside the RTP range/],
    [{ udp_port: 0, tcp_port: 0 }, /cannot both be 0/],
    [{ listen: [] }, /names no address/],
    [{ metrics_port: 5060 }, /metrics_port and tcp_port are both 5060/],
    [{ localtlsport: 5060 }, /localtlsport and tcp_port are both 5060/],
    [{ ws_port: 7443 }, /ws_port and wss_port are both 7443/],
    [
      { max_registration_subscription_time_sec: 60, min_registration_subscription_time_sec: 90 },
      /min <= default <= max/,
    ],
  ] as const;
  it('lets a port of TLS be that of TCP while TLS is off', () => {
    assert.deepEqual(checkTogether({ ...profileValues('default'), localtlsport: 5060, usetls: false }), []);
  });

  for (const [changes, message] of conflicts) {
    it(`refuses ${JSON.stringify(changes)}`, () => {
      const [conflict] = checkTogether({ ...profileValues('default'), ...changes });
      assert.match(conflict?.message ?? '', message);
    });
  }
});
