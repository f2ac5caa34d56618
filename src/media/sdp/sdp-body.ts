export const sdpContentType = 'application/sdp';

const maxParts = 16;

/**
 * Finds the session description in the body of a SIP message: the body itself, or the first such part of a multipart
 * body (RFC 5621 §3.1).
 * @returns undefined when there is none.
 */
export function sdpBody(contentType: string | undefined, body: string): string | undefined {
  if (contentType === undefined) return undefined;
  const mediaType = baseType(contentType);
  if (mediaType === sdpContentType) return body;
  if (!mediaType.startsWith('multipart/')) return undefined;
  const boundary = boundaryOf(contentType);
  if (boundary === undefined) return undefined;
  // What stands before the first delimiter is a preamble, and a delimiter belongs to a line of its own (RFC 2046 §5.1.1).
  for (const section of `\r\n${body}`.split(`\r\n--${boundary}`, maxParts + 1).slice(1)) {
    if (section.startsWith('--')) return undefined;
    const found = sdpPart(section);
    if (found !== undefined) return found;
  }
  return undefined;
}

function sdpPart(section: string): string | undefined {
  const start = section.indexOf('\r\n');
  const headerEnd = section.indexOf('\r\n\r\n');
  if (start === -1 || headerEnd === -1) return undefined;
  for (const header of section.slice(start, headerEnd).split('\r\n')) {
    const [, value] = /^content-type[ \t]*:(.*)$/i.exec(header) ?? [];
    if (value !== undefined) return baseType(value) === sdpContentType ? section.slice(headerEnd + 4) : undefined;
  }
  return undefined;
}

function baseType(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').replaceAll(/\s/g, '').toLowerCase();
}

function boundaryOf(contentType: string): string | undefined {
  const [, quoted, plain] = /;\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s";,]{1,70}))/i.exec(contentType) ?? [];
  return quoted ?? plain;
}
