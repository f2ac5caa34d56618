/** What a prefix says about a number before anybody asks which country it is in. */
export type NetworkKind = 'satellite' | 'premium' | 'shared cost' | 'toll free';

/**
 * Prefixes that a table of countries tells wrong or not at all: satellite phones are "mobiles of no country" there, and
 * a premium number that was dialled with a digit too many is no number, while the network behind it ignores the digit.
 * `satellite` stands for every network without a country (ITU-T E.164 §6.2.3): they are priced alike and abused alike.
 */
const listed: Readonly<Record<NetworkKind, string>> = {
  // Inmarsat; Iridium and Globalstar; EMSAT, Thuraya and others; further networks; disaster relief; Australia.
  satellite: '870 881 882 883 888 61145 61147',
  premium: [
    '979 878',
    '1900 4490 4491 4498 49900 43900 43901 43930 43931 43939 41900 41901 41906 423900 423901 423906',
    '31900 31906 31909 3290 3389 34803 34806 34807 351760 351761 351762 35315 39892 39899',
    '37190 37090 372900 4590 46900 46939 46944 47820 47829 358600 358700 48700 48701',
    '42090 421900 3690 3691 30901 30909 35990 40900 40903 40906 7803 7809 61190 64900 90900 27862',
  ].join(' '),
  'toll free': '800',
  'shared cost': '808',
};

const kindByPrefix = new Map<string, NetworkKind>();
for (const kind of ['satellite', 'premium', 'toll free', 'shared cost'] as const) {
  for (const prefix of listed[kind].split(' ')) kindByPrefix.set(prefix, kind);
}
const longest = Math.max(...[...kindByPrefix.keys()].map((prefix) => prefix.length));

/** What the longest prefix of the table says that E.164 digits begin with. */
export function networkKind(digits: string): NetworkKind | undefined {
  for (let length = Math.min(longest, digits.length); length > 0; length--) {
    const kind = kindByPrefix.get(digits.slice(0, length));
    if (kind !== undefined) return kind;
  }
  return undefined;
}
