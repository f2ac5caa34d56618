import { reasonPhrase, type SipRequest, type SipResponse } from '../sip/message/index.ts';
import type { PhoneContext, PhoneFailure } from './phone-context.ts';
import type { Authorization } from './phone-credentials.ts';

/** Sends of one request, first and with answers to challenges: a server that is never content is given up. */
export const maxSends = 3;

export const noAnswer: PhoneFailure = { status: 408, reason: reasonPhrase(408) };

/**
 * Sends a request other than INVITE, ACK and CANCEL, and again with our password where the server asks for it.
 * @param create makes the request anew for each try, with the next CSeq and without Via.
 * @param done is told of the final response, or undefined when there was none in time.
 */
export function sendRequest(
  context: PhoneContext,
  create: () => SipRequest,
  done: (response: SipResponse | undefined) => void,
): void {
  const send = (authorization: Authorization | undefined, sends: number): void => {
    const request = create();
    if (authorization !== undefined) request.headers.append(...authorization);
    context.stack.sendRequest(request, context.flow(), {
      onResponse: (response) => {
        if (response.status < 200) return;
        const answer = sends < maxSends ? context.credentials.answer(request, response) : undefined;
        if (answer === undefined) done(response);
        else send(answer, sends + 1);
      },
      onTimeout: () => done(undefined),
    });
  };
  send(undefined, 1);
}

/** The response as a failure, for whoever wanted another one. */
export function failureOf(response: SipResponse | undefined): PhoneFailure {
  return response === undefined ? noAnswer : { status: response.status, reason: response.reason };
}
