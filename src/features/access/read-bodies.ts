// What the rows of access are asked.
import { isGuid } from '../../formats/guid.ts';
import { type ProposedRules, readProposedRules } from '../../formats/network-rules.ts';
import { ShapeError } from '../../formats/shape.ts';
import {
  member,
  readOptionalBoolean,
  readOptionalInteger,
  readOptionalText,
  readOptionalTextList,
  readText,
} from '../../http/body.ts';
import type { JsonObject } from '../../http/route.ts';
import { badParameter } from '../../http/service-error.ts';
import { findDataAction } from '../roles/data-actions.ts';
import type { Who } from './advice.ts';

const MOST_GROUPS = 2_000;

/** @param actionOf the data action that an operation needs, by the name that the log has for it */
export function readCheckBody(body: JsonObject, actionOf: (operation: string) => string | undefined) {
  const principalId = readText(body, 'principalId');
  if (!isGuid(principalId)) throw badParameter("Property 'principalId' must be an object id (a GUID)");
  const wanted = readText(body, 'dataAction');
  const action =
    findDataAction(wanted) ??
    findDataAction(`Microsoft.KeyVault/managedHsm/${wanted}`) ??
    findDataAction(actionOf(wanted) ?? '');
  if (action === undefined) {
    throw badParameter(`Property 'dataAction': there is no data action and no operation '${wanted.slice(0, 100)}'`);
  }
  const groups = readOptionalTextList(body, 'groups') ?? [];
  if (groups.length > MOST_GROUPS || !groups.every(isGuid)) {
    throw badParameter(`Property 'groups' must be at most ${MOST_GROUPS} object ids (GUIDs)`);
  }
  const type = readOptionalText(body, 'type');
  if (type !== undefined && type !== 'app' && type !== 'user') {
    throw badParameter("Property 'type' must be 'app' or 'user'");
  }
  const who: Who = {
    objectId: principalId.toLowerCase(),
    groups: groups.map((group) => group.toLowerCase()),
    groupCount: groups.length,
    groupsLeftOut: readOptionalBoolean(body, 'groupsLeftOut') ?? false,
    type,
  };
  return { who, action };
}

export function readPlanBody(body: JsonObject): { readonly days: number; readonly rules: ProposedRules } {
  const days = readOptionalInteger(body, 'days');
  if (days === undefined || days < 1 || days > 3_650) {
    throw badParameter("Property 'days' must be an integer from 1 to 3650");
  }
  try {
    return { days, rules: readProposedRules(member(body, 'rules'), 'rules') };
  } catch (error) {
    if (error instanceof ShapeError) throw badParameter(error.message, { cause: error });
    throw error;
  }
}
