import type { Settings } from '../settings/index.ts';
import type { FindingKind } from './findings.ts';

/** What detections count: findings; each message of a stranger; a challenge that nobody answered in time. */
export type Sign = FindingKind | 'message' | 'unanswered';

export type DetectionKey =
  | 'maxsubsmscount'
  | 'maxwrongmsgallowed'
  | 'maxsubsipauthrequest'
  | 'maxwrongauthfromip'
  | 'maxfailedauthenabledipport'
  | 'maxfailedauthenabledip'
  | 'fastauthsubswrongusermsg'
  | 'sip_register_failed_times'
  | 'blockscanning_treshold'
  | 'max_scanner_messages'
  | 'honeypot_numbers'
  | 'max_abuse';

/** One way to see an attack. Its mode is the setting `mode.<key>`. */
export interface Detection {
  readonly key: DetectionKey;
  /** What it sees, as the operator reads it in the list of bans. */
  readonly sees: string;
  readonly counts: readonly Sign[];
  /** Of what it counts, and against what it acts. */
  readonly scope: 'address' | 'address and port' | 'user at address';
  /** Only different users count. */
  readonly distinct?: true;
  /** A success of a user takes back what that user has failed. */
  readonly forgives?: true;
  /** Acts as soon as the count reaches the limit, and not above it. */
  readonly atLimit?: true;
  /** How many are let pass; 0 or less for a detection that is off. `load` goes from 0 to 1. */
  readonly limit: (settings: Settings, load: number) => number;
  readonly windowMs: (settings: Settings) => number;
  /** How long it bans, where it is not reenabledosblocked. */
  readonly lastsMs?: (settings: Settings) => number;
}

const hourMs = 3_600_000;
const unansweredWindowMs = 90_000;
const idleAuthRequests = 400;
const busyAuthRequests = 100;

const wrongCredentials = ['wrong password', 'digest uri', 'address not permitted', 'wrong transport'] as const;
const unauthorised = [...wrongCredentials, 'unknown user', 'account disabled', 'not authorised'] as const;
const senseless = ['malformed', 'unknown method', 'stray response', 'stray request'] as const;

/** Of known and trusted sources, the flood limit counts these only. */
export const failing: ReadonlySet<FindingKind> = new Set<FindingKind>([...senseless, ...unauthorised, 'bad value']);

/** What a user does wrong on its own device when its password was changed. */
export const logInFailures: ReadonlySet<FindingKind> = new Set<FindingKind>([...unauthorised, 'refused user']);

const failureWindowMs = ({ maxsubfailauthperiod }: Settings): number => maxsubfailauthperiod * 1000;
const hourly = (): number => hourMs;

/** Failed requests in a row that are let pass; where nobody set a number, fewer the busier the server is. */
export function rowLimit({ maxsubsipauthrequest: set }: Settings, load: number): number {
  return set === -1 ? Math.round(idleAuthRequests - load * (idleAuthRequests - busyAuthRequests)) : set;
}

/** Every detection, once. Documented one by one in docs/guard.md. */
export const detections: readonly Detection[] = [
  {
    key: 'maxsubsmscount',
    sees: 'messages of any kind',
    counts: ['message'],
    scope: 'address',
    limit: ({ maxsubsmscount }) => maxsubsmscount,
    windowMs: ({ maxsubsmsperiod }) => maxsubsmsperiod * 1000,
  },
  {
    key: 'maxwrongmsgallowed',
    sees: 'messages that make no sense',
    counts: senseless,
    scope: 'address',
    limit: ({ maxwrongmsgallowed }) => maxwrongmsgallowed,
    windowMs: ({ maxwrongmsgperiod }) => maxwrongmsgperiod * 1000,
  },
  {
    key: 'maxsubsipauthrequest',
    sees: 'failed credentials in a row',
    counts: unauthorised,
    scope: 'address',
    forgives: true,
    limit: rowLimit,
    // A row is broken by a success only; but no memory is for ever.
    windowMs: () => 24 * hourMs,
  },
  {
    key: 'maxwrongauthfromip',
    sees: 'requests refused for want of authorisation',
    // Whoever goes on after its user was refused is answered all the same, and no phone does so every second.
    counts: [...unauthorised, 'refused user', 'unanswered'],
    scope: 'address',
    limit: ({ maxwrongauthfromip }) => maxwrongauthfromip,
    windowMs: failureWindowMs,
  },
  {
    key: 'maxfailedauthenabledipport',
    sees: 'failed credentials from one port',
    counts: wrongCredentials,
    scope: 'address and port',
    limit: ({ maxfailedauthenabledipport }) => maxfailedauthenabledipport,
    windowMs: failureWindowMs,
  },
  {
    key: 'maxfailedauthenabledip',
    sees: 'failed credentials from one address',
    counts: wrongCredentials,
    scope: 'address',
    limit: ({ maxfailedauthenabledip }) => maxfailedauthenabledip,
    windowMs: failureWindowMs,
  },
  {
    key: 'fastauthsubswrongusermsg',
    sees: 'challenges that were not answered',
    counts: ['unanswered'],
    scope: 'address',
    limit: ({ fastauthsubswrongusermsg }) => fastauthsubswrongusermsg,
    windowMs: () => unansweredWindowMs,
  },
  {
    key: 'sip_register_failed_times',
    sees: 'failed registrations of one user',
    counts: [...wrongCredentials, 'unknown user'],
    scope: 'user at address',
    forgives: true,
    atLimit: true,
    limit: ({ sip_register_failed_times }) => sip_register_failed_times,
    windowMs: ({ block_time_min }) => block_time_min * 60_000,
    lastsMs: ({ block_time_min }) => block_time_min * 60_000,
  },
  {
    key: 'blockscanning_treshold',
    sees: 'different names that nobody has',
    counts: ['unknown user', 'unknown number'],
    scope: 'address',
    distinct: true,
    limit: ({ blockscanning_treshold }) => blockscanning_treshold,
    windowMs: hourly,
  },
  {
    key: 'max_scanner_messages',
    sees: 'messages of a device that is refused',
    counts: ['blocked device'],
    scope: 'address',
    limit: ({ max_scanner_messages }) => max_scanner_messages,
    windowMs: hourly,
  },
  {
    key: 'honeypot_numbers',
    sees: 'names that nobody should know',
    counts: ['honeypot'],
    scope: 'address',
    atLimit: true,
    limit: () => 1,
    windowMs: hourly,
  },
  {
    key: 'max_abuse',
    sees: 'other signs of abuse',
    counts: [
      'bad value',
      'invalid signalling',
      'pending calls',
      'abnormal speed',
      'stream rate',
      'injected media',
      'other domain',
    ],
    scope: 'address',
    limit: ({ max_abuse }) => max_abuse,
    windowMs: hourly,
  },
];
