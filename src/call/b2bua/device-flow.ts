import type { Account } from '../../accounts/model.ts';
import type { Binding } from '../../registrar/binding.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import type { CallServices } from '../services.ts';

/** The way to a phone that has left the connection of its dialog for a newer one; undefined where it has not. */
export type DeviceFlow = (dialogFlow: Flow) => Flow | undefined;

/**
 * Follows the phone that a dialog began with: one that lost its connection opens another, registers on it as the same
 * instance (RFC 5626 §4.1) or the same contact, and is reached there from then on (§5.3), over the same transport only.
 * A port of UDP is not followed: nobody holds it, and the phone proves by digest that it has moved.
 */
export function deviceFlow(services: CallServices, account: Account | undefined, beganOn: Flow): DeviceFlow {
  const { registrar, stack } = services;
  if (account === undefined || beganOn.connectionId === 0) return () => undefined;
  const device = registrar.bindingOn(account.id, beganOn);
  if (device === undefined) return () => undefined;
  return (dialogFlow) => {
    const isLive = stack.isLive(dialogFlow);
    // With several flows of one instance (RFC 5626 §4.2) the dialog stays on its own.
    if (isLive && registrar.bindingOn(account.id, dialogFlow) !== undefined) return undefined;
    const known = registrar.bindingsOf(account).filter(({ transport }) => transport === dialogFlow.transport);
    const binding = known.find((one) => isSameDevice(one, device, isLive));
    const flow = binding === undefined ? undefined : registrar.flowOf(binding);
    return flow !== undefined && flow.connectionId > dialogFlow.connectionId ? flow : undefined;
  };
}

/** A contact may be that of two phones behind two routers: it only counts where the connection of the dialog has gone. */
function isSameDevice(one: Binding, device: Binding, isLive: boolean): boolean {
  if (device.instance !== '') return one.instance === device.instance;
  return !isLive && one.contact === device.contact;
}
