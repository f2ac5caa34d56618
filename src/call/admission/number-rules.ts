import type { Account, Directions } from '../../accounts/model.ts';
import { type Refusal, refusal } from '../../guard/decision.ts';
import { type CalledNumber, readNumber } from '../../numbering/called-number.ts';
import type { NumberClass } from '../../numbering/classify.ts';
import type { Dialled } from '../../numbering/dialled.ts';
import { numberingPlan } from '../../numbering/numbering-plan.ts';
import type { Settings } from '../../settings/index.ts';
import type { CallServices } from '../services.ts';

/** [blacklist.fix-blacklist]: looked at before anything is routed, for numbers of our own users too. */
export function checkListed(
  { settings }: CallServices,
  dialled: Dialled | undefined,
  account: Account | undefined,
): Refusal | 'yes' {
  if (dialled?.kind !== 'number') return 'yes';
  const { fix_blacklist } = settings();
  if (fix_blacklist.length === 0) return 'yes';
  const number = readNumber(dialled.digits, '', numberingPlan(settings(), account));
  return number === undefined ? 'yes' : blacklisted(fix_blacklist, number);
}

/**
 * Every reason for which a number may not be called at all, whatever it costs: the lists and classes that keep thieves
 * away. The same however the number was dialled, because only the canonical number is looked at.
 */
export function* numberRefusals(
  settings: Settings,
  account: Account | undefined,
  number: CalledNumber,
  numberClass: NumberClass,
): Generator<Refusal> {
  const listed = blacklisted(settings.fix_blacklist, number);
  if (listed !== 'yes') yield listed;
  if (numberClass === 'satellite' && settings.blocksatellitecalls) {
    yield refusal('blocksatellitecalls', 403, number.digits, 'a number that is no satellite phone');
  }
  if (settings.blockpremiumnumbers && isPremium(settings, number, numberClass)) {
    yield refusal('blockpremiumnumbers', 403, number.digits, 'a number that is not premium, or a premium exception');
  }
  const { allowed_directions: allowed, blocked_directions: blocked } = settings;
  for (const directions of [{ allowed, blocked }, ...(account === undefined ? [] : [account.directions])]) {
    const verdict = checkDirections(directions, number);
    if (verdict !== 'yes') yield verdict;
  }
}

/**
 * [fraud.disable-unwanted-directions]. Where some directions are allowed, a number that is none (a short one) is
 * refused with the rest.
 */
function checkDirections({ allowed, blocked }: Directions, number: CalledNumber): Refusal | 'yes' {
  const hit = blocked.find((prefix) => begins(number, prefix));
  if (hit !== undefined) return refusal('directions', 403, number.digits, `a number that does not begin with ${hit}`);
  if (allowed.length === 0 || allowed.some((prefix) => begins(number, prefix))) return 'yes';
  return refusal('directions', 403, number.digits, `a number that begins with ${allowed.join(', ')}`);
}

function blacklisted(numbers: readonly string[], { digits, orElse }: CalledNumber): Refusal | 'yes' {
  const hit = numbers.map(withoutPlus).find((entry) => entry === digits || entry === orElse);
  return hit === undefined ? 'yes' : refusal('fix_blacklist', 403, hit, 'a number that is not on the blacklist');
}

function isPremium(settings: Settings, number: CalledNumber, numberClass: NumberClass): boolean {
  const { premium_prefixes, premium_exceptions } = settings;
  if (numberClass !== 'premium' && !premium_prefixes.some((prefix) => begins(number, prefix))) return false;
  return !premium_exceptions.some((exception) => withoutPlus(exception) === number.digits);
}

function begins({ form, digits }: CalledNumber, prefix: string): boolean {
  return form === 'e164' && digits.startsWith(withoutPlus(prefix));
}

function withoutPlus(written: string): string {
  return written.startsWith('+') ? written.slice(1) : written;
}
