/** What a rule about money, prices and numbers stands for, and what an operator who wants such calls to pass can do. */
interface RuleMeaning {
  readonly meaning: string;
  readonly remedy: string;
}

const setting = (name: string): string => `ringfence settings set ${name} AMOUNT`;
const field = (name: string): string => `ringfence user set NAME ${name}=AMOUNT`;
const prices = "'ringfence rate NUMBER --user NAME' shows price and cost";

const meanings: Readonly<Record<string, RuleMeaning>> = {
  credit: {
    meaning: 'what is left of the balance of a prepaid account, or of a reseller above it',
    remedy: 'ringfence ledger topup NAME AMOUNT; a running call goes on at once',
  },
  maxdailycredit: {
    meaning: 'what this account may spend in a day, or this SIP server may cost',
    remedy: field('maxdailycredit'),
  },
  maxdailycreditforenduser: {
    meaning: 'what every enduser without a maxdailycredit of its own may spend in a day',
    remedy: `${setting('maxdailycreditforenduser')}, or ${field('maxdailycredit')}`,
  },
  maxdailycreditforts: {
    meaning: 'what every traffic sender without a maxdailycredit of its own may spend in a day',
    remedy: `${setting('maxdailycreditforts')}, or ${field('maxdailycredit')}`,
  },
  maxmonthlycredit: { meaning: 'what the account may spend in a month', remedy: field('maxmonthlycredit') },
  checkmaxdyndailycredit: {
    meaning: 'so many times what the account is used to spend in a day: beyond it, its password has mostly been stolen',
    remedy:
      'look at its calls first; then a higher maxdyndailycreditforenduser_min or maxdynmaxdailycreditforts_min lets more pass',
  },
  maxcostperip: {
    meaning: 'what calls from one address may cost within maxcallperperiod days, whoever pays',
    remedy: setting('maxcostperip'),
  },
  maxnegativemargin: {
    meaning: 'what the calls of an account may cost us in a day beyond what they bring',
    remedy: `a price above the cost (${prices}), or ${setting('maxnegativemargin')}`,
  },
  ceiling: {
    meaning: 'the bound in the ceiling file, which no setting, account or price list can pass',
    remedy:
      "the machine's administrator changes ceiling.conf, or the file of ceiling_file, and starts the server again",
  },
  ledger: {
    meaning: 'what calls cost could not be written down, so none that costs something may begin or go on',
    remedy:
      "'ringfence ledger check' tells why; it ends by itself when the disk takes writes, or with 'ringfence ledger resume'",
  },
  blocknotbilledcalls: {
    meaning: 'a call that could not be billed is not made',
    remedy: `a price for the number (${prices}), or a lower blocknotbilledcalls`,
  },
  blocknotprofitablecalls: {
    meaning: 'a SIP server over which the call would cost more than it brings is left out',
    remedy: `a price above the cost (${prices}), or a lower blocknotprofitablecalls`,
  },
  blockhighcostcalls: {
    meaning: 'a SIP server that costs more a minute than this is left out',
    remedy: setting('blockhighcostcalls'),
  },
  blocksatellitecalls: {
    meaning: 'numbers of satellite phones, the dearest there are',
    remedy: 'ringfence settings set blocksatellitecalls false',
  },
  blockpremiumnumbers: {
    meaning: 'premium rate numbers, whose owner is paid for each call',
    remedy: 'the number in premium_exceptions',
  },
  fix_blacklist: { meaning: 'numbers that nobody may call', remedy: 'the number out of fix_blacklist' },
  directions: {
    meaning: 'directions that are allowed or blocked for all, for the account or for the SIP server',
    remedy: 'allowed_directions and blocked_directions, or the fields alloweddirections and blockeddirections',
  },
  international: {
    meaning: 'calls abroad, which are off for a new enduser',
    remedy: 'ringfence user set NAME international=true',
  },
};

/** Undefined for a rule whose name says it. */
export function ruleMeaning(rule: string): RuleMeaning | undefined {
  return Object.hasOwn(meanings, rule) ? meanings[rule] : undefined;
}
