// What an instance refused, in the terms of the resource manager.
import { ControlError } from '../../../http/control-row.ts';
import type { InstanceAnswer } from './ask-instance.ts';

const LONGEST = 2_000;
const TRACED = /^(.*) \(Activity ID: ([0-9a-f-]{36})\)$/s;

export function refuseByInstance(hsm: string, { status, json }: InstanceAnswer): ControlError {
  if (status === 421) {
    return new ControlError(
      403,
      'Forbidden',
      `The managed HSM '${hsm}' takes no keys from the resource manager. One of its administrators can allow it: az keyvault setting update --hsm-name ${hsm} --name AllowKeyManagementOperationsThroughARM --value true`,
    );
  }
  const { code, message } = errorIn(json);
  // The instance is not heard of as being broken: whoever asks tries again.
  if (status >= 500 || status < 400) {
    return new ControlError(503, 'ServiceUnavailable', `The managed HSM '${hsm}' could not answer; try again.`);
  }
  // The instance's own id is the one that its log has.
  const [, plain = message, activityId] = TRACED.exec(message) ?? [];
  return new ControlError(status, code, plain, { activityId });
}

function errorIn(json: unknown): { readonly code: string; readonly message: string } {
  const error = isObject(json) && isObject(json.error) ? json.error : {};
  const { code, message } = error;
  return {
    code: typeof code === 'string' ? code.slice(0, 100) : 'BadRequest',
    message: typeof message === 'string' ? message.slice(0, LONGEST) : 'The managed HSM refused the request.',
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
