// An explanation of access for a person at a terminal.

import type { Who } from '../../../features/access/advice.ts';
import type { EndedGrants } from '../../../features/access/ended-grants.ts';
import type { AccessReport } from '../../../features/access/report.ts';
import { printableLine } from '../../../formats/printable.ts';
import type { NameOf } from '../../directory.ts';
import { labelled } from '../../show.ts';

const VERDICTS: Readonly<Record<string, string>> = {
  allows: 'allows it',
  expired: 'has ended',
  withheldFromApplications: 'is kept from applications (duties are separated)',
  coversOtherScope: 'is for another scope',
  lacksTheAction: 'lacks the action',
  definitionDeleted: 'grants nothing: its role was deleted',
};

export function accessText(report: AccessReport, nameOf: NameOf): string {
  const { trace, time, cause, answer, who, what, where, explanation, ended, advice, commands } = report;
  const from = where.address === undefined ? '' : ` from ${where.address === '' ? 'no address' : where.address}`;
  const { considered = [], notShown = 0, decision } = explanation ?? {};
  const head = labelled(
    [
      ['trace', trace && `${trace}  ${time ?? ''}`],
      ['outcome', answer && `${answer.status} ${answer.code}: ${answer.message}`],
      ['cause', cause],
      ['who', whoText(who, nameOf)],
      ['groups', groupsText(who, nameOf)],
      ['what', [what.operation, what.dataAction].filter((part) => part !== undefined).join('  ') || undefined],
      [
        'where',
        `${where.scope ?? ''}${from}${where.networkPath === undefined ? '' : ` (${where.networkPath})`}`.trim() ||
          undefined,
      ],
      ['decision', decision && `${decision === 'allow' ? 'allowed' : 'denied'}, as the roles are now`],
      ['grants', explanation && `${considered.length === 0 ? 'none' : considered.length} considered`],
    ],
    10,
  );
  const lines = [
    ...considered.map(
      ({ assignment, role, scope, through, verdict, expiresAt }) =>
        `    ${role} at ${scope} ${VERDICTS[verdict] ?? verdict}` +
        `${expiresAt === undefined ? '' : ` (until ${new Date(expiresAt * 1000).toISOString()})`}` +
        `; through ${nameOf(through)}; assignment ${assignment}`,
    ),
    ...(notShown === 0 ? [] : [`    ${notShown} more are not shown`]),
    ...endedText(ended, nameOf),
    '',
    ...advice.map((line) => named(line, nameOf)),
    ...commands.flatMap((line) => ['', `  ${line}`]),
  ];
  // Names of roles and people are theirs to choose: no line of them may stand where a command to paste does.
  return `${head}${lines.map(printableLine).join('\n')}\n`;
}

function endedText(ended: EndedGrants | undefined, nameOf: NameOf): readonly string[] {
  if (ended === undefined) return [];
  const { grants, searched, gaveUp } = ended;
  const where = `among ${searched} entries of the log around it${gaveUp ? '; older ones were not looked at' : ''}`;
  return [
    `ended     ${grants.length === 0 ? 'none' : grants.length} ${where}`,
    ...grants.map(
      ({ role, scope, how, at, by, through, assignment, wouldAllow }) =>
        `    ${role} at ${scope} ${how === 'expired' ? 'came to its end' : 'was taken away'} ${at}` +
        `${by === undefined ? ', as was said when it was given' : ` by ${by.userName ?? nameOf(by.objectId)}`}` +
        `; through ${nameOf(through)}; assignment ${assignment}${wouldAllow === true ? '; it would have allowed this' : ''}`,
    ),
  ];
}

function whoText({ objectId, userName, applicationId, type }: Who, nameOf: NameOf): string {
  if (objectId === undefined) return 'not known';
  const more = [userName, applicationId === undefined ? undefined : `application ${applicationId}`, type];
  return [nameOf(objectId), ...more.filter((part) => part !== undefined)].join(', ');
}

function groupsText({ groups = [], groupCount = 0, groupsLeftOut }: Who, nameOf: NameOf): string | undefined {
  if (groupsLeftOut === true) return 'left out of the token by its issuer';
  if (groups.length === 0) return undefined;
  const more = groupCount > groups.length ? `, and ${groupCount - groups.length} more` : '';
  return groups.map(nameOf).join(', ') + more;
}

const GUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g;

function named(line: string, nameOf: NameOf): string {
  return line.replaceAll(GUID, nameOf);
}
