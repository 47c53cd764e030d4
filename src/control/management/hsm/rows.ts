// Rows of Microsoft.KeyVault/managedHSMs. What the instance has to do or to hear of is answered 202 at once and polled at
// `Location`, which ends with the resource if there still is one; other changes are answered 200 with it.
import { text } from '../../../formats/shape.ts';
import type { ControlAnswer, ControlCaller, ControlRequest, ControlRow } from '../../../http/control-row.ts';
import { readable } from '../access/authorize.ts';
import { GROUP, type Handle, HSM, KEY_VAULT, type MakeRow, type Management, SUBSCRIPTION } from '../arm-row.ts';
import { findHsm, hsmPathOf, isIn, requireGroup, requireHsm, withHsm } from '../find.ts';
import { answerPage } from '../listing/page.ts';
import type { ManagedHsm, Resources } from '../resources.ts';
import { beginDeletion, beginRecovery, checkIdle, concernsInstance, conflict, isRecovery } from './decisions.ts';
import { answerHsm, describeHsm, HSM_TYPE, hsmEtag, placeOf } from './describe-hsm.ts';
import { checkMatch } from './etag.ts';
import { asMeant, changedHsm, findNameProblem, newHsm } from './hsm-rules.ts';
import { answerBegun } from './operations.ts';
import { type HsmBody, readHsmBody } from './read-hsm-body.ts';

export function managedHsmRows(management: Management, row: MakeRow): readonly ControlRow[] {
  const { book, host, newHsms, now } = management;
  const answer = (hsm: ManagedHsm, request: ControlRequest) => answerHsm(book.current, hsm, request, host);
  const listing = (request: ControlRequest, caller: ControlCaller, hsms: readonly ManagedHsm[]): ControlAnswer =>
    answerPage(
      request,
      readable(book.current, caller, `${HSM_TYPE}/read`, hsms, placeOf),
      ({ name }) => name,
      (hsm) => describeHsm(book.current, hsm, request.names, host.status(hsm.name)),
    );
  const time = (): string => new Date(now()).toISOString();

  const put: Handle = (request, caller) => {
    const place = hsmPathOf(request);
    const body = asMeant(readHsmBody(request.body), newHsms);
    const existing = findHsm(book.current, place);
    if (existing !== undefined && existing.state !== 'Failed' && existing.state !== 'Provisioning') {
      return change(request, caller, body);
    }
    if (isRecovery(book.current, place.name, body)) {
      const at = time();
      return answerBegun(management, request, 'recover', (resources) =>
        beginRecovery(resources, place, body, caller, at),
      );
    }
    return answerBegun(management, request, 'create', (resources) => {
      const before = findHsm(resources, place);
      checkMatch(request, before && hsmEtag(before));
      if (before === undefined) {
        return withHsm(resources, newHsm(resources, { ...place, ...newHsms }, body, caller, time()));
      }
      // Two creations at the same time: the second one joins the first one's work, if it means the same.
      if (before.state === 'Provisioning') {
        changedHsm(resources, before, body, caller, time());
        return { hsm: before };
      }
      checkIdle(before);
      const { problem: _, ...again } = changedHsm(resources, before, body, caller, time());
      return withHsm(resources, { ...again, state: 'Provisioning' });
    });
  };

  const change = async (request: ControlRequest, caller: ControlCaller, body: HsmBody): Promise<ControlAnswer> => {
    const decide = (resources: Resources) => {
      const before = requireHsm(resources, request);
      checkMatch(request, hsmEtag(before));
      checkIdle(before);
      const after = changedHsm(resources, before, body, caller, time());
      return { after, isForInstance: concernsInstance(before, after) };
    };
    if (decide(book.current).isForInstance) {
      return answerBegun(management, request, 'update', (resources) =>
        withHsm(resources, { ...decide(resources).after, state: 'Updating' }),
      );
    }
    const hsm = await book.update(request, (resources) => {
      const { after, isForInstance } = decide(resources);
      if (isForInstance) throw conflict('The HSM was changed meanwhile; read it and try again.');
      return { resources: withHsm(resources, after).resources, result: after };
    });
    return answer(hsm, request);
  };

  const remove: Handle = (request) => {
    const place = hsmPathOf(request);
    requireGroup(book.current, place.resourceGroup);
    if (findHsm(book.current, place) === undefined) return { status: 204 };
    return answerBegun(management, request, 'delete', (resources) => {
      const hsm = requireHsm(resources, request);
      checkMatch(request, hsmEtag(hsm));
      return beginDeletion(resources, hsm);
    });
  };

  const anywhere = { action: `${HSM_TYPE}/read`, at: 'anywhere' } as const;
  return [
    row('PUT', HSM, `${HSM_TYPE}/write`, put),
    row('PATCH', HSM, `${HSM_TYPE}/write`, (request, caller) =>
      change(request, caller, readHsmBody(request.body, true)),
    ),
    row('GET', HSM, `${HSM_TYPE}/read`, (request) => answer(requireHsm(book.current, request), request)),
    row('DELETE', HSM, `${HSM_TYPE}/delete`, remove),
    row('GET', `${GROUP}/${KEY_VAULT}/managedHSMs`, `${HSM_TYPE}/read`, (request, caller) => {
      const { name } = requireGroup(book.current, request.params.group);
      const inGroup = book.current.managedHsms.filter((hsm) => isIn(name, hsm));
      return listing(request, caller, inGroup);
    }),
    row('GET', `${SUBSCRIPTION}/${KEY_VAULT}/managedHSMs`, anywhere, (request, caller) =>
      listing(request, caller, book.current.managedHsms),
    ),
    row('POST', `${SUBSCRIPTION}/${KEY_VAULT}/checkMhsmNameAvailability`, anywhere, ({ body }) => {
      const name = text((body as { readonly name?: unknown }).name, 'body.name');
      const problem = findNameProblem(book.current, name);
      return { json: { nameAvailable: problem === undefined, ...problem } };
    }),
    row('GET', `${HSM}/regions`, `${HSM_TYPE}/read`, (request) => {
      const { location } = requireHsm(book.current, request);
      return { json: { value: [{ name: location, provisioningState: 'Succeeded', isPrimary: true }] } };
    }),
  ];
}
