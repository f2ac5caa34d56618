import { type Setting, word } from './setting.ts';

/** A rule is enforced, only watched, or off. */
export type RuleMode = 'enforce' | 'observe' | 'off';

/** A rule that says no to calls and has a mode. Prepaid credit and a reseller's balance have none: they always hold. */
interface CallRule {
  /** What it refuses, as the end of the sentence "The mode of the rule that ...". */
  readonly refuses: string;
  /** Mode in the profile `stress_test`, where the rule would end the test. */
  readonly stressTest?: RuleMode;
  /** Mode in the profile `seeds`, for a rule that the requirements do not have. */
  readonly seeds?: RuleMode;
}

/** A detection of the guard: a rule that stops sources. */
interface SourceRule {
  /** Whom it stops, as the end of the sentence "The mode of the detection of a source that ...". */
  readonly stops: string;
}

type Rule = CallRule | SourceRule;

/**
 * Every rule with a mode, by its key: that of the setting or of the account's field that holds its limit. A rule enters
 * this list in the change that makes it work; its setting `mode.<key>`, its texts and its type come from here.
 */
const rules = {
  fix_blacklist: { refuses: 'refuses calls to numbers on the fixed blacklist' },
  blocksatellitecalls: { refuses: 'refuses calls to satellite phones' },
  blockpremiumnumbers: { refuses: 'refuses calls to premium numbers' },
  directions: { refuses: 'refuses calls to directions that are not allowed' },
  blocknotbilledcalls: { refuses: 'refuses calls that cannot be billed' },
  blocknotprofitablecalls: { refuses: 'leaves out SIP servers over which a call would lose money' },
  maxnegativemargin: {
    refuses: 'leaves out SIP servers over which the calls of an account would lose more than they may in a day',
    seeds: 'off',
  },
  blockhighcostcalls: { refuses: 'leaves out SIP servers that cost too much a minute' },
  maxlines: { refuses: 'refuses a call when its payer has all its lines in use', stressTest: 'off' },
  maxmonthlycredit: { refuses: 'refuses a call when its payer has spent what it may in a month', stressTest: 'off' },
  maxdailycredit: {
    refuses: 'refuses a call when its payer, or its SIP server, has spent its own limit of the day',
    stressTest: 'off',
  },
  maxdailycreditforenduser: {
    refuses: 'refuses a call when an enduser has spent the common limit of the day',
    stressTest: 'off',
  },
  maxdailycreditforts: {
    refuses: 'refuses a call when a traffic sender has spent the common limit of the day',
    stressTest: 'off',
  },
  checkmaxdyndailycredit: {
    refuses: 'refuses a call when its payer spends far more than it is used to',
    stressTest: 'off',
  },
  maxcostperip: { refuses: 'refuses a call when what came from its address has cost enough', stressTest: 'off' },
  maxcallperip: { refuses: 'refuses a call when its source has had its number of calls in the period' },
  maxdurationperip: { refuses: 'refuses a call when the calls of its source have talked long enough in the period' },
  maxcps: { refuses: 'refuses a call when a user, or a SIP server that it goes to, has too many in a second' },
  maxcpsperip: { refuses: 'refuses a call when its source starts too many in a second' },
  maxslperday: { refuses: 'refuses a call when a user has talked, or a SIP server was used, long enough today' },
  maxslpermonth: { refuses: 'refuses a call when a user has talked, or a SIP server was used, long enough this month' },
  onlylocalaccess: { refuses: 'refuses calls to the outside by senders that may reach only users of ours' },
  international: { refuses: 'refuses calls abroad by users for whom they are not switched on', seeds: 'off' },
  blocktoomuchpendingsession: {
    refuses: 'refuses a call when its source has too many without a final answer',
    stressTest: 'off',
  },
  abnormal_speed_close: {
    refuses: 'refuses calls that a user makes faster than people do, and closes the connection that they come over',
    stressTest: 'off',
  },
  session_flood_close: {
    refuses: 'ends a call in which one side sends more than 500 requests in 10 s',
    stressTest: 'off',
  },
  invalid_signalling_close: { refuses: 'ends a call in which one side sends 10 invalid requests in a row' },
  session_auth_failure_close: {
    refuses: 'closes a connection over which challenges were answered wrongly 5 times in a row',
  },
  maxsubsmscount: { stops: 'sends too many messages' },
  maxwrongmsgallowed: { stops: 'sends too many messages that make no sense' },
  maxsubsipauthrequest: { stops: 'fails too often in a row' },
  maxwrongauthfromip: { stops: 'is refused too often for want of authorisation' },
  maxfailedauthenabledipport: { stops: 'fails too often with credentials of users, from one port' },
  maxfailedauthenabledip: { stops: 'fails too often with credentials of users' },
  fastauthsubswrongusermsg: { stops: 'leaves too many challenges unanswered' },
  sip_register_failed_times: { stops: 'fails too often to register as one user; only that user is refused from there' },
  blockscanning_treshold: { stops: 'tries too many names that nobody has' },
  max_scanner_messages: { stops: 'uses tools that are refused' },
  honeypot_numbers: { stops: 'tries a name that nobody should know' },
  max_abuse: { stops: 'shows too many other signs of abuse' },
  max_guesses_per_user: { stops: 'guesses at a user whose password too many have guessed at' },
  block_lists: { stops: 'is on a block list' },
  max_failed_users_per_address: { stops: 'guesses at others from the address of a user' },
  licensecfg: { refuses: 'refuses a call when the whole system has its number of calls' },
} as const satisfies Readonly<Record<string, Rule>>;

export type RuleKey = keyof typeof rules;

type ModeKey = `mode.${RuleKey}`;

/** The settings `mode.<key>`, one for each rule. */
export const modeSettings = Object.fromEntries(
  Object.entries<Rule>(rules).map(([key, rule]) => [`mode.${key}`, modeSetting(key, rule)]),
) as { readonly [K in ModeKey]: Setting<RuleMode> };

function modeSetting(key: string, rule: Rule): Setting<RuleMode> {
  if ('stops' in rule) return sourceModeSetting(key, rule);
  const { refuses, stressTest, seeds } = rule;
  return word({
    id: `own.mode.${key}`,
    aliases: [`mode_${key}`],
    text: `The mode of the rule that ${refuses}. It exists so that a new limit can be watched on live traffic before it bites: while it is observed, calls pass, and each one that would have been refused leaves a decision.`,
    default: 'enforce',
    ...(stressTest === undefined ? {} : { stressTest }),
    ...(seeds === undefined
      ? {}
      : { seeds, reason: 'the safe way: what costs most is switched on by somebody who wants it' }),
    values: {
      enforce: 'calls are refused',
      observe: "calls pass; a decision with the outcome 'would refuse' is recorded",
      off: 'the rule is not applied',
    },
    effect: 'live',
  });
}

function sourceModeSetting(key: string, { stops }: SourceRule): Setting<RuleMode> {
  return word({
    id: `own.mode.${key}`,
    aliases: [`mode_${key}`],
    text: `The mode of the detection of a source that ${stops}. It exists so that a limit can be watched on live traffic before it bites.`,
    default: 'enforce',
    values: {
      enforce: 'the source is stopped',
      observe: 'nothing is stopped; the list of bans reports what would have been',
      off: 'it is not looked for',
    },
    effect: 'live',
  });
}

const modeKeyByRule: ReadonlyMap<string, ModeKey> = new Map(
  Object.keys(rules).map((key) => [key, `mode.${key as RuleKey}` as const]),
);

/** The mode of a rule; what is no rule of the list (a disabled account, a number that nobody has) is always enforced. */
export function modeOf(settings: { readonly [K in ModeKey]: RuleMode }, rule: string): RuleMode {
  const key = modeKeyByRule.get(rule);
  return key === undefined ? 'enforce' : settings[key];
}
