import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import { ControlCallers } from '../../src/control/door/callers.ts';
import { type ControlListener, listenForControl } from '../../src/control/door/listener.ts';
import { OperationRecord } from '../../src/control/management/record/record-operations.ts';
import { issueAuthority, issueServer } from '../../src/deployment/dev-ca/issue.ts';
import { azureNames } from '../../src/deployment/name-forms.ts';
import { memoryAudit } from '../support/memory-audit.ts';

describe('a slow client of the control listener', () => {
  let listener: ControlListener;
  let ca: string;
  before(async () => {
    const authority = issueAuthority(new Date());
    const server = issueServer(authority, ['management.azure.com'], new Date());
    ca = authority.certificate;
    listener = await listenForControl({
      tls: server,
      forms: [azureNames()],
      rows: [{ host: 'arm', method: 'POST', path: '/', body: 'json', handle: () => ({ status: 200 }) }],
      acts: new OperationRecord(memoryAudit(), () => {}),
      callers: new ControlCallers({ log: () => {} }),
      log: () => {},
      version: '0.0.0',
      // The handshake has the head's time: a slow machine needs more of it than a test likes to wait.
      rules: { handshakeTimeout: 2_000, headersTimeout: 2_000, requestTimeout: 2_500 },
    });
  });
  after(() => listener[Symbol.asyncDispose]());

  const say = async (text: string): Promise<string> => {
    const socket = connect({ host: '127.0.0.1', port: listener.port, servername: 'management.azure.com', ca });
    await once(socket, 'secureConnect');
    let answer = '';
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.write(text);
    await once(socket, 'close');
    return answer;
  };

  test('is closed when it does not begin TLS', async () => {
    const socket = connectPlain(listener.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    await once(socket, 'close');
  });

  test('is closed in the middle of a head and in the middle of a body', async () => {
    const head =
      'POST / HTTP/1.1\r\nHost: management.azure.com\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n';
    const answers = await Promise.all([say('POST / HTTP/1.1\r\nHost: manag'), say(`${head}{`)]);
    for (const answer of answers) assert.match(answer, /^HTTP\/1\.1 408 /);
  });
});
