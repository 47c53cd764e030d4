// The few `$filter` forms that the command line sends to Graph. Anything else is refused, never half understood.
import { ControlError } from '../../../http/control-row.ts';

export interface Filter {
  readonly member: string;
  readonly value: string;
}

const EQUALS = /^(\w{1,64})\s+eq\s+'((?:[^']|''){0,256})'$/;
const ANY_EQUALS = /^(\w{1,64})\/any\((\w{1,8})\s*:\s*(\w{1,8})\s+eq\s+'((?:[^']|''){0,256})'\)$/;

/** `member eq 'value'` and `member/any(c:c eq 'value')`, the member being one of `allowed`. @throws ControlError 400 */
export function parseFilter(text: string, allowed: readonly string[]): Filter {
  const simple = EQUALS.exec(text);
  if (simple !== null) return check(simple[1], simple[2], allowed);
  const any = ANY_EQUALS.exec(text);
  if (any !== null && any[2] === any[3]) return check(any[1], any[4], allowed);
  throw unsupported();
}

function check(member: string | undefined, value: string | undefined, allowed: readonly string[]): Filter {
  if (member === undefined || value === undefined || !allowed.includes(member)) throw unsupported();
  return { member, value: value.replaceAll("''", "'") };
}

function unsupported(): ControlError {
  return new ControlError(400, 'Request_UnsupportedQuery', 'This filter clause is not supported.');
}
