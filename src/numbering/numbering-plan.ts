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

export function numberingPlan(settings: Settings): NumberingPlan {
  return {
    homeCountry: settings.home_country,
    homeRegion: settings.home_region,
    internationalPrefix: settings.international_prefix,
    nationalPrefix: settings.national_prefix,
  };
}
