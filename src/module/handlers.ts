// What a serving partition answers.
import { badRequest, type MessageBy } from '../crypto/protocol/messages.ts';
import { attestKey } from './attest-key.ts';
import { type Dispatch, dispatcher, type Handlers } from './dispatch.ts';
import { openBackup, sealBackup } from './full-backup.ts';
import { importKey } from './import-key.ts';
import { importWrappedKey } from './import-wrapped-key.ts';
import { backupKey, restoreKey } from './key-backup.ts';
import type { KeyModule } from './key-module.ts';
import { sealRecord } from './records.ts';
import { releaseKey } from './release-key.ts';
import { secureUnwrap, secureWrap } from './secure-wrap.ts';
import { signCheckpoint, signStatement } from './sign-note.ts';

const handlers: Handlers<KeyModule, MessageBy<'serving'>> = {
  hello: (module) => module.hello(module.engine),
  reload: (module) => {
    module.reload();
    return { state: module.state };
  },
  stateInUse: (module) => ({ sealed: module.stateInUse() }),
  createKey: (module, request) => module.createKey(request),
  importKey: (module, request) => importKey(module.provisioned, module.engine, request),
  importWrappedKey: (module, request) => importWrappedKey(module.provisioned, module.engine, request),
  backupKey: (module, { versions, rest }) => ({ value: backupKey(module.provisioned, versions, rest) }),
  restoreKey: (module, { value }) => restoreKey(module.provisioned, value),
  sealBackup: (module, { backupId, part, content }) => ({
    sealed: sealBackup(module.provisioned, backupId, part, content),
  }),
  openBackup: (module, { backupId, part, sealed }) => ({
    content: openBackup(module.provisioned, backupId, part, sealed),
  }),
  rebindKey: (module, { binding, blob, newBinding }) => ({ blob: module.rebindKey(binding, blob, newBinding) }),
  openKey: (module, { binding, blob }) => ({ handle: module.openKey(binding, blob) }),
  operate: (module, request) => module.operate(request.handle, request.operation, request.algorithm, request),
  sealRecord: (module, { name, revision, value }) => sealRecord(module.provisioned, name, revision, value),
  sealHead: (module, request) => module.sealHead(request),
  openRecord: (module, { key, revision, sealed }) => module.openRecord(key, revision, sealed),
  noteHead: (module, { revision, key, sealed }) => module.noteHead(revision, key, sealed),
  signCheckpoint: (module, { size, root }) => {
    const note = signCheckpoint(module.provisioned, size, root);
    module.checkpoint.claim(module.provisioned, size, root);
    return { note };
  },
  signStatement: (module, { kind, body }) => ({ note: signStatement(module.provisioned, kind, body) }),
  attestKey: (module, { binding, blob }) =>
    attestKey(module.provisioned, module.engine, module.attestationIdentity, { binding, blob, now: module.now }),
  releaseKey: (module, request) => ({
    token: releaseKey(module.provisioned, module.engine, module.attestationIdentity, request),
  }),
  secureWrap: (module, request) => ({ wrapped: secureWrap(module.provisioned, module.engine, request) }),
  secureUnwrap: (module, request) => ({ value: secureUnwrap(module.provisioned, module.engine, request) }),
  random: ({ engine }, { count }) => {
    // The bounds are the API's; held here too, so that no one frame asks for much.
    if (count < 1 || count > 128) throw badRequest('count', 'must be from 1 to 128');
    return { bytes: engine.random(count) };
  },
  custodians: (module) => module.provisioned.settled ?? { required: 0, thumbprints: [] },
  recipientKey: (module) => ({ key: module.recipientKey() }),
  handOver: (module, { key }) => ({ sealed: module.handOver(key) }),
  takeOver: (module, { recipient, sealed }) => module.takeOver(recipient, sealed),
};

export const dispatchServing: Dispatch<KeyModule> = dispatcher(handlers);
