/** A limit of the whole system; 0 is none. */
export function systemLimit(licensecfg: readonly string[], key: 'calls' | 'users'): number {
  const found = licensecfg.find((entry) => entry.startsWith(`${key}=`));
  return found === undefined ? 0 : Number(found.slice(key.length + 1));
}
