import { constants } from 'node:crypto';
import {
  createSecureContext,
  rootCertificates,
  type SecureContext,
  type SecureContextOptions,
  type TlsOptions,
} from 'node:tls';
import type { PeerIdentity } from '../flow.ts';
import type { TlsMaterial } from './messages.ts';

/** Only ciphers with forward secrecy that authenticate what they encrypt; TLS 1.3 has no others. */
const ciphers = [
  ...['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
  ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ...['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ...['ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
].join(':');

/** Phones register again within an hour; a ticket outlives that. */
const sessionSeconds = 7200;

const common: SecureContextOptions = {
  ciphers,
  minVersion: 'TLSv1.2',
  // A renegotiation is a handshake that no budget sees.
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_CIPHER_SERVER_PREFERENCE,
};

/** The certificate of the moment in the forms that handshakes need. */
export class TlsContexts {
  readonly #material: TlsMaterial;
  readonly #clients = new Map<PeerIdentity['trust'], SecureContext>();

  constructor(material: TlsMaterial) {
    this.#material = material;
  }

  /** For a door that accepts. Peers can be asked for a certificate where there is a root that could have signed one. */
  server(ticketKeys: Buffer, mayAskPeers: boolean): TlsOptions {
    const { cert, key, root } = this.#material;
    return {
      ...common,
      ...{ cert, key, ticketKeys, sessionTimeout: sessionSeconds, sessionIdContext: 'ringfence' },
      ...(root === '' ? {} : { ca: root, requestCert: mayAskPeers, rejectUnauthorized: false }),
    };
  }

  /** For connections that we open. */
  client(trust: PeerIdentity['trust']): SecureContext {
    const known = this.#clients.get(trust);
    if (known !== undefined) return known;
    const { cert, key, root, selfSigned } = this.#material;
    const authorities = trust === 'root' ? [root] : [...rootCertificates, root];
    const context = createSecureContext({
      ...common,
      ca: authorities.filter((pem) => pem !== ''),
      ...(selfSigned ? {} : { cert, key }),
    });
    this.#clients.set(trust, context);
    return context;
  }
}
