// The rows of approvals and of the mode that asks for them: this product's own. Who may give roles sees and decides them; a requester sees and withdraws the
// own ones. The decision itself asks for the right that the request needs, again.

import { readOptionalText } from '../../http/body.ts';
import type { Detail } from '../../http/entry-detail.ts';
import { type Answer, type AnyRow, type JsonObject, type RowRequest, row } from '../../http/route.ts';
import type { Change } from '../../store/sealed/records.ts';
import { isoSecond, readReason } from '../roles/terms.ts';
import { type Approval, stateAt } from './approvals.ts';
import { planDecision, planWithdrawal, requireApproval } from './decide.ts';
import { bindingOf, describeRequest, requestDetail } from './request.ts';
import type { ApprovalService } from './second-approver.ts';
import { type SeparationService, separationRows } from './separation-rows.ts';

const ACTION = 'Microsoft.KeyVault/managedHsm/roleAssignments';

export function approvalRows(service: ApprovalService & SeparationService): readonly AnyRow[] {
  const { approvals, now } = service;
  const reading = { scope: 'root', method: 'GET' } as const;
  const writing = { scope: 'root', method: 'POST' } as const;
  const ofRequester = (
    params: Readonly<Record<string, string | undefined>>,
    { oid }: { readonly oid: string },
  ): string | undefined => (approvals.get(idIn(params))?.requester.oid === oid ? 'requester of it' : undefined);
  const ofId = ({ params }: Pick<RowRequest<unknown>, 'params'>): Detail =>
    approvalDetail(idIn(params), approvals.get(idIn(params)));
  const answer = (id: string): object => wireApproval(id, requireApproval(id, service), now());

  async function change(
    { params, commit }: Pick<RowRequest<unknown>, 'params' | 'commit'>,
    plan: (id: string) => readonly Change[],
    noteOf: (approval: Approval) => string,
  ): Promise<Answer> {
    const id = idIn(params);
    const head = await commit(() => plan(id));
    const approval = requireApproval(id, service);
    return { status: 200, body: answer(id), head, note: noteOf(approval), detail: approvalDetail(id, approval) };
  }

  const decision = (verb: 'approve' | 'reject', operationName: AnyRow['operationName']): AnyRow =>
    row<string>({
      ...writing,
      path: `/approvals/:approval/${verb}`,
      operationName,
      dataAction: `${ACTION}/write/action`,
      readBody: readReasonIn,
      asked: ofId,
      handle: (request) => {
        const verdict = verb === 'approve' ? 'approved' : 'rejected';
        const by = { decider: request.principal, service };
        return change(
          request,
          (id) => planDecision(id, verdict, request.body, by),
          (approval) =>
            `${describeRequest(approval.request)} Asked for by ${approval.requester.oid}. Reason: ${request.body}`,
        );
      },
    });

  return [
    ...separationRows(service),
    row({
      ...reading,
      path: '/approvals',
      operationName: 'ApprovalList',
      dataAction: `${ACTION}/read/action`,
      handle: () => ({
        status: 200,
        body: { value: approvals.list().map(([id, each]) => wireApproval(id, each, now())) },
      }),
    }),
    row({
      ...reading,
      path: '/approvals/:approval',
      operationName: 'ApprovalGet',
      dataAction: `${ACTION}/read/action`,
      alsoAllows: ofRequester,
      handle: ({ params }) => ({ status: 200, body: answer(idIn(params)) }),
    }),
    decision('approve', 'ApprovalApprove'),
    decision('reject', 'ApprovalReject'),
    row({
      ...writing,
      path: '/approvals/:approval/withdraw',
      operationName: 'ApprovalWithdraw',
      dataAction: `${ACTION}/write/action`,
      asked: ofId,
      alsoAllows: ofRequester,
      handle: (request) =>
        change(
          request,
          (id) => planWithdrawal(id, request.principal.oid, service),
          ({ request: asked }) => describeRequest(asked),
        ),
    }),
  ];
}

function idIn(params: Readonly<Record<string, string | undefined>>): string {
  return (params['approval'] ?? '').toLowerCase();
}

/** What the log says of an approval: who asked for what. @param approval absent: there is none of that id */
function approvalDetail(id: string, approval: Approval | undefined): Detail {
  if (approval === undefined) return { approval: id };
  const { request, requester } = approval;
  return {
    approval: id,
    requestedBy: requester.oid,
    requestedOperation: request.operation,
    ...requestDetail(request),
  };
}

function readReasonIn(body: JsonObject): string {
  return readReason(readOptionalText(body, 'reason') ?? '');
}

function wireApproval(id: string, approval: Approval, now: number): object {
  const { request, requester, requestedAt, expiresAt, reason, decision } = approval;
  return {
    id,
    state: stateAt(approval, now),
    description: describeRequest(request),
    request,
    /** What the approval is bound to, as one value. */
    binding: bindingOf(request),
    requester,
    requestedOn: isoSecond(requestedAt),
    expiresOn: isoSecond(expiresAt),
    ...(reason === undefined ? {} : { reason }),
    ...(decision === undefined
      ? {}
      : { decision: { by: decision.by, on: isoSecond(decision.at), reason: decision.reason, grant: decision.grant } }),
  };
}
