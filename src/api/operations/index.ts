import type { OperationName } from '../operation-table.ts';
import type { Operation, Operations } from '../operation.ts';
import type { OperationPorts } from '../ports.ts';
import { banOperations } from './bans.ts';
import { blockListOperations } from './block-lists.ts';
import { callOperations } from './calls.ts';
import { decisionOperations } from './decisions.ts';
import { doctorOperations } from './doctor.ts';
import { historyOperations } from './history.ts';
import { importOperations } from './import.ts';
import { ledgerOperations } from './ledger.ts';
import { numberOperations } from './numbers.ts';
import type { OperationsOf } from './outcome.ts';
import { serverOperations } from './server.ts';
import { settingOperations } from './settings.ts';
import { tariffOperations } from './tariffs.ts';
import { userOperations } from './users.ts';

/** Operations that change something: they are decided and committed one after another. */
const changing: ReadonlySet<OperationName> = new Set<OperationName>([
  'user add',
  'user set',
  'user remove',
  'user password',
  'number add',
  'number remove',
  'import',
  'tariff import',
  'settings set',
  'settings unset',
  'keys rotate',
  'ban add',
  'ban allow',
  'ban remove',
  'ban clear',
  'ledger topup',
  'ledger adjust',
  'ledger refund',
  'ledger transfer',
  'ledger chargeback',
  'ledger clear',
  'ledger resume',
]);

/** All operations by name, on what the running server or a lone command has. */
export function buildOperations(ports: OperationPorts): Operations {
  const all: OperationsOf<OperationName> = {
    ...userOperations(ports),
    ...numberOperations(ports),
    ...tariffOperations(ports),
    ...importOperations(ports),
    ...settingOperations(ports),
    ...banOperations(ports),
    ...blockListOperations(ports),
    ...callOperations(ports),
    ...historyOperations(ports),
    ...decisionOperations(ports),
    ...ledgerOperations(ports),
    ...doctorOperations(ports),
    ...serverOperations(ports),
  };
  const inTurn = new Turns();
  const operations = new Map<string, Operation>(Object.entries(all));
  for (const name of changing) {
    const perform: Operation = all[name];
    operations.set(name, (given) => inTurn.run(() => perform(given)));
  }
  return operations;
}

/** What is decided on the state of the directory must be committed before the next is decided. */
class Turns {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }
}
