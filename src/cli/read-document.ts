import type { OperationError } from '../api/operation.ts';
import { controlLimits } from '../api/control/protocol.ts';
import { fail, ok, type Result } from '../base/result/result.ts';
import type { CommandContext } from './context.ts';

/** In the frame that carries it to the server, each octet of a document may take two. */
const maxOctets = controlLimits.importBytes / 2;

/** The text of a file that the server is to read, or of standard input for `-`. */
export async function readDocument(
  { environment }: CommandContext,
  file: string,
): Promise<Result<string, OperationError>> {
  let document: string;
  try {
    document = await environment.readText(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail({ code: 'failed', message: `${file} cannot be read: ${reason}` });
  }
  if (Buffer.byteLength(document) > maxOctets) {
    return fail({ code: 'refused', message: `${file} is larger than ${maxOctets} octets; split it into several` });
  }
  return ok(document);
}
