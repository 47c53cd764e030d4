// Rows of network rules on trial. The public service has nothing like them; its own way (`az keyvault update-hsm`) stays
// immediate and final.
import { randomUUID } from 'node:crypto';
import { readProposedRules } from '../../../formats/network-rules.ts';
import type { ControlRow } from '../../../http/control-row.ts';
import { integer, members } from '../../../http/management-shape.ts';
import { HSM, type MakeRow, type Management } from '../arm-row.ts';
import { requireHsm } from '../find.ts';
import { HSM_TYPE } from '../hsm/describe-hsm.ts';
import { answerBegun, asyncOperation } from '../hsm/operations.ts';
import type { ManagedHsm } from '../resources.ts';
import { beginTrial, confirmTrial, requireTrial, revertTrial } from './trial.ts';

/** Seconds to confirm in. */
const LEAST = 10;
const MOST = 86_400;
const readBody = members({ rules: readProposedRules, confirmWithinSeconds: integer(LEAST, MOST) });

export function trialRows(management: Management, row: MakeRow): readonly ControlRow[] {
  const { book, lifecycle, now } = management;
  const path = `${HSM}/networkTrial`;
  const show = (hsm: ManagedHsm) => {
    const { id, until, by, before } = requireTrial(hsm);
    const { publicNetworkAccess, networkAcls } = hsm;
    return { id, until, by, state: hsm.state, rules: { publicNetworkAccess, networkAcls }, before };
  };
  return [
    row('GET', path, `${HSM_TYPE}/read`, (request) => ({ json: show(requireHsm(book.current, request)) })),
    row('PUT', path, `${HSM_TYPE}/write`, async (request, caller) => {
      const { rules, confirmWithinSeconds } = readBody(request.body, 'body');
      const until = new Date(now() + confirmWithinSeconds * 1000).toISOString();
      const proposal = { id: randomUUID(), until, rules };
      const operation = await lifecycle.begin(request, 'update', (resources) =>
        beginTrial(resources, requireHsm(resources, request), proposal, caller),
      );
      const headers = asyncOperation(book.current, request, operation);
      return { status: 201, headers, json: show(requireHsm(book.current, request)) };
    }),
    row('POST', `${path}/confirm`, `${HSM_TYPE}/write`, (request, caller) =>
      answerBegun(management, request, 'update', (resources) =>
        confirmTrial(resources, requireHsm(resources, request), caller, now()),
      ),
    ),
    row('DELETE', path, `${HSM_TYPE}/write`, (request, caller) =>
      answerBegun(management, request, 'update', (resources) =>
        revertTrial(resources, requireHsm(resources, request), caller),
      ),
    ),
  ];
}
