import type { Settings } from '../settings/index.ts';

/** How numbers are written where the server stands. */
export interface NumberingPlan {
  /** Country code digits of the home country, empty while it is not set. */
  readonly homeCountry: string;
  /** Two letters (ISO 3166) where several countries share the code; empty for the largest of them. */
  readonly homeRegion: string;
  readonly internationalPrefix: string;
  readonly nationalPrefix: string;
}

/**
 * The plan of the server, or of an account in a country of its own: that decides what its national and its emergency
 * numbers are. The prefixes are those of the setting, which a dial rule can change.
 */
export function numberingPlan(settings: Settings, account?: { readonly homeCountry: string }): NumberingPlan {
  const own = account?.homeCountry ?? '';
  const isElsewhere = own !== '' && own !== settings.home_country;
  return {
    homeCountry: isElsewhere ? own : settings.home_country,
    homeRegion: isElsewhere ? '' : settings.home_region,
    internationalPrefix: settings.international_prefix,
    nationalPrefix: settings.national_prefix,
  };
}
