// Rows of network rules on trial. The public service has nothing like them; its own way (`az keyvault update-hsm`) stays
// immediate and final.
import { randomUUID } from 'node:crypto';
import { readProposedRules } from '../../../formats/network-rules.ts';
import type { ControlAnswer, ControlRequest, ControlRow } from '../../../http/control-row.ts';
import { integer, members } from '../../../http/management-shape.ts';
import { HSM, type MakeRow } from '../arm-row.ts';
import { requireHsm } from '../hsm/find-hsm.ts';
import type { HsmLifecycle } from '../hsm/hsm-lifecycle.ts';
import type { Decide } from '../hsm/hsm-rules.ts';
import { accepted, asyncOperation } from '../hsm/operations.ts';
import type { ManagedHsm } from '../resources.ts';
import type { ResourceStore } from '../resources-file.ts';
import { beginTrial, confirmTrial, requireTrial, revertTrial } from './trial.ts';

export interface TrialOptions {
  readonly book: ResourceStore;
  readonly row: MakeRow;
  readonly lifecycle: HsmLifecycle;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const ACTION = 'Microsoft.KeyVault/managedHSMs';
/** Seconds to confirm in. */
const LEAST = 10;
const MOST = 86_400;
const readBody = members({ rules: readProposedRules, confirmWithinSeconds: integer(LEAST, MOST) });

export function trialRows({ book, row, lifecycle, now }: TrialOptions): readonly ControlRow[] {
  const path = `${HSM}/networkTrial`;
  const show = (hsm: ManagedHsm) => {
    const { id, until, by, before } = requireTrial(hsm);
    const { publicNetworkAccess, networkAcls } = hsm;
    return { id, until, by, state: hsm.state, rules: { publicNetworkAccess, networkAcls }, before };
  };
  const begin = async (request: ControlRequest, decide: (...of: DecideOn) => ReturnType<Decide>) => {
    const operation = await lifecycle.begin(request, 'update', (resources) =>
      decide(resources, requireHsm(resources, request)),
    );
    return { operation, headers: asyncOperation(book.current, request, operation) };
  };
  type DecideOn = readonly [resources: Parameters<Decide>[0], hsm: ManagedHsm];

  return [
    row('GET', path, `${ACTION}/read`, (request) => ({ status: 200, json: show(requireHsm(book.current, request)) })),
    row('PUT', path, `${ACTION}/write`, async (request, caller): Promise<ControlAnswer> => {
      const { rules, confirmWithinSeconds } = readBody(request.body, 'body');
      const until = new Date(now() + confirmWithinSeconds * 1000).toISOString();
      const proposal = { id: randomUUID(), until, rules };
      const { headers } = await begin(request, (resources, hsm) => beginTrial(resources, hsm, proposal, caller));
      return { status: 201, headers, json: show(requireHsm(book.current, request)) };
    }),
    row('POST', `${path}/confirm`, `${ACTION}/write`, async (request, caller) => {
      const { operation } = await begin(request, (resources, hsm) => confirmTrial(resources, hsm, caller, now()));
      return accepted(book.current, request, operation);
    }),
    row('DELETE', path, `${ACTION}/write`, async (request, caller) => {
      const { operation } = await begin(request, (resources, hsm) => revertTrial(resources, hsm, caller));
      return accepted(book.current, request, operation);
    }),
  ];
}
