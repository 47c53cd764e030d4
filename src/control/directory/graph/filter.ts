// The few `$filter` forms that the command line sends to Graph. Anything else is refused, never half understood.
import { ControlError } from '../../../http/control-row.ts';

interface Filter {
  readonly member: string;
  readonly value: string;
}

const EQUALS = /^(?<member>\w{1,64})\s+eq\s+'(?<value>(?:[^']|''){0,256})'$/;
const ANY_EQUALS =
  /^(?<member>\w{1,64})\/any\((?<each>\w{1,8})\s*:\s*\k<each>\s+eq\s+'(?<value>(?:[^']|''){0,256})'\)$/;

/** `member eq 'value'` and `member/any(c:c eq 'value')`, the member being one of `allowed`. @throws ControlError 400 */
export function parseFilter(text: string, allowed: readonly string[]): Filter {
  const { member = '', value = '' } = (EQUALS.exec(text) ?? ANY_EQUALS.exec(text))?.groups ?? {};
  if (allowed.includes(member)) return { member, value: value.replaceAll("''", "'") };
  throw new ControlError(400, 'Request_UnsupportedQuery', 'This filter clause is not supported.');
}
