import type { Account, Directions } from '../../accounts/model.ts';
import { type Refusal, refusal } from '../../guard/decision.ts';
import { type CalledNumber, readNumber } from '../../numbering/called-number.ts';
import type { NumberClass } from '../../numbering/classify.ts';
import type { Dialled } from '../../numbering/dialled.ts';
import { numberingPlan } from '../../numbering/numbering-plan.ts';
import type { Settings } from '../../settings/index.ts';
import { fieldOrigin, setBy } from '../limits/limit-origin.ts';
import type { CallServices } from '../services.ts';

type Services = Pick<CallServices, 'settings' | 'settingOrigin' | 'directory'>;

/** [blacklist.fix-blacklist]: looked at before anything is routed, for numbers of our own users too. */
export function checkListed(
  services: CallServices,
  dialled: Dialled | undefined,
  account: Account | undefined,
): Refusal | 'yes' {
  if (dialled?.kind !== 'number') return 'yes';
  const settings = services.settings();
  if (settings.fix_blacklist.length === 0) return 'yes';
  const number = readNumber(dialled.digits, '', numberingPlan(settings, account));
  return number === undefined ? 'yes' : blacklisted(services, number);
}

/**
 * Every reason for which a number may not be called at all, whatever it costs: the lists and classes that keep thieves
 * away. The same however the number was dialled, because only the canonical number is looked at.
 */
export function* numberRefusals(
  services: Services,
  account: Account | undefined,
  number: CalledNumber,
  numberClass: NumberClass,
): Generator<Refusal> {
  const { settingOrigin } = services;
  const settings = services.settings();
  const listed = blacklisted(services, number);
  if (listed !== 'yes') yield listed;
  if (numberClass === 'satellite' && settings.blocksatellitecalls) {
    const no = refusal('blocksatellitecalls', 403, number.digits, 'a number that is no satellite phone');
    yield setBy(no, settingOrigin('blocksatellitecalls'));
  }
  if (settings.blockpremiumnumbers && isPremium(settings, number, numberClass)) {
    const no = refusal(
      'blockpremiumnumbers',
      403,
      number.digits,
      'a number that is not premium, or a premium exception',
    );
    yield setBy(no, settingOrigin('blockpremiumnumbers'));
  }
  const { allowed_directions: allowed, blocked_directions: blocked } = settings;
  const byAll = checkDirections({ allowed, blocked }, number);
  if (byAll !== undefined) yield setBy(byAll.no, settingOrigin(`${byAll.list}_directions`));
  if (account === undefined) return;
  const byAccount = checkDirections(account.directions, number);
  if (byAccount !== undefined) yield setBy(byAccount.no, fieldOrigin(services, account, `${byAccount.list}directions`));
}

/**
 * [fraud.disable-unwanted-directions]. Where some directions are allowed, a number that is none (a short one) is
 * refused with the rest.
 */
function checkDirections(
  { allowed, blocked }: Directions,
  number: CalledNumber,
): { readonly list: keyof Directions; readonly no: Refusal } | undefined {
  const no = (wouldPass: string): Refusal => refusal('directions', 403, number.digits, wouldPass);
  const hit = blocked.find((prefix) => begins(number, prefix));
  if (hit !== undefined) return { list: 'blocked', no: no(`a number that does not begin with ${hit}`) };
  if (allowed.length === 0 || allowed.some((prefix) => begins(number, prefix))) return undefined;
  return { list: 'allowed', no: no(`a number that begins with ${allowed.join(', ')}`) };
}

function blacklisted({ settings, settingOrigin }: Services, { digits, orElse }: CalledNumber): Refusal | 'yes' {
  const hit = settings()
    .fix_blacklist.map(withoutPlus)
    .find((entry) => entry === digits || entry === orElse);
  if (hit === undefined) return 'yes';
  return setBy(
    refusal('fix_blacklist', 403, hit, 'a number that is not on the blacklist'),
    settingOrigin('fix_blacklist'),
  );
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
