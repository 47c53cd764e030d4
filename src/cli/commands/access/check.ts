// `strongroom access check`: whether a principal may do something, before it tries.

import type { AccessReport } from '../../../features/access/report.ts';
import { printableJson } from '../../../formats/printable.ts';
import { command, jsonOption, UsageError } from '../../command.ts';
import { instanceOptions, openInstanceClient } from '../../instance-client.ts';
import { dataRootOf } from '../../running.ts';
import { accessText } from './access-text.ts';
import { checkDataAction } from './data-action.ts';
import { checkObjectId } from './object-id.ts';
import { principalNames } from './principal-names.ts';

export const check = command({
  name: 'access check',
  summary: 'say whether a principal may do something, by which grant, or which role would do',
  operands: '',
  details: `
Judged by the roles as they are now, without a call of that principal. Of groups only those named with --groups count, as
only those in its token would. Network rules, the key's own rules and activation are not looked at. Whoever asks must
hold roleAssignments/read at the scope, and is shown the grants that it could list. The exit code is 0 when it is allowed,
1 when it is not.`,
  options: {
    'who OID': 'object id of the principal',
    'groups OID...': 'a group in its token; may be repeated',
    'type app|user': 'what it is: applications may have less',
    'action ACTION': 'data action, or an operation as audit show names it',
    'scope SCOPE (/)': '/, /keys or /keys/NAME',
    ...instanceOptions,
    ...jsonOption,
  },
  examples: [
    'strongroom access check --who 5c1cf3a2-9be3-4f5c-a1a0-4d5d7e1f8f2b --action KeyUnwrap --scope /keys/tde-root-key',
    'strongroom access check --who 5c1cf3a2-9be3-4f5c-a1a0-4d5d7e1f8f2b --action keys/unwrap/action --scope /keys/tde-root-key',
  ],
  async run(values, operands, terminal) {
    const { who, groups, type, action, scope } = values;
    if (operands.length > 0) throw new UsageError('it takes options only');
    if (who === undefined || action === undefined) throw new UsageError('--who and --action are needed');
    if (!isScope(scope)) {
      const meant = isScope(`/${scope}`) ? `, not '${scope}': did you mean /${scope}?` : '';
      throw new UsageError(`--scope is /, /keys or /keys/NAME${meant}`);
    }
    const root = values.url === undefined ? dataRootOf(values.data) : undefined;
    await checkObjectId('--who', who, root);
    for (const group of groups) await checkObjectId('--groups', group, root);
    checkDataAction(action);
    const client = openInstanceClient(values);
    const body = { principalId: who, groups, dataAction: action, ...(type === undefined ? {} : { type }) };
    const below = scope === '/' ? '' : scope;
    const report = (await client.ask('POST', `/access/check${below}?api-version=7.6`, body)) as AccessReport;
    if (values.json) terminal.out(printableJson(report));
    else terminal.out(accessText(report, await principalNames(root)));
    return report.explanation?.decision === 'allow' ? 0 : 1;
  },
});

function isScope(text: string): boolean {
  return /^\/(keys(\/[0-9a-zA-Z-]{1,127})?)?$/.test(text);
}
