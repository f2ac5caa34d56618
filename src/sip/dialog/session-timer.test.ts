import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SimulatedClock } from '../../../test/kit/simulated-clock.ts';
import { HeaderList } from '../message/index.ts';
import { acceptedTerms, judgeSessionTimer, readMinSe, SessionTimer } from './session-timer.ts';

const policy = { intervalS: 1800, minS: 90 };

function headersOf(...headers: readonly (readonly [string, string])[]): HeaderList {
  const list = new HeaderList();
  for (const header of headers) list.append(...header);
  return list;
}

/** Requests with the terms that our 2xx agrees to (RFC 4028 §9, table 2). */
const rows = [
  { asks: [], said: undefined, terms: { intervalS: 1800, refresher: 'us' } },
  { asks: [['supported', 'timer']], said: '1800;refresher=uac', terms: { intervalS: 1800, refresher: 'peer' } },
  {
    asks: [
      ['supported', 'timer'],
      ['session-expires', '600;refresher=uas'],
    ],
    said: '600;refresher=uas',
    terms: { intervalS: 600, refresher: 'us' },
  },
  // A proxy asks in the name of a caller that knows no timers: it cannot be refused, and cannot refresh.
  { asks: [['session-expires', '60']], said: '90;refresher=uas', terms: { intervalS: 90, refresher: 'us' } },
  {
    asks: [
      ['supported', 'timer'],
      ['min-se', '3600'],
    ],
    said: '3600;refresher=uac',
    terms: { intervalS: 3600, refresher: 'peer' },
  },
  { asks: [['session-expires', 'soon']], said: undefined, terms: { intervalS: 1800, refresher: 'us' } },
] as const;

describe('session timer of a request', () => {
  for (const { asks, said, terms } of rows) {
    it(`with ${asks.map((header) => header.join(': ')).join(', ') || 'nothing'} is answered ${said ?? 'without one'}`, () => {
      const answer = new HeaderList();
      const verdict = judgeSessionTimer(headersOf(...asks), policy, answer);
      assert.deepEqual([verdict.kind === 'agreed' && verdict.terms, answer.get('session-expires')], [terms, said]);
    });
  }

  it('below Min-SE is too small for one who supports timers', () => {
    const asks = headersOf(['supported', 'foo, timer'], ['session-expires', '89']);
    assert.deepEqual(judgeSessionTimer(asks, policy, new HeaderList()), { kind: 'too small', minS: 90 });
  });

  it('is never longer than was asked for, be it less than we would have, where nobody could read a 422', () => {
    const strict = { intervalS: 1800, minS: 300 };
    const verdict = judgeSessionTimer(
      headersOf(['session-expires', '120'], ['min-se', '200']),
      strict,
      new HeaderList(),
    );
    assert.deepEqual(verdict.kind === 'agreed' && verdict.terms, { intervalS: 120, refresher: 'us' });
  });

  it('is taken from who asks for one, where we ask for none', () => {
    const off = { intervalS: 0, minS: 90 };
    const asks = headersOf(['supported', 'timer'], ['session-expires', '300']);
    const verdict = judgeSessionTimer(asks, off, new HeaderList());
    assert.deepEqual(verdict.kind === 'agreed' && verdict.terms, { intervalS: 300, refresher: 'peer' });
    const none = judgeSessionTimer(new HeaderList(), off, new HeaderList());
    assert.equal(none.kind === 'agreed' && none.terms, undefined);
  });
});

describe('session timer of a 2xx', () => {
  it('names the refresher; without one it is us, and never under 90 s', () => {
    const agreed = (value: string): unknown => acceptedTerms(headersOf(['session-expires', value]), policy);
    assert.deepEqual(['300;refresher=uas', '300; Refresher=UAC', '300', '5;refresher=uas'].map(agreed), [
      { intervalS: 300, refresher: 'peer' },
      { intervalS: 300, refresher: 'us' },
      { intervalS: 300, refresher: 'us' },
      { intervalS: 90, refresher: 'peer' },
    ]);
    assert.deepEqual([readMinSe(headersOf(['min-se', '10'])), readMinSe(headersOf(['min-se', 'x']))], [90, 90]);
  });
});

describe('a running session timer', () => {
  it('asks for a refresh at half of the interval, and expires 32 s or a third before its end', () => {
    for (const [intervalS, refreshMs, expiryMs] of [
      [1800, 900_000, 1_768_000],
      [90, 45_000, 60_000],
    ] as const) {
      const clock = new SimulatedClock();
      const told: (readonly [string, number])[] = [];
      const tell = (what: string) => (): void => void told.push([what, clock.monotonicMs()]);
      new SessionTimer(clock, tell('refresh'), tell('expired')).restart({ intervalS, refresher: 'us' });
      const startMs = clock.monotonicMs();
      clock.advance(intervalS * 1000);
      assert.deepEqual(
        told.map(([what, atMs]) => [what, atMs - startMs]),
        [
          ['refresh', refreshMs],
          ['expired', expiryMs],
        ],
      );
    }
  });

  it('that is stopped stays so, though the answer to a refresh comes later', () => {
    const clock = new SimulatedClock();
    const timer = new SessionTimer(clock, assert.fail, assert.fail);
    timer.restart({ intervalS: 90, refresher: 'us' });
    timer.stop();
    timer.restart({ intervalS: 90, refresher: 'us' });
    timer.refreshIn(10);
    assert.equal(clock.pendingCount, 0);
  });
});
