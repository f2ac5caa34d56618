/**
 * Tools that scan for servers and passwords, by what they call themselves when they are not told to lie. An item shorter
 * than five characters has to be the whole name.
 */
export const knownScanners: readonly string[] = [
  'friendly-scanner',
  'friendly-request',
  'sipvicious',
  'sundayddr',
  'sundaydrr',
  'sip-scan',
  'sipscan',
  'sipcli',
  'sipsak',
  'iWar',
  'smap',
  'pplsip',
  'VaxSIPUserAgent',
  'VaxIPUserAgent',
  'sivus',
  'gulp',
];
