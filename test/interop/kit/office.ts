import type { Environment, PeerOptions } from './environment.ts';
import type { SippProcess } from './sipp-process.ts';

export const password = 'Violet-Harbor-71';
export const techPrefix = '55667788';

type Fields = Readonly<Record<string, string | readonly string[]>>;

/** The accounts that most cases use: three users, a carrier, a reserve carrier, one that no rule lists, and rules. */
export function office(env: Environment, changes: Readonly<Record<string, Fields>> = {}): object {
  const record = (name: string, fields: Fields): Fields => ({ name, ...fields, ...changes[name] });
  const trunk = (name: string, host: 'carrier' | 'reserve' | 'third'): Fields => {
    return record(name, { host: env.address(host), port: '5060' });
  };
  return {
    users: ['alice', 'bob', 'carol'].map((name) => record(name, { password, international: 'true' })),
    numbers: [{ number: '4312345', user: 'bob' }],
    sipservers: [trunk('carrier', 'carrier'), trunk('reserve', 'reserve'), trunk('third', 'third')],
    dialrules: [
      record('abroad', { pattern: '19XXX', delete: '2', add: '00', sipservers: ['carrier'] }),
      record('world', { pattern: '00.', sipservers: ['carrier', 'reserve'] }),
    ],
  };
}

type Answering = 'bob' | 'bobsOther' | 'carrier' | 'reserve' | 'third' | 'sender';
type Phone = 'alice' | 'bob' | 'bobsOther';

/** Registers a user's phone from the address and port at which it then answers. */
export async function register(env: Environment, host: Phone, options: PeerOptions = {}): Promise<SippProcess> {
  const user = host === 'bobsOther' ? 'bob' : host;
  const { variables = {}, ...others } = options;
  const run = env.sipp('register.xml', host, {
    authUri: env.serverAddress,
    ...others,
    variables: { user, username: user, password, headers: 'Expires: 600', granted: '600', holdMs: 0, ...variables },
  });
  return run.passed();
}

/** Alice dials: a whole call that she ends, or with `call-refused.xml` and `status` one that is refused. */
export function dial(env: Environment, number: string, options: PeerOptions = {}, scenario = 'call.xml'): SippProcess {
  const { variables = {}, ...others } = options;
  return env.sipp(scenario, 'alice', {
    authUri: `${number}@${env.serverAddress}`,
    ...others,
    variables: { user: 'alice', username: 'alice', password, number, headers: '', talkMs: 300, ...variables },
  });
}

/** Alice dials, and is refused with this status. */
export function dialRefused(env: Environment, number: string, status: number, options: PeerOptions = {}): SippProcess {
  return dial(env, number, { ...options, variables: { ...options.variables, status } }, 'call-refused.xml');
}

/** A peer that rings for `ringMs` and answers; the other side ends the call. */
export function answer(env: Environment, host: Answering, options: PeerOptions = {}): Promise<SippProcess> {
  return env.sipp('answer.xml', host, { ...options, variables: { ringMs: 200, ...options.variables } }).ready();
}

/** A peer that rings and refuses with a status. */
export function refuse(env: Environment, host: Answering, status: number): Promise<SippProcess> {
  return env.sipp('refuse.xml', host, { variables: { status } }).ready();
}

/** A peer that would answer, and must get nothing; `received` tells what it got. */
export function bystander(env: Environment, host: Answering): Promise<SippProcess> {
  return answer(env, host);
}
