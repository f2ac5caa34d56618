import type { Secret } from '../base/log/secret.ts';
import type { NumberFormat } from '../numbering/called-number.ts';

/** What an account is: one with phones, a bulk customer by address, a carrier that we send calls to, or a person. */
export const accountKinds = ['enduser', 'trafficsender', 'sipserver', 'reseller', 'admin', 'support'] as const;
export type AccountKind = (typeof accountKinds)[number];

/**
 * Which facts about a request must match before it is accepted for an account [auth.needauth]:
 * 1 address · 2 tech prefix · 3 address and prefix · 4 user name and password · 5 user name · 6 address and port ·
 * 7 address and user name · 8 address, user name and password · 9 address range · 10 range, user name and password.
 * 0 (nothing) is refused while `enforcestrongauth` is on.
 */
export type NeedAuth = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

export interface Account {
  readonly id: number;
  /** SIP user name and log-in name; unique without regard to case. */
  readonly name: string;
  readonly kind: AccountKind;
  readonly enabled: boolean;
  readonly displayName: string;
  readonly needAuth: NeedAuth;
  /** Addresses or ranges that identify a traffic sender (field `authip`). */
  readonly authIp: readonly string[];
  /** Secret digits in front of a traffic sender's numbers; empty for none. */
  readonly techPrefix: string;
  /** Addresses or ranges that the account's phones may come from; empty for any (field `permitip`). */
  readonly permitIp: readonly string[];
  /** Transports that the account's phones may use; empty for any (field `transport`, in effect with stricttransport 3). */
  readonly transports: readonly PhoneTransport[];
  /** Caller id shown when the account may not choose one, or chose one that it does not own. Empty: the name. */
  readonly callerId: string;
  /** Name of the dial plan whose rules this account may use; empty for the rules without a plan. */
  readonly dialPlan: string;
  /** Calling code of the country that it is in; empty for that of the setting `home_country` (field `homecountry`). */
  readonly homeCountry: string;
  /** Account id of the reseller above, if any. */
  readonly resellerId: number | undefined;
  /** Private ranges in which this account's or trunk's media may live (rules for media targets); usually none. */
  readonly mediaNetworks: readonly string[];
  readonly limits: AccountLimits;
  /** Prefixes that its calls, or calls over it, may and may not go to. */
  readonly directions: Directions;
  readonly money: AccountMoney;
  /** Packets that are assigned to it: what it pays, or for a SIP server what it costs us. */
  readonly packetIds: readonly number[];
  /** Only for kind `sipserver`. */
  readonly trunk: Trunk | undefined;
}

/** What an account may use at once and in a period. 0 is no limit. */
export interface AccountLimits {
  /** Calls at once that the account pays for (field `maxlines`). */
  readonly maxLines: number;
  /** The same in off-peak time; undefined is as `maxLines` (field `maxlinesoffpeak`). */
  readonly maxLinesOffpeak: number | undefined;
  /** Calls within a second; undefined is as the setting `maxcps` has it (field `maxcps`). */
  readonly maxCps: number | undefined;
  /** Seconds of talk in a calendar day and month: of a user calls that it starts, of a SIP server calls sent to it. */
  readonly maxSlPerDayS: number;
  readonly maxSlPerMonthS: number;
  /** May reach users and numbers of ours only (field `onlylocalaccess`). */
  readonly onlyLocalAccess: boolean;
  /** May call abroad (field `international`). */
  readonly international: boolean;
}

/** Prefixes of canonical numbers; an empty list of allowed ones is all, and a blocked one wins. */
export interface Directions {
  readonly allowed: readonly string[];
  readonly blocked: readonly string[];
}

/** A price list by prefix; its prices are kept apart. */
export interface Tariff {
  readonly id: number;
  readonly name: string;
  /** The list that is asked for what this one has not, such as that of the reseller above. */
  readonly parentId: number | undefined;
}

/** Who has a packet without being given it. */
export const packetAudiences = ['assigned', 'endusers', 'trafficsenders', 'everybody'] as const;

/** A price package: which numbers it covers, at the prices of which tariff, and for whom. */
export interface Packet {
  readonly id: number;
  readonly name: string;
  readonly tariffId: number;
  /** Prefixes of canonical numbers; empty covers every number (a catch-all). */
  readonly prefixes: readonly string[];
  readonly audience: (typeof packetAudiences)[number];
}

/** How an account pays and what it may spend, in millionths of the currency unit; 0 is no limit. Only movements of money change its balance. */
export interface AccountMoney {
  /** [credit.postpaid] It is billed afterwards: its balance ends no call. */
  readonly isPostpaid: boolean;
  /** [credit.maxmonthlycredit] */
  readonly monthMicros: bigint;
  /** [credit.maxmonthlycreditinc] added to the month's limit after each month with a charge. */
  readonly monthIncrementMicros: bigint;
  /** [credit.maxmonthlycreditend] what growth never passes. */
  readonly monthEndMicros: bigint;
  /** [credit.maxdailycredit]; of a SIP server what its calls may cost us in a day. */
  readonly dayMicros: bigint;
  /** [credit.credit] The balance that it began with, posted once; undefined when none was ever given. */
  readonly openingMicros: bigint | undefined;
  /** The chargeback for which it may not call until an administrator unlocks it; empty for none. */
  readonly lockedBy: string;
}
export const phoneTransports = ['udp', 'tcp', 'tls', 'ws', 'wss'] as const;
export type PhoneTransport = (typeof phoneTransports)[number];

export const trunkTransports = ['auto', 'udp', 'tcp', 'tls'] as const;
export type TrunkTransport = (typeof trunkTransports)[number];

/** `public`: a public authority's or root.pem's; `root`: root.pem's only; `insecure`: nobody's, it is not checked. */
export const tlsTrusts = ['public', 'root', 'insecure'] as const;
export type TlsTrust = (typeof tlsTrusts)[number];

/** How calls are sent to a SIP server, and how its own calls are known. */
export interface Trunk {
  readonly host: string;
  /** 0 leaves it to DNS: SRV records, else the usual port of the transport. */
  readonly port: number;
  /** `auto` leaves it to DNS: NAPTR and SRV records, else UDP. */
  readonly transport: TrunkTransport;
  /** Whose signature on its certificate counts when we connect to it over TLS. */
  readonly tlsTrust: TlsTrust;
  /** The only realm whose challenges we answer; empty for none. */
  readonly realm: string;
  readonly authUser: string;
  readonly authPassword: Secret<string> | undefined;
  /** Further addresses that its calls and in-dialog requests may come from. */
  readonly addresses: readonly string[];
  /** Calls at once that we send it; 0 for no bound. */
  readonly maxCalls: number;
  /** Whether identities are told to it, and believed from it (RFC 3325). */
  readonly trustIdentity: boolean;
  /** Whether 100rel (RFC 3262) is spoken with it: some carriers get it wrong. */
  readonly use100rel: boolean;
  /** Whether session timers (RFC 4028) are, for the same reason. */
  readonly useSessionTimer: boolean;
  /** How it wants numbers written. */
  readonly numberFormat: NumberFormat;
  /** Seconds that we ask it to know our place for (REGISTER); 0 where we do not register with it. */
  readonly registerS: number;
  /** Seconds between the OPTIONS that ask whether it is there; 0 for none, undefined for the server's setting. */
  readonly pingS: number | undefined;
}

/** What a phone's digest is checked against: HA1 of the current password and of the one before it. */
export interface Credential {
  readonly accountId: number;
  readonly realm: string;
  readonly ha1Md5: Secret<string>;
  readonly ha1Sha256: Secret<string>;
  /** HA1s of the previous password: an answer made with it is stale, not a guess. */
  readonly previousHa1Md5: Secret<string> | undefined;
  readonly previousHa1Sha256: Secret<string> | undefined;
}

/** A dialled number that belongs to a user (DID), in canonical digits. */
export interface NumberOwnership {
  readonly number: string;
  readonly accountId: number;
}

/** One outbound rule: which numbers, how they are changed, and over which SIP servers. */
export interface DialRule {
  readonly id: number;
  readonly name: string;
  /** Z 1-9, N 2-9, X 0-9, `.` one or more further digits, any other digit itself. */
  readonly pattern: string;
  /** Digits that a caller must dial in front of the pattern and that are always stripped; empty for none. */
  readonly secretPrefix: string;
  readonly deleteDigits: number;
  readonly addDigits: string;
  /** Times in which the rule may be used, as `Mon-Fri 08:00-18:00; Sat 09:00-12:00`; empty for always. */
  readonly timeRule: string;
  /** Longest call over this rule in seconds; 0 for no bound of its own. */
  readonly maxDurationS: number;
  /** It carries calls to emergency numbers, with the digits unchanged. */
  readonly emergency: boolean;
  /** Dial plan that the rule belongs to; empty for the common one. */
  readonly dialPlan: string;
  readonly routes: readonly RouteTarget[];
  readonly recordInCdr: boolean;
}

/** A SIP server of a rule: lower priority first, and among equals by weight. */
export interface RouteTarget {
  readonly sipServerId: number;
  readonly priority: number;
  readonly weight: number;
}
