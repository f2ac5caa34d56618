import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestUriMatches } from './digest-uri.ts';

interface Row {
  readonly digestUri: string;
  readonly requestUri: string;
  readonly matches: boolean;
}

const rows: readonly Row[] = [
  { digestUri: 'sip:example.com', requestUri: 'sip:example.com', matches: true },
  { digestUri: 'sip:EXAMPLE.com:5060', requestUri: 'sip:example.com;transport=udp', matches: true },
  { digestUri: 'sips:bob@example.com', requestUri: 'sip:bob@example.com', matches: true },
  { digestUri: 'sip:%62ob@example.com', requestUri: 'sip:bob@example.com?x=y', matches: true },
  { digestUri: 'sip:bob:secret@example.com', requestUri: 'sip:bob@example.com', matches: true },
  { digestUri: 'sip:bob@[2001:db8::1]:5060', requestUri: 'sip:bob@[2001:DB8::1]', matches: true },
  { digestUri: 'sip:BOB@example.com', requestUri: 'sip:bob@example.com', matches: false },
  { digestUri: 'sip:bob@example.com', requestUri: 'sip:example.com', matches: false },
  { digestUri: 'sip:bob@example.com', requestUri: 'sip:bob@example.net', matches: false },
  { digestUri: 'sip:bob@example.com.evil.net', requestUri: 'sip:bob@example.com', matches: false },
  { digestUri: 'sip:bob@example.com@evil.net', requestUri: 'sip:bob@example.com', matches: false },
  { digestUri: 'sip:evil.net;@example.com', requestUri: 'sip:evil.net', matches: false },
  { digestUri: 'sip:bob@', requestUri: 'sip:bob@example.com', matches: false },
  { digestUri: 'sip:b%6@example.com', requestUri: 'sip:b%6f@example.com', matches: false },
  { digestUri: '', requestUri: 'sip:example.com', matches: false },
  { digestUri: '*', requestUri: 'sip:example.com', matches: false },
  { digestUri: 'tel:+43123', requestUri: 'tel:+43123', matches: true },
  { digestUri: 'tel:+43123', requestUri: 'tel:+43124', matches: false },
];

describe('digest-uri against the Request-URI', () => {
  for (const { digestUri, requestUri, matches } of rows) {
    it(`'${digestUri}' ${matches ? 'stands' : 'does not stand'} for ${requestUri}`, () => {
      assert.equal(digestUriMatches(digestUri, requestUri), matches);
    });
  }
});
