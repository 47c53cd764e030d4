// Proposed network rules as a command is given them: a file, or ranges one by one.
import { type ProposedRules, readProposedRules } from '../../../formats/network-rules.ts';
import { CommandError, type OptionValues, UsageError } from '../../command.ts';
import { explained } from '../../explained.ts';
import { readJsonInput } from '../../read-input.ts';

export const ruleOptions = {
  'rules FILE': 'JSON: {"defaultAction":"Deny","ipRules":["10.0.0.0/8"]}, as networkAcls of az keyvault show has it',
  'allow CIDR...': 'instead of --rules: a range that is let in, and no other; may be repeated',
  'default deny|allow': 'what becomes of others; with --allow: deny unless said otherwise',
  'public-access enabled|disabled': 'disabled: only private endpoints are let in',
} as const;

/** Connections of private endpoints are none of it. @throws UsageError, CommandError */
export function rulesOf(values: OptionValues<typeof ruleOptions>): ProposedRules {
  const fallback = oneOf(values.default, '--default', { deny: 'Deny', allow: 'Allow' });
  const access = oneOf(values['public-access'], '--public-access', { enabled: 'Enabled', disabled: 'Disabled' });
  const more = access === undefined ? {} : { publicNetworkAccess: access };
  if (values.rules !== undefined) {
    if (values.allow.length > 0 || fallback !== undefined)
      throw new UsageError('--rules excludes --allow and --default');
    return read({ ...object(readJsonInput(values.rules), values.rules), ...more }, values.rules);
  }
  if (values.allow.length === 0 && fallback === undefined && access === undefined) {
    throw new UsageError('propose rules: --rules FILE, or --allow CIDR … and --default deny');
  }
  const ranges = values.allow.length === 0 ? {} : { defaultAction: 'Deny', ipRules: values.allow };
  return read({ ...ranges, ...(fallback === undefined ? {} : { defaultAction: fallback }), ...more }, '--allow');
}

function read(value: unknown, from: string): ProposedRules {
  return explained(() => readProposedRules(value, 'rules'), { ShapeError: `${from}: ` });
}

function object(value: unknown, file: string): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new CommandError(`${file} must hold one JSON object`);
}

function oneOf<T extends string>(
  text: string | undefined,
  option: string,
  allowed: Readonly<Record<string, T>>,
): T | undefined {
  if (text === undefined) return undefined;
  const found = Object.hasOwn(allowed, text) ? allowed[text] : undefined;
  if (found === undefined) throw new UsageError(`${option} is ${Object.keys(allowed).join(' or ')}`);
  return found;
}
