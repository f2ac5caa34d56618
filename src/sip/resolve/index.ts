export { HostsBefore, readHostsFile, readResolvConf } from './configuration.ts';
export { DnsCache } from './dns-cache.ts';
export { DnsClient } from './dns-client.ts';
export { type Family, type Hop, type HopTarget, hopKey, type Located, Locator } from './locate.ts';
export type { DnsAnswer, DnsRecord, DnsSource, RecordType } from './records.ts';
