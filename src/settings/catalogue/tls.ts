import { bool, int, level, port, string } from '../setting.ts';

/** TLS and WebSocket, and what a phone's transport binds. */
export const tlsSettings = {
  usetls: bool({
    id: 'tls.usetls',
    text: 'SIP over TLS on localtlsport and over secure WebSocket on wss_port. TLS 1.2 and 1.3 only, with a self-signed certificate until cert.pem and key.pem are put into the data folder.',
    default: true,
    seeds: false,
    reason:
      'encryption that has to be switched on is encryption that is off; a phone that cannot verify the certificate is still safe from listeners',
    effect: 'restart',
  }),
  localtlsport: port({
    id: 'tls.localtlsport',
    aliases: ['SIPS port', 'TLS Port', 'tls.sips-port', 'tls.tls-port'],
    text: 'The TCP port for SIP over TLS.',
    default: 5061,
    min: 1,
    effect: 'restart',
  }),
  sslcertpwd: string({
    id: 'tls.sslcertpwd',
    text: 'The password of key.pem, where it has one. A wrong one stops the start with an error: nothing falls back to another certificate or to clear text.',
    default: '',
    secret: true,
    allowed: 'at most 1024 characters without control characters, or empty',
    check: (text) => (/^\P{Cc}{0,1024}$/u.test(text) ? undefined : 'it is too long or holds control characters'),
    effect: 'restart',
  }),
  wss_port: port({
    id: 'own.wss-port',
    text: 'The TCP port for SIP over secure WebSocket, as browsers use it; it listens while usetls is on. It exists because browsers can reach a SIP server in no other way. Any path will do, with the subprotocol sip.',
    default: 7443,
    min: 0,
    effect: 'restart',
  }),
  ws_port: port({
    id: 'own.ws-port',
    text: 'The TCP port for SIP over WebSocket in clear text. It exists for proxies that do TLS themselves; browsers refuse it from pages that came over HTTPS, so it is off unless it is asked for.',
    default: 0,
    min: 0,
    effect: 'restart',
  }),
  tls_handshake_rate: int({
    id: 'own.tls-handshake-rate',
    text: 'How many TLS and WebSocket handshakes a second are begun for sources that have not authenticated lately, all together; one source has at most 5 of them. It exists because a handshake costs the server a hundred times what it costs a stranger. Sources that have authenticated within a day do not count.',
    default: 100,
    min: 1,
    max: 10_000,
    unit: 'handshakes/s',
    effect: 'restart',
  }),
  stricttransport: level({
    id: 'protocol.stricttransport',
    text: 'Binds a dialog and a registration to the transport that it was made on. Whatever the level, a request in a dialog that comes from elsewhere must prove itself, and an answer to our request counts only over its transport.',
    values: {
      0: 'any transport for any message',
      1: 'what 2 would refuse is written to the log',
      2: 'requests in a dialog and refreshed registrations must use the transport of the dialog or registration, and phones the connection of the dialog',
      3: 'as 2, and phones are served only over the transports of their user',
    },
    default: 0,
    hardened: 3,
    effect: 'live',
  }),
};
