import type { SipRequest } from '../../sip/message/index.ts';

/**
 * Headers of an INVITE that pass from the caller to the callee; everything else stays on its own leg. Alert-Info and
 * Call-Info do not: they make phones fetch a URL, or answer by themselves and become a microphone.
 */
const passedOnInvite = ['subject', 'priority', 'accept-language', 'organization', 'privacy'] as const;
const maxValueOctets = 500;
const maxValues = 4;

/** The caller's headers that the callee may see: a list of what passes, never of what does not. */
export function passedHeaders(request: SipRequest): readonly (readonly [string, string])[] {
  return passedOnInvite.flatMap((name) =>
    request.headers
      .getAll(name)
      .filter((value) => value.length <= maxValueOctets)
      .slice(0, maxValues)
      .map((value) => [name, value] as const),
  );
}
