// The answer of an instance whose module is locked, whatever was asked: no token is checked, no body is read, no key is
// known. It is not on record, since nothing was decided; that the instance was unlocked is.

import { ownCommand } from '../../formats/own-command.ts';
import { refused, type ServiceHeaders, writeAnswer } from '../../http/answer.ts';
import type { Call } from '../../http/call.ts';
import { ServiceError } from '../../http/service-error.ts';

export function answerLocked(name: string, headers: ServiceHeaders): (call: Call) => void {
  const refusal = new ServiceError(
    'ServiceUnavailable',
    `The HSM is locked: its root keys stay sealed until they are opened with '${ownCommand(`unlock ${name}`)}'. Nothing was ` +
      'checked or done',
    { innerCode: 'Locked' },
  );
  return (call) => {
    call.request.resume();
    // The next request finds whoever listens after the unlocking.
    call.response.shouldKeepAlive = false;
    writeAnswer(
      call,
      refused(call, refusal, () => []),
      headers,
    );
  };
}
