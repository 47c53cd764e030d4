// Reads the bodies of backup and restore requests. Where a target may lie is for the storage to say; here it only has to
// have a form.
import {
  member,
  readOptionalBoolean,
  readOptionalObject,
  readOptionalText,
  readText,
  wrongType,
} from '../../http/body.ts';
import { isAbsent } from '../../http/lenient-body.ts';
import type { JsonObject } from '../../http/route.ts';
import { badParameter } from '../../http/service-error.ts';
import type { BackupTarget, StorageCredential } from './storage/port.ts';

export interface RestoreRequest {
  readonly target: BackupTarget;
  /** Below the target; may have several segments. */
  readonly folder: string;
}

const LONGEST = 8192;
const SEGMENT = /^[A-Za-z0-9._-]{1,200}$/;

/** `{storageResourceUri, token?, useManagedIdentity?}` @throws ServiceError BadParameter */
export function readTarget(body: JsonObject): BackupTarget {
  const storageResourceUri = readText(body, 'storageResourceUri');
  if (storageResourceUri === '' || storageResourceUri.length > LONGEST) {
    throw badParameter(`Property 'storageResourceUri' must have 1 to ${LONGEST} characters`);
  }
  return { storageResourceUri, credential: readCredential(body) };
}

/** @param folderMember as the operation calls it */
export function readRestore(folderMember: 'folderToRestore' | 'folder'): (body: JsonObject) => RestoreRequest {
  return (body) => {
    const parameters = readOptionalObject(body, 'sasTokenParameters');
    if (parameters === undefined) {
      throw badParameter("Property 'sasTokenParameters' is required: it says where the backup lies");
    }
    const folder = readText(body, folderMember);
    const segments = folder.split('/');
    if (folder.length > 1000 || !segments.every((segment) => SEGMENT.test(segment) && !/^\.{1,2}$/.test(segment))) {
      throw wrongType(folderMember, "the name of a backup's folder, as the backup answered it: mhsm-…");
    }
    return { target: readTarget(parameters), folder };
  };
}

function readCredential(body: JsonObject): StorageCredential {
  const token = readOptionalText(body, 'token');
  const managed = readOptionalBoolean(body, 'useManagedIdentity') === true;
  if (managed && !isAbsent(member(body, 'token'))) {
    throw badParameter("Of 'token' and 'useManagedIdentity' only one can be given");
  }
  if (token !== undefined && token.length > LONGEST) {
    throw badParameter(`Property 'token' must have ${LONGEST} characters at most`);
  }
  if (managed) return { kind: 'managedIdentity' };
  return token === undefined || token === '' ? { kind: 'none' } : { kind: 'sas', token };
}
