import { Secret } from '../base/log/secret.ts';
import { fail, ok, type Result } from '../base/result/result.ts';
import { numberFormats } from '../numbering/called-number.ts';
import { splitPort } from './address-index.ts';
import { blankTrunk } from './blank-trunk.ts';
import { type AccountDirectory, maxTechPrefixLength, minTechPrefixLength } from './directory.ts';
import {
  type FieldText,
  flag,
  listOf,
  oneText,
  prefixes,
  provingPrefixes,
  quoted,
  textLike,
  wholeNumber,
  wordOf,
} from './field-texts.ts';
import type { AccountField, FieldContext } from './account-field.ts';
import { limitFields } from './limit-fields.ts';
import { moneyFields } from './money-fields.ts';
import {
  type Account,
  type AccountKind,
  type Directions,
  type NeedAuth,
  type PhoneTransport,
  phoneTransports,
  type Trunk,
  tlsTrusts,
  trunkTransports,
} from './model.ts';

const people: readonly AccountKind[] = ['reseller', 'admin', 'support'];
const callers: readonly AccountKind[] = ['enduser', 'trafficsender'];
const everybody: readonly AccountKind[] = [...callers, 'sipserver', ...people];

export const accountNamePattern = /^[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}$/;
export const planNamePattern = /^[A-Za-z0-9_.-]{0,40}$/;

export const accountFields: readonly AccountField[] = [
  {
    name: 'enabled',
    kinds: everybody,
    meaning: 'true, or false to refuse everything of the account',
    set: (account, text) => map(flag(text), (enabled) => ({ ...account, enabled })),
    show: (account) => String(account.enabled),
  },
  {
    name: 'displayname',
    aliases: ['display_name'],
    kinds: everybody,
    meaning: 'name for people, shown to those who are called',
    set: (account, text, { shownTextProblem }) => {
      const name = textLike(text, /^\P{Cc}{0,100}$/u, 'a name of at most 100 characters');
      if (!name.ok) return name;
      const problem = shownTextProblem?.(name.value);
      return problem === undefined ? ok({ ...account, displayName: name.value }) : fail(problem);
    },
    show: (account) => account.displayName,
  },
  {
    name: 'needauth',
    aliases: ['neeauth', 'authtype'],
    kinds: callers,
    meaning:
      'what must match: 4 user name and password; for traffic senders 1 address, 2 prefix, 3 both, 6 address and port, 9 range',
    set: setNeedAuth,
    show: (account) => String(account.needAuth),
  },
  {
    name: 'authip',
    kinds: ['trafficsender'],
    meaning: 'addresses or ranges that identify a traffic sender; for needauth 6 as address:port',
    set: setAuthIp,
    show: (account) => account.authIp.join(', '),
  },
  {
    name: 'techprefix',
    kinds: ['trafficsender'],
    secret: true,
    meaning: `${minTechPrefixLength} to ${maxTechPrefixLength} secret digits in front of a traffic sender's numbers`,
    set: setTechPrefix,
    show: (account) => account.techPrefix,
  },
  {
    name: 'permitip',
    aliases: ['permit_ip'],
    kinds: ['enduser'],
    meaning: 'addresses or ranges that the phones may come from; empty for any',
    set: (account, text) => map(prefixes(text), (permitIp) => ({ ...account, permitIp })),
    show: (account) => account.permitIp.join(', '),
  },
  {
    name: 'callerid',
    kinds: callers,
    meaning: 'caller id shown when the account shows none that it owns; empty for its name',
    set: (account, text) => {
      return map(textLike(text, /^\+?[A-Za-z0-9_.-]{0,40}$/, 'a number or a name without signs'), (callerId) => {
        return { ...account, callerId };
      });
    },
    show: (account) => account.callerId,
  },
  {
    name: 'dialplan',
    kinds: [...callers, 'sipserver'],
    meaning: 'dial plan whose rules the account may use; empty for the common one',
    set: (account, text) => {
      return map(textLike(text, planNamePattern, 'a name of letters, digits, _ . and -'), (dialPlan) => {
        return { ...account, dialPlan };
      });
    },
    show: (account) => account.dialPlan,
  },
  {
    name: 'homecountry',
    kinds: [...callers],
    meaning: 'calling code of the country that it is in, such as 49; empty for the setting home_country',
    set: (account, text) => {
      const country = oneText(text);
      if (!country.ok) return country;
      if (!/^(?:[1-9]\d{0,2})?$/.test(country.value)) {
        return fail(`${quoted(country.value)} is not one to three digits such as 49`);
      }
      return ok({ ...account, homeCountry: country.value });
    },
    show: (account) => account.homeCountry,
  },
  {
    name: 'reseller',
    kinds: [...callers, 'reseller'],
    meaning: 'name of the reseller above; empty for none',
    set: setReseller,
    show: (account, directory) => {
      return account.resellerId === undefined ? '' : (directory.accountById(account.resellerId)?.name ?? '');
    },
  },
  {
    name: 'medianetworks',
    kinds: [...callers, 'sipserver'],
    meaning: 'private ranges in which its media may live, such as 192.168.1.0/24',
    set: (account, text) => map(prefixes(text), (mediaNetworks) => ({ ...account, mediaNetworks })),
    show: (account) => account.mediaNetworks.join(', '),
  },
  ...limitFields,
  {
    name: 'packets',
    aliases: ['packet', 'billingpacket'],
    kinds: [...callers, 'sipserver', 'reseller'],
    meaning: 'names of the packets that it pays by, or for a SIP server, that it costs by',
    set: setPackets,
    show: (account, directory) => account.packetIds.map((id) => directory.packets.byId(id)?.name ?? '').join(', '),
  },
  directionField(
    'alloweddirections',
    ['enabledprefixes'],
    'allowed',
    'prefixes that its calls may go to, such as 43, 49; empty for all',
  ),
  directionField('blockeddirections', ['blockprefixes'], 'blocked', 'prefixes that its calls may not go to'),
  ...moneyFields,
  trunkField('host', 'address or host name that calls are sent to', (trunk, text) => {
    const host = textLike(text, /^[A-Za-z0-9]([A-Za-z0-9.-]{0,252})$|^[0-9a-fA-F:.]{2,45}$/, 'an address or host name');
    return map(host, (value) => ({ ...trunk, host: value.toLowerCase() }));
  }),
  trunkField('port', 'port that calls are sent to; 0 leaves it to DNS (SRV), else it is 5060', (trunk, text) => {
    return map(wholeNumber(text, 0, 65_535), (port) => ({ ...trunk, port }));
  }),
  {
    name: 'transport',
    kinds: ['enduser', 'sipserver'],
    meaning:
      'of a SIP server: udp, tcp or tls; auto leaves it to DNS (NAPTR, SRV), else it is udp; of a user: the transports (udp, tcp, tls, ws, wss) that its phones may use with stricttransport 3, empty for any',
    set: setTransport,
    show: ({ kind, trunk, transports }) => (kind === 'sipserver' ? (trunk?.transport ?? '') : transports.join(', ')),
  },
  trunkField(
    'tlstrust',
    'who must have signed its certificate: public (an authority of the web, or root.pem), root (root.pem only), insecure (nobody)',
    (trunk, text) => map(wordOf(text, tlsTrusts), (tlsTrust) => ({ ...trunk, tlsTrust })),
  ),
  trunkField('realm', 'the only realm whose challenges are answered', (trunk, text) => {
    return map(textLike(text, /^[^"\\\p{Cc}]{0,255}$/u, 'a realm without quotation marks'), (realm) => ({
      ...trunk,
      realm,
    }));
  }),
  trunkField('authuser', 'user name that we show to the SIP server', (trunk, text) => {
    return map(textLike(text, /^[^"\\\p{Cc}]{0,128}$/u, 'a user name'), (authUser) => ({ ...trunk, authUser }));
  }),
  {
    ...trunkField('authpassword', 'password that we show to the SIP server', setTrunkPassword),
    secret: true,
  },
  trunkField('addresses', 'further addresses or ranges that its calls may come from', (trunk, text) => {
    return map(provingPrefixes(text), (addresses) => ({ ...trunk, addresses }));
  }),
  trunkField('maxcalls', 'calls at once that we send it; 0 for no bound', (trunk, text) => {
    return map(wholeNumber(text, 0, 1_000_000), (maxCalls) => ({ ...trunk, maxCalls }));
  }),
  trunkField(
    'trustidentity',
    'true to tell it who calls, also who hides, and to believe what it says of that',
    (trunk, text) => {
      return map(flag(text), (trustIdentity) => ({ ...trunk, trustIdentity }));
    },
  ),
  trunkField('use100rel', 'false to speak no 100rel (RFC 3262) with a carrier that gets it wrong', (trunk, text) => {
    return map(flag(text), (use100rel) => ({ ...trunk, use100rel }));
  }),
  trunkField(
    'usesessiontimer',
    'false to speak no session timers (RFC 4028) with a carrier that gets them wrong',
    (trunk, text) => {
      return map(flag(text), (useSessionTimer) => ({ ...trunk, useSessionTimer }));
    },
  ),
  trunkField(
    'numberformat',
    'how it wants numbers: e164, plus, international, national; empty as dial rules make them',
    (trunk, text) => {
      return map(wordOf(text, numberFormats), (numberFormat) => ({ ...trunk, numberFormat }));
    },
  ),
  trunkField(
    'register',
    'seconds for which we register with it as authuser, 60 to 86400, such as 600; 0 where it knows us without',
    setRegister,
  ),
  trunkField(
    'ping',
    'seconds between OPTIONS that ask whether it is there; 0 for none, empty for the setting',
    setPing,
  ),
];

function setTransport(account: Account, text: FieldText): Result<Account, string> {
  if (account.kind === 'sipserver') {
    const trunk = account.trunk ?? blankTrunk;
    return map(wordOf(text, trunkTransports), (transport) => ({ ...account, trunk: { ...trunk, transport } }));
  }
  const entries = listOf(text);
  if (!entries.ok) return entries;
  const transports: PhoneTransport[] = [];
  for (const entry of entries.value) {
    const parsed = wordOf(entry, phoneTransports);
    if (!parsed.ok) return parsed;
    transports.push(parsed.value);
  }
  return ok({ ...account, transports: [...new Set(transports)] });
}

function setNeedAuth(account: Account, text: FieldText, context: FieldContext): Result<Account, string> {
  const parsed = wholeNumber(text, 0, 10);
  if (!parsed.ok) return parsed;
  if (parsed.value === 0 && context.enforcestrongauth) {
    return fail('0 lets anybody call on this account and is refused while enforcestrongauth is on; write 4 or 3');
  }
  const allowed = inEffect(account.kind);
  const needAuth = allowed.find((known) => known === parsed.value);
  if (needAuth !== undefined) return ok({ ...account, needAuth });
  const remedy = account.kind === 'enduser' ? ', with permitip to bind the phones to addresses' : '';
  return fail(
    `${parsed.value} is known, and not in effect for a ${account.kind} in this version; write ${allowed.join(', ')}${remedy}`,
  );
}

function inEffect(kind: AccountKind): readonly NeedAuth[] {
  return kind === 'trafficsender' ? [1, 2, 3, 6, 9] : [4];
}

function setAuthIp(account: Account, text: FieldText): Result<Account, string> {
  const entries = listOf(text);
  if (!entries.ok) return entries;
  const authIp: string[] = [];
  for (const entry of entries.value) {
    const { host, port } = splitPort(entry);
    const parsed = provingPrefixes([port === undefined ? entry : host]);
    if (!parsed.ok) return parsed;
    const [prefix = ''] = parsed.value;
    if (port !== undefined && (port < 1 || port > 65_535)) return fail(`${quoted(entry)} has no port from 1 to 65535`);
    authIp.push(port === undefined ? prefix : entry);
  }
  return ok({ ...account, authIp: [...new Set(authIp)] });
}

function setTechPrefix(account: Account, text: FieldText): Result<Account, string> {
  const parsed = oneText(text);
  if (!parsed.ok) return parsed;
  if (parsed.value !== '' && !/^\d+$/.test(parsed.value)) return fail('must be digits');
  const { length } = parsed.value;
  if (length > 0 && length < minTechPrefixLength) {
    return fail(`is a secret and has ${length} digits; use at least ${minTechPrefixLength}, drawn by chance`);
  }
  if (length > maxTechPrefixLength) return fail(`has more than ${maxTechPrefixLength} digits`);
  return ok({ ...account, techPrefix: parsed.value });
}

function setReseller(account: Account, text: FieldText, { directory }: FieldContext): Result<Account, string> {
  const parsed = oneText(text);
  if (!parsed.ok) return parsed;
  if (parsed.value === '') return ok({ ...account, resellerId: undefined });
  const reseller = directory.accountByNameIgnoringCase(parsed.value);
  if (reseller?.kind !== 'reseller') return fail(`${quoted(parsed.value)} is no reseller; create it first`);
  for (let above: Account | undefined = reseller; above !== undefined; above = aboveOf(above, directory)) {
    if (above.id === account.id) return fail(`${quoted(parsed.value)} is below this account; name one above it`);
  }
  return ok({ ...account, resellerId: reseller.id });
}

function aboveOf(account: Account, directory: AccountDirectory): Account | undefined {
  return account.resellerId === undefined ? undefined : directory.accountById(account.resellerId);
}

function setRegister(trunk: Trunk, text: FieldText): Result<Trunk, string> {
  const parsed = wholeNumber(text, 0, 86_400);
  if (!parsed.ok) return parsed;
  if (parsed.value > 0 && parsed.value < 60)
    return fail(`${parsed.value} is too short; write 60 or more, or 0 for none`);
  return ok({ ...trunk, registerS: parsed.value });
}

function setPing(trunk: Trunk, text: FieldText): Result<Trunk, string> {
  if (text === '') return ok({ ...trunk, pingS: undefined });
  return map(wholeNumber(text, 0, 3600), (pingS) => ({ ...trunk, pingS }));
}

function setTrunkPassword(trunk: Trunk, text: FieldText): Result<Trunk, string> {
  if (typeof text !== 'string') return fail('is a list; write one value');
  if (text.length > 128 || /\p{Cc}/u.test(text))
    return fail('is longer than 128 characters or holds control characters');
  return ok({ ...trunk, authPassword: text === '' ? undefined : new Secret(text) });
}

function setPackets(account: Account, text: FieldText, { directory }: FieldContext): Result<Account, string> {
  const names = listOf(text);
  if (!names.ok) return names;
  const packetIds: number[] = [];
  for (const name of names.value) {
    const packet = directory.packets.byName(name);
    if (packet === undefined) return fail(`${quoted(name)} is no packet; import it first`);
    packetIds.push(packet.id);
  }
  return ok({ ...account, packetIds: [...new Set(packetIds)] });
}

function directionField(name: string, aliases: string[], list: keyof Directions, meaning: string): AccountField {
  return {
    name,
    aliases,
    kinds: [...callers, 'sipserver', 'reseller'],
    meaning,
    set: (account, text) => {
      return map(directionPrefixes(text), (prefixes) => {
        return { ...account, directions: { ...account.directions, [list]: prefixes } };
      });
    },
    show: (account) => account.directions[list].join(', '),
  };
}

const maxDirections = 500;

function directionPrefixes(text: FieldText): Result<readonly string[], string> {
  const entries = listOf(text);
  if (!entries.ok) return entries;
  if (entries.value.length > maxDirections) return fail(`has more than ${maxDirections} prefixes`);
  const wrong = entries.value.find((entry) => !/^\+?[1-9]\d{0,14}$/.test(entry));
  if (wrong !== undefined) return fail(`${quoted(wrong)} is not a prefix such as 43 or +4366`);
  return ok([...new Set(entries.value.map((entry) => entry.replace('+', '')))]);
}

function trunkField(
  name: string,
  meaning: string,
  setTrunk: (trunk: Trunk, text: FieldText) => Result<Trunk, string>,
): AccountField {
  return {
    name,
    kinds: ['sipserver'],
    meaning,
    set: (account, text) => map(setTrunk(account.trunk ?? blankTrunk, text), (trunk) => ({ ...account, trunk })),
    show: (account) => (account.trunk === undefined ? '' : showTrunk(account.trunk, name)),
  };
}

function showTrunk(trunk: Trunk, name: string): string {
  const shown: Readonly<Record<string, string>> = {
    host: trunk.host,
    port: String(trunk.port),
    tlstrust: trunk.tlsTrust,
    realm: trunk.realm,
    authuser: trunk.authUser,
    authpassword: trunk.authPassword?.reveal() ?? '',
    addresses: trunk.addresses.join(', '),
    maxcalls: String(trunk.maxCalls),
    trustidentity: String(trunk.trustIdentity),
    use100rel: String(trunk.use100rel),
    usesessiontimer: String(trunk.useSessionTimer),
    numberformat: trunk.numberFormat,
    register: String(trunk.registerS),
    ping: trunk.pingS === undefined ? '' : String(trunk.pingS),
  };
  return shown[name] ?? '';
}

function map<A, B>(result: Result<A, string>, use: (value: A) => B): Result<B, string> {
  return result.ok ? ok(use(result.value)) : result;
}
