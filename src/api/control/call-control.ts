import { connect } from 'node:net';
import { fail, type Result } from '../../base/result/result.ts';
import type { Arguments, OperationError } from '../operation.ts';
import { LineSplitter } from './line-splitter.ts';
import { controlLimits, maxRequestBytes, parseResponse, requestLine } from './protocol.ts';

/**
 * Asks the running server to do one operation. Without a server the outcome has the code `server is not running`; an
 * answer that is cut off has `connection lost`: the operation may then have been done.
 */
export function callControl(
  path: string,
  operation: string,
  given: Arguments,
): Promise<Result<unknown, OperationError>> {
  const request = requestLine({ id: 1, operation, arguments: given });
  const maxBytes = maxRequestBytes(Buffer.from(request.slice(0, 80)));
  if (Buffer.byteLength(request) > maxBytes) {
    const message = `'${operation}' was given more than the ${maxBytes} octets that the server takes; split it`;
    return Promise.resolve(fail({ code: 'refused', message }));
  }
  return new Promise((resolve) => {
    const splitter = new LineSplitter(() => controlLimits.responseBytes);
    const socket = connect(path);
    const finish = (outcome: Result<unknown, OperationError>): void => {
      socket.destroy();
      resolve(outcome);
    };
    let connected = false;
    socket.once('connect', () => {
      connected = true;
      socket.write(request);
    });
    socket.on('data', (chunk: Buffer) => {
      const { lines, tooLong } = splitter.push(chunk);
      const line = lines[0];
      if (line !== undefined) finish(parseResponse(line) ?? fail(unreadable));
      else if (tooLong) finish(fail(unreadable));
    });
    // After a refusal the server hangs up while we still write: its answer may be in our hands already, so an error
    // decides nothing before the connection has closed.
    let failure: OperationError | undefined;
    socket.on('error', (error) => {
      failure = connected ? undefined : notConnected(path, error);
    });
    socket.once('close', () => finish(fail(failure ?? lost)));
  });
}

const unreadable: OperationError = {
  code: 'failed',
  message: 'the answer of the server cannot be read; are the command and the server of the same version?',
};

const lost: OperationError = {
  code: 'connection lost',
  message: 'the server hung up before it answered, so the work may or may not be done; look at its log',
};

function notConnected(path: string, error: Error): OperationError {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR') {
    return { code: 'server is not running', message: `no server answers at ${path}; start one with 'ringfence serve'` };
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return { code: 'refused', message: `${path} belongs to another user; run the command as the server's user` };
  }
  return { code: 'failed', message: `the server cannot be reached at ${path}: ${error.message}` };
}
