import { assert } from '../../base/result/assert.ts';
import { Dialog } from '../../sip/dialog/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import { flowRecord } from '../leg/flow-record.ts';
import type { DialogRecord } from '../record.ts';

/** A dialog as the store keeps it: enough for a BYE by a server that knows nothing else. */
export function dialogRecord(dialog: Dialog | undefined, flow: Flow): DialogRecord {
  assert(dialog !== undefined, 'an answered leg has a dialog');
  return {
    ...dialog.state(),
    ...flowRecord(flow),
  };
}

/** The dialog again, for the BYE after a crash; its CSeq jumps ahead of whatever the dead server may have sent. */
export function restoredDialog(record: DialogRecord): Dialog {
  return new Dialog({ ...record, localSeq: record.localSeq + 1000 }, undefined);
}
